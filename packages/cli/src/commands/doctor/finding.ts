/** What one check found out. */
export interface Finding {
  /** Which check, as `proxmox.rights`; never translated and never renamed. */
  readonly check: string
  /** What was looked at: a ProxmoxCluster, `lab/pve1`, a class, a CRD. */
  readonly subject: string
  /** `warning` is what may be meant so, or could not be seen; only `wrong` makes the command fail. */
  readonly state: 'ok' | 'warning' | 'wrong'
  /** One sentence, in the user's language. */
  readonly message: string
  /** The next thing to do; of every finding that is not ok. */
  readonly next?: string | undefined
  /** Lines to run on a Proxmox host that put it right. */
  readonly commands?: readonly string[]
  /** The same facts for programs; never translated. */
  readonly facts?: Readonly<Record<string, unknown>>
}

/** A finding that all is well. */
export function ok(check: string, subject: string, message: string, facts?: Finding['facts']): Finding {
  return { check, subject, state: 'ok', message, ...(facts ? { facts } : {}) }
}

type Details = Pick<Finding, 'commands' | 'facts'>

/** A finding that may be meant so, with what to do if not. */
export function warning(
  check: string,
  subject: string,
  message: string,
  next: string,
  details: Details = {},
): Finding {
  return { check, subject, state: 'warning', message, next, ...details }
}

/** A finding that has to be put right, with how. */
export function wrong(
  check: string,
  subject: string,
  message: string,
  next: string,
  details: Details = {},
): Finding {
  return { check, subject, state: 'wrong', message, next, ...details }
}

/** The words of an error, whatever was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

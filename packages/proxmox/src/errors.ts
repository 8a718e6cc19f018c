/** What every error of this SDK is. It never holds a secret: messages name method and path, not headers or bodies. */
export class ProxmoxError extends Error {
  override readonly name: string = 'ProxmoxError'
  /** HTTP method of the call. */
  readonly method: string
  /** Concrete path of the call, without query. */
  readonly path: string
  constructor(message: string, call: { method: string; path: string }, options?: ErrorOptions) {
    super(message, options)
    this.method = call.method
    this.path = call.path
  }
}

/** Proxmox answered with an error status. */
export class ProxmoxApiError extends ProxmoxError {
  override readonly name = 'ProxmoxApiError'
  /** HTTP status. 500 is also "not found": Proxmox never answers 404. */
  readonly status: number
  /** The reason in Proxmox's own words. */
  readonly reason: string
  /** Parameter errors by parameter. */
  readonly errors: Readonly<Record<string, string>>
  constructor(
    call: { method: string; path: string },
    status: number,
    reason: string,
    errors: Record<string, string> = {},
  ) {
    const fields = Object.entries(errors).map(([field, text]) => `${field}: ${text.trim()}`)
    super(`${call.method} ${call.path} failed with ${status}: ${[reason.trim(), ...fields].join('; ')}`, call)
    this.status = status
    this.reason = reason.trim()
    this.errors = errors
  }
}

/** A task ended, and not well. */
export class ProxmoxTaskError extends ProxmoxError {
  override readonly name = 'ProxmoxTaskError'
  readonly upid: string
  /** The task's exit status in Proxmox's own words. */
  readonly exitStatus: string
  /** The end of the task's log. */
  readonly log: readonly string[]
  constructor(upid: string, exitStatus: string, log: readonly string[] = []) {
    super(`task ${upid} failed: ${exitStatus}`, { method: 'GET', path: `/tasks/${upid}` })
    this.upid = upid
    this.exitStatus = exitStatus
    this.log = log
  }
}

/** No endpoint could be reached, or the connection broke. */
export class ProxmoxConnectionError extends ProxmoxError {
  override readonly name = 'ProxmoxConnectionError'
  /** True if the request may have reached Proxmox: a write may have taken effect. */
  readonly mayHaveTakenEffect: boolean
  constructor(call: { method: string; path: string }, cause: unknown, mayHaveTakenEffect: boolean) {
    super(`${call.method} ${call.path}: cannot reach Proxmox: ${messageOf(cause)}`, call, { cause })
    this.mayHaveTakenEffect = mayHaveTakenEffect
  }
}

/** No answer in time. A write may have taken effect. */
export class ProxmoxTimeoutError extends ProxmoxError {
  override readonly name = 'ProxmoxTimeoutError'
  /** The limit in milliseconds. */
  readonly timeoutMs: number
  constructor(call: { method: string; path: string }, timeoutMs: number) {
    super(`${call.method} ${call.path}: no answer within ${timeoutMs} ms`, call)
    this.timeoutMs = timeoutMs
  }
}

/** The endpoint's certificate was not accepted; nothing was sent. */
export class ProxmoxTlsError extends ProxmoxError {
  override readonly name = 'ProxmoxTlsError'
  /** SHA-256 fingerprint of the certificate that was shown, if one was. */
  readonly fingerprint: string | undefined
  constructor(call: { method: string; path: string }, cause: unknown, fingerprint?: string) {
    super(
      `${call.method} ${call.path}: certificate not accepted: ${messageOf(cause)}${fingerprint ? ` (its SHA-256 fingerprint is ${fingerprint})` : ''}`,
      call,
      { cause },
    )
    this.fingerprint = fingerprint
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error)
}

/** Proxmox's words in an error, wherever they stand: reason, or a task's exit status. */
function wordsOf(error: unknown): string | undefined {
  if (error instanceof ProxmoxApiError) return error.reason
  if (error instanceof ProxmoxTaskError) return error.exitStatus
  return undefined
}

const matches = (error: unknown, pattern: RegExp): boolean => pattern.test(wordsOf(error) ?? '')

// Proxmox tells kinds of failure apart by text only. Every text that we rely on stands in this file and nowhere else; they are
// those of Proxmox VE 9.1, seen in recorded exchanges.

/** The thing asked for does not exist (a VM on another node looks the same: ask /cluster/resources where it is). */
export function isNotFound(error: unknown): boolean {
  return matches(
    error,
    /does not exist|unable to find configuration file for VM|^no such |unable to parse (directory|lvm|volume) .*no such|no such (vm|task|storage|volume|logical volume)|volume .* not found/i,
  )
}

/** Somebody else holds a lock: a lock file that timed out, or a VM's own `lock`. It passes; try again later. */
export function isLocked(error: unknown): boolean {
  return matches(
    error,
    /can't lock file .* got timeout|got lock request timeout|cfs-lock .* error|VM is locked|unable to (acquire|lock)|got timeout$|can't aquire lock|can't acquire lock/i,
  )
}

/** The VM is locked by an operation (`clone`, `backup`, `create` …); the name of the lock. */
export function lockOf(error: unknown): string | undefined {
  return /VM is locked \(([^)]+)\)/.exec(wordsOf(error) ?? '')?.[1]
}

/** The id or name is taken. */
export function isAlreadyExists(error: unknown): boolean {
  if (matches(error, /already exists|config file already exists|already defined/i)) return true
  return (
    error instanceof ProxmoxApiError &&
    Object.values(error.errors).some((text) => /already exists/i.test(text))
  )
}

/** The storage has no room. */
export function isStorageFull(error: unknown): boolean {
  return matches(error, /no space left|not enough (free )?space|out of space|insufficient free space/i)
}

/** A right is missing. */
export function isPermissionDenied(error: unknown): boolean {
  return error instanceof ProxmoxApiError && error.status === 403
}

/** Which right is missing where, if Proxmox says it. Several privileges mean that any of them suffices. */
export function missingPrivilege(error: unknown): { path: string; privileges: string[] } | undefined {
  if (!isPermissionDenied(error)) return undefined
  const match = /Permission check failed \((\/[^,)]*), ([A-Za-z.|]+)\)/.exec(wordsOf(error) ?? '')
  return match?.[1] && match[2] ? { path: match[1], privileges: match[2].split('|') } : undefined
}

/** The credentials were refused. */
export function isUnauthorized(error: unknown): boolean {
  return error instanceof ProxmoxApiError && error.status === 401
}

/** Parameters were refused; see `errors`. */
export function isParameterError(error: unknown): error is ProxmoxApiError {
  return error instanceof ProxmoxApiError && error.status === 400
}

/** A task ended badly. */
export function isTaskFailed(error: unknown): error is ProxmoxTaskError {
  return error instanceof ProxmoxTaskError
}

/** Proxmox, or the node behind it, could not be reached: 595 to 599 are its own words for that. */
export function isConnectionError(error: unknown): boolean {
  return (
    error instanceof ProxmoxConnectionError ||
    (error instanceof ProxmoxApiError && error.status >= 595 && error.status <= 599)
  )
}

/** No answer in time. */
export function isTimeout(error: unknown): error is ProxmoxTimeoutError {
  return error instanceof ProxmoxTimeoutError
}

/** The certificate was not accepted. */
export function isTlsError(error: unknown): error is ProxmoxTlsError {
  return error instanceof ProxmoxTlsError
}

/** The call may have taken effect although it failed: look before repeating it. */
export function isUnsafeToRepeat(error: unknown): boolean {
  if (error instanceof ProxmoxConnectionError) return error.mayHaveTakenEffect
  // 596 and later: the peer had the request when it fell silent.
  return (
    error instanceof ProxmoxTimeoutError ||
    (error instanceof ProxmoxApiError && error.status >= 596 && error.status <= 599)
  )
}

/** The VM is not running. */
export function isNotRunning(error: unknown): boolean {
  return matches(error, /VM \d+ not running|not running$/i)
}

/** The VM already runs. */
export function isAlreadyRunning(error: unknown): boolean {
  return matches(error, /VM \d+ already running/i)
}

/** The guest agent is not there (yet). */
export function isAgentUnavailable(error: unknown): boolean {
  return matches(
    error,
    /QEMU guest agent is not running|No QEMU guest agent configured|guest-ping.*got timeout/i,
  )
}

/** Awaits a promise; a failure that `predicate` knows becomes undefined. */
export async function orUndefined<T>(
  predicate: (error: unknown) => boolean,
  promise: Promise<T>,
): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (predicate(error)) return undefined
    throw error
  }
}

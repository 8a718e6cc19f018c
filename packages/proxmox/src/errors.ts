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

/** The password was right, and the second factor that Proxmox asks for was not given, or not the right one. */
export class ProxmoxSecondFactorError extends ProxmoxError {
  override readonly name = 'ProxmoxSecondFactorError'
  /** As Proxmox refuses whoever goes on without it. */
  readonly status = 401
  /** `user@realm` */
  readonly username: string
  /** What Proxmox takes of this user: `totp`, `recovery`, `webauthn`, …; empty when its challenge could not be read. */
  readonly kinds: readonly string[]
  /** `missing`: nobody gave one. `refused`: Proxmox did not take it; it takes each code once. */
  readonly problem: 'missing' | 'refused'
  constructor(username: string, kinds: readonly string[], problem: 'missing' | 'refused') {
    super(
      problem === 'missing'
        ? `${username} needs a second factor (credentials.secondFactor), or signs in by an API token`
        : `the second factor of ${username} was refused`,
      { method: 'POST', path: '/access/ticket' },
    )
    this.username = username
    this.kinds = kinds
    this.problem = problem
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

/** The answer breaks the protocol: not JSON, or too large. The address may be that of something else. A write may have taken effect. */
export class ProxmoxAnswerError extends ProxmoxError {
  override readonly name = 'ProxmoxAnswerError'
  /** HTTP status of the answer. */
  readonly status: number
  constructor(call: { method: string; path: string }, status: number, problem: string) {
    super(`${call.method} ${call.path}: ${problem}; is this the address of a Proxmox VE API?`, call)
    this.status = status
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
  // A host with several addresses fails with one error for each, and without words of its own.
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}

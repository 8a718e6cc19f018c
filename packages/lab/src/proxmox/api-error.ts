/** What a handler throws to answer with an error: a status, Proxmox's text (with its trailing newline, where it has one), parameter errors. */
export class ApiError extends Error {
  readonly status: number
  readonly errors: Record<string, string> | undefined
  constructor(status: number, message: string, errors?: Record<string, string>) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

/** A run-time failure, as Perl's `die` makes it: status 500. */
export function die(message: string): never {
  throw new ApiError(500, `${message}\n`)
}

/** Wrong parameters: status 400. */
export function parameterError(errors: Record<string, string>): never {
  throw new ApiError(400, 'Parameter verification failed.\n', errors)
}

/** A right is missing: status 403. */
export function forbidden(what?: string): never {
  throw new ApiError(403, `Permission check failed${what ? ` (${what})` : ''}\n`)
}

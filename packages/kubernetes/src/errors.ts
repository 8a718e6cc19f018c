/** A failed request: which one. */
export type RequestFacts = { method: string; path: string }

/** Base of every error of this package that comes from talking to a cluster. */
export class KubernetesError extends Error {
  override name = 'KubernetesError'
}

/** One cause inside a refusal, usually one per field. */
export type StatusCause = { reason?: string; message?: string; field?: string }

/** The `Status` object a server answers with when it refuses. */
export type Status = {
  kind?: string
  status?: string
  message?: string
  reason?: string
  code?: number
  details?: {
    name?: string
    group?: string
    kind?: string
    uid?: string
    causes?: StatusCause[]
    retryAfterSeconds?: number
  }
}

/** The server understood the request and answered with an error. */
export class KubernetesApiError extends KubernetesError {
  override name = 'KubernetesApiError'
  /** HTTP status. */
  readonly status: number
  /** Machine-readable reason such as `NotFound`; empty when the server gave none. */
  readonly reason: string
  readonly method: string
  readonly path: string
  readonly details: NonNullable<Status['details']>
  readonly causes: readonly StatusCause[]
  /** How long the server asks to wait before a repeat, ms. */
  readonly retryAfterMs: number | undefined

  constructor(status: number, body: Status, request: RequestFacts, retryAfterMs?: number) {
    super(body.message || `${request.method} ${request.path} answered ${status}`)
    this.status = status
    this.reason = body.reason ?? ''
    this.method = request.method
    this.path = request.path
    this.details = body.details ?? {}
    this.causes = body.details?.causes ?? []
    const inBody = body.details?.retryAfterSeconds
    this.retryAfterMs = retryAfterMs ?? (inBody === undefined ? undefined : inBody * 1000)
  }
}

/** No answer came: refused, reset, unknown host, broken TLS. Whether the call took effect is unknown. `cause` has the socket's error. */
export class KubernetesConnectionError extends KubernetesError {
  override name = 'KubernetesConnectionError'
  /** Code of the socket's error, such as `ECONNREFUSED`. */
  readonly code: string

  constructor(message: string, options: { cause?: unknown; code?: string } = {}) {
    super(message, { cause: options.cause })
    this.code = options.code ?? ''
  }
}

/** No complete answer came in time. Whether the call took effect is unknown. */
export class KubernetesTimeoutError extends KubernetesError {
  override name = 'KubernetesTimeoutError'
  readonly timeoutMs: number

  constructor(request: RequestFacts, timeoutMs: number) {
    super(`${request.method} ${request.path}: no answer within ${timeoutMs / 1000} s`)
    this.timeoutMs = timeoutMs
  }
}

/** The answer breaks the protocol: not JSON where JSON is due, or larger than allowed. */
export class KubernetesAnswerError extends KubernetesError {
  override name = 'KubernetesAnswerError'
}

/** A kubeconfig, or what it names, cannot be used. */
export class KubeconfigError extends KubernetesError {
  override name = 'KubeconfigError'
}

/** A manifest is not what it should be. */
export class ManifestError extends KubernetesError {
  override name = 'ManifestError'
}

const hasStatus = (error: unknown, status: number): error is KubernetesApiError =>
  error instanceof KubernetesApiError && error.status === status

/** The object (or the resource) does not exist. */
export const isNotFound = (error: unknown): error is KubernetesApiError => hasStatus(error, 404)
/** An object of that name exists already. */
export const isAlreadyExists = (error: unknown): error is KubernetesApiError =>
  hasStatus(error, 409) && error.reason === 'AlreadyExists'
/** The object changed meanwhile, or another field manager owns a field. Not `isAlreadyExists`. */
export const isConflict = (error: unknown): error is KubernetesApiError =>
  hasStatus(error, 409) && error.reason !== 'AlreadyExists'
/** The resource version or page token is too old: list again. */
export const isGone = (error: unknown): error is KubernetesApiError => hasStatus(error, 410)
/** The caller may not do this. */
export const isForbidden = (error: unknown): error is KubernetesApiError => hasStatus(error, 403)
/** The server does not accept the credentials. */
export const isUnauthorized = (error: unknown): error is KubernetesApiError => hasStatus(error, 401)
/** The object breaks a rule of its kind; `causes` has the fields. */
export const isInvalid = (error: unknown): error is KubernetesApiError => hasStatus(error, 422)
/** The server asks to come back later; of an eviction: a disruption budget forbids it now. */
export const isTooManyRequests = (error: unknown): error is KubernetesApiError => hasStatus(error, 429)
/** No connection, or it broke. */
export const isConnectionError = (error: unknown): error is KubernetesConnectionError =>
  error instanceof KubernetesConnectionError
/** No answer in time. */
export const isTimeout = (error: unknown): error is KubernetesTimeoutError =>
  error instanceof KubernetesTimeoutError

/** The promise's value, or `undefined` when it fails in the way the predicate names. Other failures pass. */
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

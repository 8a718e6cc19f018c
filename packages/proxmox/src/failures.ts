import {
  ProxmoxAnswerError,
  ProxmoxApiError,
  ProxmoxConnectionError,
  ProxmoxTaskError,
  ProxmoxTimeoutError,
  ProxmoxTlsError,
} from './errors.ts'

// Proxmox tells kinds of failure apart by text only. Every text that we rely on stands in this file and nowhere else; they are
// those of Proxmox VE 9.1, seen in recorded exchanges.

/** Proxmox's words in an error, wherever they stand: reason, or a task's exit status. */
function wordsOf(error: unknown): string {
  if (error instanceof ProxmoxApiError) return error.reason
  if (error instanceof ProxmoxTaskError) return error.exitStatus
  return ''
}

const matches = (error: unknown, pattern: RegExp): boolean => pattern.test(wordsOf(error))

const aboutParameter = (error: unknown, pattern: RegExp): boolean =>
  error instanceof ProxmoxApiError && Object.values(error.errors).some((text) => pattern.test(text))

/**
 * Something that the call names does not exist: a VM, but also a storage or a snapshot. A failure of a part inside another step (`unable to
 * create VM 100 - volume … does not exist`, `bridge 'vmbr9' does not exist` at a start) is not meant. Evidence that a VM is gone is only
 * `isVmNotFound`.
 */
export function isNotFound(error: unknown): boolean {
  if (isVmNotFound(error)) return true
  if (isPermissionDenied(error)) return false
  if (aboutParameter(error, /^no such (?!option)/i)) return true
  return matches(
    error,
    /^(?:(?:update|delete|ACL update)[a-z ]* failed: )?(?!bridge |device |script )(?:(?:[a-z]+ )+'[^']*' does not exist|no such (?!file or directory))/i,
  )
}

/** The node that was asked has no such VM. One that has moved to another node looks the same: ask /cluster/resources where it is. */
export function isVmNotFound(error: unknown): boolean {
  return matches(
    error,
    /^Configuration file 'nodes\/[^']+' does not exist|^unable to find configuration file for VM \d+ /,
  )
}

/**
 * Somebody else holds a lock: a lock file that timed out, a storage's or the cluster's lock, or a VM's own `lock`. It passes; try again
 * later. A guest that did not shut down in time (`VM quit/powerdown failed - got timeout`) is not meant.
 */
export function isLocked(error: unknown): boolean {
  return matches(
    error,
    /can't lock file '[^']*' - got timeout|cfs-lock '[^']*' error: got lock request timeout|(?:VM|CT) is locked \(|[Ff]ailed to obtain guest migration lock|can't a(?:c?)quire lock/,
  )
}

/** The VM is locked by an operation (`clone`, `backup`, `create` …); the name of the lock. */
export function lockOf(error: unknown): string | undefined {
  return /(?:VM|CT) is locked \(([^)]+)\)/.exec(wordsOf(error))?.[1]
}

/** The id or name is taken, by whomever and on whichever node. */
export function isAlreadyExists(error: unknown): boolean {
  return (
    matches(error, /already exists|already defined|\/\d+\.conf' failed: File exists/) ||
    aboutParameter(error, /already exists/)
  )
}

/** The storage has no room. */
export function isStorageFull(error: unknown): boolean {
  return matches(error, /no space left|not enough (free )?space|out of space|insufficient free space/i)
}

/** The configuration changed between our reading and our writing (`digest`): read again. */
export function isChangedMeanwhile(error: unknown): boolean {
  return matches(error, /file changed? by other user/)
}

/** A right is missing, in the call itself or in the task that it began. */
export function isPermissionDenied(error: unknown): boolean {
  if (error instanceof ProxmoxApiError) return error.status === 403
  return error instanceof ProxmoxTaskError && error.exitStatus.startsWith('403 Permission check failed')
}

/** Which right is missing where, if Proxmox says it. Several privileges mean that any of them suffices. */
export function missingPrivilege(error: unknown): { path: string; privileges: string[] } | undefined {
  if (!isPermissionDenied(error)) return undefined
  const match = /Permission check failed \((\/[^,)]*), ([A-Za-z.|]+)(?: for [^)]*)?\)/.exec(wordsOf(error))
  return match?.[1] && match[2] ? { path: match[1], privileges: match[2].split('|') } : undefined
}

/** The credentials were refused. */
export function isUnauthorized(error: unknown): boolean {
  return error instanceof ProxmoxApiError && error.status === 401
}

/** Parameters were refused by the call; see `errors`. Of a task's failure ask `parameterErrors`. */
export function isParameterError(error: unknown): error is ProxmoxApiError {
  return error instanceof ProxmoxApiError && error.status === 400
}

/** What is wrong with which parameter: of a refused call, or of a task whose exit status says so. Empty for other failures. */
export function parameterErrors(error: unknown): Record<string, string> {
  if (error instanceof ProxmoxApiError) {
    return Object.fromEntries(Object.entries(error.errors).map(([name, text]) => [name, text.trim()]))
  }
  // In an exit status the lines of the exception are joined by spaces: `400 Parameter verification failed. net0: hotplug problem - …`.
  const told = /^400 Parameter verification failed\.\s+(.*)$/s.exec(wordsOf(error))?.[1] ?? ''
  const fields: Record<string, string> = {}
  for (const [, name = '', text = ''] of told.matchAll(/([a-z][\w-]*): (.*?)(?=\s[a-z][\w-]*\d*: |$)/gs))
    fields[name] = text.trim()
  return fields
}

/**
 * What was to be changed of a running VM could not be: the new values wait for its next cold start, all others of the call are in force.
 */
export function isHotplugRefused(error: unknown): boolean {
  const texts = Object.values(parameterErrors(error))
  return texts.length > 0 && texts.every((text) => text.startsWith('hotplug problem'))
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
    error instanceof ProxmoxAnswerError ||
    (error instanceof ProxmoxApiError && error.status >= 596 && error.status <= 599)
  )
}

/** The VM is not running. */
export function isNotRunning(error: unknown): boolean {
  return matches(error, /VM \d+ (?:is )?not running/)
}

/** The VM already runs. */
export function isAlreadyRunning(error: unknown): boolean {
  return matches(error, /VM \d+ already running/)
}

/** The guest agent is not there (yet), or not configured. */
export function isAgentUnavailable(error: unknown): boolean {
  return matches(
    error,
    /QEMU guest agent is not running|No QEMU guest agent configured|qga command '[^']*' failed - got timeout/,
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

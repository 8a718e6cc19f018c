import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'

/** Networks of documentation (RFC 5737): no host has a route there, wherever the lab runs. */
const NOWHERE = /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$/
/** Redirections that are followed. */
const HOPS = 5

/** Why an address gave nothing, in the words of what asks. */
export class FetchError extends Error {
  /** `No route to host`, `Connection refused`, ... */
  readonly reason: string
  /** Whether it was the name of the host that nobody knows. */
  readonly isName: boolean

  constructor(reason: string, isName = false, cause?: unknown) {
    super(reason, { cause })
    this.reason = reason
    this.isName = isName
  }
}

/** What a request is like. */
interface FetchOptions {
  readonly method: 'GET' | 'HEAD'
  /** Whether a certificate must be one that the system trusts. */
  readonly verify: boolean
  readonly signal?: AbortSignal
  /** Waits as long as a connection to nowhere takes to fail. */
  readonly giveUp: () => Promise<void>
}

/** Asks for an address; resolves to the answer after redirections, its body unread. Throws a FetchError when nobody answers. */
export async function fetchUrl(url: string, options: FetchOptions, hops = HOPS): Promise<IncomingMessage> {
  const { hostname, protocol } = new URL(url)
  if (NOWHERE.test(hostname)) {
    await options.giveUp()
    throw new FetchError('No route to host')
  }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const { method, verify, signal } = options
    const send = protocol === 'https:' ? requestHttps : requestHttp
    const sent = send(
      url,
      {
        method,
        rejectUnauthorized: verify,
        headers: { 'user-agent': 'Wget/1.25.0' },
        ...(signal && { signal }),
      },
      resolve,
    )
    sent.on('error', (error) => reject(signal?.aborted ? (signal.reason as Error) : readFailure(error)))
    sent.end()
  })
  const { location } = answer.headers
  if (location === undefined || ![301, 302, 303, 307, 308].includes(answer.statusCode ?? 0)) return answer
  answer.resume()
  if (hops === 0) throw new FetchError(`${HOPS} redirections exceeded.`)
  return fetchUrl(new URL(location, url).href, options, hops - 1)
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  EHOSTUNREACH: 'No route to host',
  ENETUNREACH: 'Network is unreachable',
  ETIMEDOUT: 'Connection timed out',
  ECONNRESET: 'Connection reset by peer',
  ENOTFOUND: 'Name or service not known',
  EAI_AGAIN: 'Temporary failure in name resolution',
}

function readFailure(error: NodeJS.ErrnoException): FetchError {
  const code = error.code ?? ''
  return new FetchError(REASONS[code] ?? error.message, code === 'ENOTFOUND' || code === 'EAI_AGAIN', error)
}

/** Host and port that an address means. */
export function authority(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}

/** First line and header of a request, as it was read. */
export interface RequestHead {
  readonly method: string
  /** Target as sent. */
  readonly target: string
  /** `HTTP/1.0` or `HTTP/1.1`. */
  readonly protocol: string
  /** By lower-case name; repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds since 1970 at which the first byte came. */
  readonly startedAt: number
}

/** A head that cannot be answered as a call. `silent`: the original fails inside and lets the connection die. */
export interface BadHead {
  readonly bad: true
  readonly status: number
  readonly reason: string
  readonly silent?: true
}

const HEADER_LINES = 64
const HEADER_BYTES = 8192

/**
 * Reads a head from what has come so far: undefined while it is not complete.
 * @returns the head and where the body begins, or what is wrong with it.
 */
export function readHead(
  bytes: Buffer,
  startedAt: number,
): { head: RequestHead; bodyAt: number } | BadHead | undefined {
  const firstEnd = bytes.indexOf(10)
  if (firstEnd < 0) return undefined
  const first = lineOf(bytes, 0, firstEnd)
  const parts = /^(\S+) (\S+) HTTP\/(\d+)\.(\d+)$/.exec(first)
  if (!parts) return { bad: true, status: 400, reason: 'bad request' }
  const [, method = '', target = '', major = '', minor = ''] = parts
  if (major !== '1')
    return { bad: true, status: 506, reason: `http protocol version ${major}.${minor} not supported` }
  if (/^[^/]*@/.test(target)) return { bad: true, status: 400, reason: 'invalid url' }
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  let last: string | undefined
  let at = firstEnd + 1
  for (let lines = 0; ; lines++) {
    const end = bytes.indexOf(10, at)
    if (end < 0) {
      if (bytes.length - firstEnd > HEADER_BYTES) return tooMuch
      return undefined
    }
    const line = lineOf(bytes, at, end)
    at = end + 1
    if (line === '') break
    if (lines >= HEADER_LINES || at - firstEnd > HEADER_BYTES) return tooMuch
    const header = /^([^:\s]+)\s*:\s*(.*?)\s*$/.exec(line)
    if (header) {
      last = (header[1] ?? '').toLowerCase()
      const before = headers[last]
      headers[last] = before === undefined ? (header[2] ?? '') : `${before}, ${header[2] ?? ''}`
    } else if (last !== undefined && /^\s+\S/.test(line)) headers[last] += ` ${line.trim()}`
    else return { bad: true, status: 506, reason: 'unable to parse request header' }
  }
  return {
    head: { method, target, protocol: minor === '0' ? 'HTTP/1.0' : 'HTTP/1.1', headers, startedAt },
    bodyAt: at,
  }
}

const tooMuch: BadHead = { bad: true, status: 500, reason: '', silent: true }

function lineOf(bytes: Buffer, from: number, newline: number): string {
  return bytes.toString('latin1', from, bytes[newline - 1] === 13 && newline > from ? newline - 1 : newline)
}

/** True when the client wants the connection closed after the answer. */
export function wantsClose({ protocol, headers }: RequestHead): boolean {
  const connection = headers['connection']?.toLowerCase()
  if (protocol === 'HTTP/1.0') return !/\bkeep-alive\b/.test(connection ?? '')
  return /\bclose\b/.test(connection ?? '')
}

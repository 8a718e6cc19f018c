import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** An answer as it was on the wire. */
export interface WireAnswer {
  /** null: no byte came. */
  readonly status: number | null
  readonly reason: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  readonly closed: boolean
  /** Seconds until the answer was whole, or the connection closed. */
  readonly seconds: number
  /** The connection, of an answer that switches protocols. */
  readonly socket?: Socket
  /** What came after such an answer's head. */
  readonly early?: Buffer
}

/** How a request is sent. */
export interface WireRequest {
  readonly port: number
  readonly bytes: Buffer
  /** Without TLS. */
  readonly plain: boolean
  /** Milliseconds to wait for an answer. */
  readonly patience: number
  /** Whether the server is to close the connection afterwards: how long it is watched. */
  readonly closes: boolean
}

/** Milliseconds for a server to close, and for one that should not to do it all the same. */
const CLOSING = 1500
const STAYING = 15

/** Sends bytes on a connection of their own and reads what comes back. */
export async function exchangeBytes(request: WireRequest): Promise<WireAnswer> {
  const socket = await open(request)
  const began = performance.now()
  const seconds = (): number => (performance.now() - began) / 1000
  let received = Buffer.alloc(0)
  let ended = false
  let wake = (): void => {}
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    wake()
  })
  const end = (): void => {
    ended = true
    wake()
  }
  for (const event of ['end', 'close', 'error'] as const) socket.on(event, end)
  const change = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, ms))
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  socket.write(request.bytes)
  const deadline = began + request.patience
  let answer: WireAnswer | undefined
  while (answer === undefined && !ended && performance.now() < deadline) {
    await change(deadline - performance.now())
    answer = parse(received, false)
  }
  answer ??= parse(received, true)
  const took = seconds()
  if (answer?.status === 101) {
    socket.removeAllListeners('data')
    socket.pause()
    return { ...answer, seconds: took, closed: ended, socket }
  }
  if (answer !== undefined) {
    const until = performance.now() + (request.closes ? CLOSING : STAYING)
    while (!ended && performance.now() < until) await change(until - performance.now())
  }
  socket.destroy()
  const none: WireAnswer = {
    status: null,
    reason: '',
    headers: [],
    body: Buffer.alloc(0),
    closed: ended,
    seconds: took,
  }
  return answer === undefined ? none : { ...answer, closed: ended, seconds: took }
}

function open({ port, plain }: WireRequest): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = plain
      ? connectTcp(port, '127.0.0.1', () => resolve(socket))
      : connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(socket))
    socket.once('error', reject)
  })
}

/** Reads an answer once it is whole; at the end of the connection whatever there is. */
function parse(bytes: Buffer, atEnd: boolean): WireAnswer | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [first = '', ...lines] = bytes.toString('utf8', 0, headEnd).split('\r\n')
  const [, status = '0', reason = ''] = /^HTTP\/1\.[01] (\d+) ?(.*)$/.exec(first) ?? []
  const headers = lines.map((line) => {
    const at = line.indexOf(':')
    return [line.slice(0, at), line.slice(at + 1).trim()] as const
  })
  const rest = bytes.subarray(headEnd + 4)
  const length = headers.find(([name]) => name.toLowerCase() === 'content-length')?.[1]
  if (length !== undefined && rest.length < Number(length) && !atEnd) return undefined
  const body = length === undefined ? Buffer.alloc(0) : rest.subarray(0, Number(length))
  const answer = { status: Number(status), reason, headers, body, closed: false, seconds: 0 }
  return status === '101' ? { ...answer, early: rest } : answer
}

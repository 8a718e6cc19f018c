import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import type { ApiObject } from '../../resources.ts'
import type { Exchange } from '../exchange.ts'
import { SpdyConnection } from './spdy/connection.ts'
import type { SpdyStream, Wire } from './spdy/connection.ts'

/** What is spoken on the streams, and the name of a WebSocket that carries it in its messages. */
const PROTOCOL = 'portforward.k8s.io'
const TUNNEL = `SPDY/3.1+${PROTOCOL}`
/** Bytes that may wait for the client before what listens in the pod has to, and how long it waits then, milliseconds. */
const BACKLOG = 1024 * 1024
const WAIT = 10

/** Where a port of a pod can be reached; undefined when nothing listens there. */
export type PodPorts = (port: number) => { host: string; port: number } | undefined

/**
 * Serves a port-forward to a pod, over SPDY or over a WebSocket that carries it. False, and nothing is answered, when the client speaks
 * neither.
 */
export function servePortForward(exchange: Exchange, pod: ApiObject, ports: PodPorts): boolean {
  const backlog = (): number => exchange.switchable?.socket.writableLength ?? 0
  let spdy: SpdyConnection | undefined
  const serve = (wire: Wire): SpdyConnection => {
    const pairs = new Map<string, Pair>()
    spdy = new SpdyConnection(wire, (stream) => pair(pairs, stream, pod, ports, backlog))
    return spdy
  }
  if (exchange.wantsWebSocket) {
    if (!exchange.protocols.includes(TUNNEL)) return false
    const socket = exchange.switchToWebSocket(TUNNEL, {
      onData: (data) => spdy?.receive(data),
      onClose: () => spdy?.over(),
    })
    serve({ send: (bytes) => socket.send(bytes), close: () => socket.close() })
    return true
  }
  const { upgrade } = exchange.request.headers
  if (upgrade?.toLowerCase() !== 'spdy/3.1') return false
  const socket = exchange.switchTo([
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    `X-Stream-Protocol-Version: ${PROTOCOL}`,
  ])
  const connection = serve({ send: (bytes) => void socket.write(bytes), close: () => socket.destroy() })
  socket.on('data', (data: Buffer) => connection.receive(data))
  socket.on('end', () => void socket.end())
  socket.on('close', () => connection.over())
  connection.receive(exchange.switchable?.early ?? Buffer.alloc(0))
  socket.resume()
  return true
}

/** The two streams of one connection to a port. */
interface Pair {
  error?: SpdyStream
  data?: SpdyStream
}

/** Takes a stream; once both of a connection are there, it is made. */
function pair(
  pairs: Map<string, Pair>,
  stream: SpdyStream,
  pod: ApiObject,
  ports: PodPorts,
  backlog: () => number,
): void {
  const request = stream.headers.get('requestid') ?? stream.headers.get('port') ?? ''
  const both = pairs.get(request) ?? {}
  pairs.set(request, both)
  both[stream.headers.get('streamtype') === 'error' ? 'error' : 'data'] = stream
  const { error, data } = both
  if (error === undefined || data === undefined) return
  pairs.delete(request)
  const port = Number(data.headers.get('port'))
  const target = ports(port)
  const refuse = (): void => {
    error.send(Buffer.from(refusal(pod, port)))
    error.end()
    data.end()
  }
  if (target === undefined) {
    refuse()
    return
  }
  // When the client has nothing more to say, what listens may still answer.
  const socket = connect({ ...target, allowHalfOpen: true })
  let isConnected = false
  socket.on('connect', () => (isConnected = true))
  data.onData = (bytes) => void socket.write(bytes)
  data.onEnd = () => void socket.end()
  data.onReset = () => void socket.destroy()
  socket.on('data', (bytes: Buffer) => {
    data.send(bytes)
    if (backlog() > BACKLOG) holdBack()
  })
  const holdBack = (): void => {
    socket.pause()
    setTimeout(() => (backlog() > BACKLOG ? holdBack() : socket.resume()), WAIT)
  }
  socket.on('end', () => data.end())
  socket.on('error', () => {
    if (!isConnected) refuse()
  })
  socket.on('close', () => {
    data.end()
    error.end()
  })
}

/** What the container runtime says of a port at which nothing listens. */
function refusal(pod: ApiObject, port: number): string {
  const digest = createHash('sha256')
    .update(pod.metadata.uid ?? '')
    .digest('hex')
  const uuid = digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')
  return `error forwarding port ${port} to pod ${digest}, uid : failed to execute portforward in network namespace "/var/run/netns/cni-${uuid}": failed to connect to localhost:${port} inside namespace "${digest}", IPv4: dial tcp4 127.0.0.1:${port}: connect: connection refused IPv6 dial tcp6: address localhost: no suitable address found `
}

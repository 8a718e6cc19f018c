import { badRequest, notFound, StatusError } from '../../errors.ts'
import { asText, at } from '../../rest/json.ts'
import type { Server } from '../../server-parts.ts'
import type { Exchange } from '../exchange.ts'
import { chooseContainer } from './containers.ts'
import { kubeletAddress } from './kubelet.ts'
import { servePortForward } from './port-forward.ts'

/** The protocol in which the API server itself speaks with the client, before it has reached a kubelet. */
const CHANNELS = 'v5.channel.k8s.io'
/** Numbers of its channels: the first byte of each message. */
const STDOUT = 1
const STDERR = 2
const ERRORS = 3
/** Code of a WebSocket that ends as it should (RFC 6455, 7.4.1). */
const NORMAL = 1000
/** What clients ask for, and what it is called on the way to the kubelet. */
const KUBELET_PARAMETERS: { [name: string]: string } = {
  stdin: 'input',
  stdout: 'output',
  stderr: 'error',
  tty: 'tty',
}

/**
 * Serves port-forward to pods in which something listens. Refuses exec, attach and all other port-forwards, for nothing listens where a
 * lab's kubelets would: with what the API server says of a pod that has no node, of a node that is not there, and of a kubelet that takes
 * no connection.
 */
export function serveStreaming(
  server: Server,
  ref: { namespace: string; name: string },
  subresource: string,
  exchange: Exchange,
): void {
  const { storage } = server.core
  const pod = storage.get({ bucket: '/pods', ...ref })
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, ref.name)
  const container =
    subresource === 'portforward' ? '' : chooseContainer(pod, exchange.query.get('container') ?? '')
  const name = asText(at(pod, ['spec', 'nodeName']))
  if (name === '') throw badRequest(`pod ${ref.name} does not have a host assigned`)
  const node = storage.get({ bucket: '/nodes', namespace: '', name })
  if (node === undefined) throw notFound({ group: '', resource: 'pods' }, name)
  if (exchange.switchable === undefined) throw badRequest('Upgrade request required')
  if (exchange.wantsWebSocket && exchange.method !== 'GET') {
    exchange.sendBare(405, 'bad method')
    return
  }
  const ports = subresource === 'portforward' ? server.podPorts(pod) : undefined
  if (ports !== undefined && servePortForward(exchange, pod, ports)) return
  const address = kubeletAddress(node)
  const why = `dial tcp ${address}: connect: connection refused`
  if (subresource === 'portforward' || !exchange.protocols.includes(CHANNELS))
    throw new StatusError(500, undefined, `error dialing backend: ${why}`)
  const path = `${subresource}/${ref.namespace}/${ref.name}/${container}`
  const query = kubeletQuery(exchange.query)
  tellInChannel(exchange, `error sending request: Post "https://${address}/${path}?${query}": ${why}`)
}

/** What the API server asks a kubelet, in the order in which Go writes a query. */
function kubeletQuery(query: URLSearchParams): string {
  const asked = query.getAll('command').map((word): [string, string] => ['command', word])
  for (const [name, known] of Object.entries(KUBELET_PARAMETERS))
    if (/^(true|1)$/.test(query.get(name) ?? '')) asked.push([known, '1'])
  const sorted = asked.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return new URLSearchParams(sorted).toString()
}

/** Begins the channels, and ends them with an error: one that came of the kubelet's connection is told there. */
function tellInChannel(exchange: Exchange, why: string): void {
  const socket = exchange.switchToWebSocket(CHANNELS, { onData: () => {}, onClose: () => {} })
  const wants = (name: string): boolean => /^(true|1)$/.test(exchange.query.get(name) ?? '')
  // An empty message tells the client that its channels are there.
  socket.message(Buffer.from([wants('stdout') ? STDOUT : wants('stderr') ? STDERR : ERRORS]))
  const status = {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${why}`,
    reason: 'InternalError',
    details: { causes: [{ message: why }] },
    code: 500,
  }
  socket.message(Buffer.from([ERRORS, ...Buffer.from(JSON.stringify(status))]))
  socket.close(NORMAL)
}

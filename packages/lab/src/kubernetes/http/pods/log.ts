import { badRequest, fieldError, invalid, notFound, StatusError } from '../../errors.ts'
import type { ApiObject, Json } from '../../resources.ts'
import { asText, at, isObject } from '../../rest/json.ts'
import type { Server } from '../../server-parts.ts'
import type { Exchange } from '../exchange.ts'
import { chooseContainer } from './containers.ts'
import { loopbackKubelet } from './kubelet.ts'

/** What of a log is asked for. */
interface LogOptions {
  container: string
  timestamps: boolean
  tailLines?: number
  limitBytes?: number
  /** Milliseconds since 1970: only later lines. */
  since?: number
}

/** Serves the log of a pod's container. Throws NotFound, BadRequest, Invalid with the texts of API server and kubelet. */
export function servePodLog(
  server: Server,
  ref: { namespace: string; name: string },
  exchange: Exchange,
): void {
  const { storage, clock } = server.core
  const asked = readOptions(ref.name, exchange.query)
  const pod = storage.get({ bucket: '/pods', ...ref })
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, ref.name)
  const options: LogOptions = { ...asked, container: chooseContainer(pod, asked.container) }
  const nodeName = asText(at(pod, ['spec', 'nodeName']))
  if (nodeName === '') {
    exchange.startHeaders(204, '')
    exchange.response.removeHeader('Content-Type')
    exchange.response.end()
    return
  }
  const node = storage.get({ bucket: '/nodes', namespace: '', name: nodeName })
  // The text names pods, though it is the node that is missing: so does the API server.
  if (node === undefined) throw notFound({ group: '', resource: 'pods' }, nodeName)
  const lines = server.podLog(pod, options.container)
  if (lines === undefined) refuseLoopback(node, ref, options.container, exchange.query)
  if (lines === undefined) throw badRequest(notStarted(pod, options.container))
  if (exchange.query.get('previous') === 'true')
    throw badRequest(
      `previous terminated container ${JSON.stringify(options.container)} in pod ${JSON.stringify(ref.name)} not found`,
    )
  const text = print(lines, options)
  const follow = exchange.query.get('follow') === 'true'
  if (!follow) {
    exchange.send(200, 'text/plain', text)
    return
  }
  exchange.startHeaders(200, 'text/plain')
  exchange.response.write(text)
  followLog(server, ref, exchange, clock.now())
}

/** Options that the API server hands on to a kubelet, as it writes them. */
const HANDED_ON = ['follow', 'limitBytes', 'previous', 'sinceSeconds', 'sinceTime', 'tailLines', 'timestamps']

/** A node whose address is this machine's own is none of the lab's guests: nothing answers there. */
function refuseLoopback(
  node: ApiObject,
  ref: { namespace: string; name: string },
  container: string,
  query: URLSearchParams,
): void {
  const address = loopbackKubelet(node)
  if (address === undefined) return
  const handed = new URLSearchParams()
  for (const key of HANDED_ON) {
    const value = query.get(key)
    if (value !== null && value !== 'false') handed.set(key, value)
  }
  const text = handed.toString()
  const url = `https://${address}/containerLogs/${ref.namespace}/${ref.name}/${container}${text === '' ? '' : `?${text}`}`
  throw new StatusError(
    500,
    undefined,
    `Get ${JSON.stringify(url)}: dial tcp ${address}: connect: connection refused`,
  )
}

/** Keeps the answer open until the pod is gone, the client goes or the server closes. */
function followLog(
  server: Server,
  ref: { namespace: string; name: string },
  exchange: Exchange,
  since: number,
): void {
  const { storage } = server.core
  const { response } = exchange
  let last = since
  const stop = storage.watch('/pods', storage.revision, ({ type, object }) => {
    if (object.metadata.namespace !== ref.namespace || object.metadata.name !== ref.name) return
    if (type === 'DELETED') {
      finish()
      return
    }
    const container = chooseContainer(object, exchange.query.get('container') ?? '')
    const lines = (server.podLog(object, container) ?? []).filter((line) => line.time > last)
    last = Math.max(last, ...lines.map((line) => line.time))
    if (lines.length > 0)
      response.write(print(lines, { container, timestamps: exchange.query.get('timestamps') === 'true' }))
  })
  const finish = (): void => {
    stop()
    server.closing.removeEventListener('abort', finish)
    if (!response.writableEnded) response.end()
  }
  server.closing.addEventListener('abort', finish, { once: true })
  response.on('close', finish)
}

function print(lines: readonly { time: number; text: string }[], options: LogOptions): string {
  const { since, tailLines, limitBytes, timestamps } = options
  let chosen = since === undefined ? [...lines] : lines.filter((line) => line.time > since)
  if (tailLines !== undefined) chosen = tailLines === 0 ? [] : chosen.slice(-tailLines)
  const text = chosen
    .map(
      (line) =>
        `${timestamps ? `${new Date(line.time).toISOString().replace('Z', '000000Z')} ` : ''}${line.text}\n`,
    )
    .join('')
  return limitBytes === undefined ? text : Buffer.from(text).subarray(0, limitBytes).toString()
}

function notStarted(pod: ApiObject, container: string): string {
  const statuses: Json[] = ['containerStatuses', 'initContainerStatuses'].flatMap((key) => {
    const found = at(pod, ['status', key])
    return Array.isArray(found) ? found : []
  })
  const own = statuses.filter(isObject).find((each) => each['name'] === container)
  const reason = asText(at(own, ['state', 'waiting', 'reason'])) || 'ContainerCreating'
  return `container ${JSON.stringify(container)} in pod ${JSON.stringify(pod.metadata.name ?? '')} is waiting to start: ${reason}`
}

function readOptions(name: string, query: URLSearchParams): LogOptions {
  const number = (key: string): number | undefined => {
    const text = query.get(key)
    if (text === null || text === '') return undefined
    if (!/^[+-]?\d+$/.test(text))
      throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
    return Number(text)
  }
  const tailLines = number('tailLines')
  const limitBytes = number('limitBytes')
  const seconds = number('sinceSeconds')
  const time = query.get('sinceTime')
  if (time !== null && Number.isNaN(Date.parse(time)))
    throw badRequest(
      `parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(time)} as "2006"`,
    )
  const errors = []
  if (tailLines !== undefined && tailLines < 0)
    errors.push(fieldError.invalid('tailLines', tailLines, 'must be greater than or equal to 0'))
  if (limitBytes !== undefined && limitBytes < 1)
    errors.push(fieldError.invalid('limitBytes', limitBytes, 'must be greater than 0'))
  if (seconds !== undefined && time !== null)
    errors.push(fieldError.forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  if (!['', 'All'].includes(query.get('stream') ?? ''))
    errors.push(fieldError.forbidden('stream', 'may not be specified'))
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, errors)
  return {
    container: query.get('container') ?? '',
    timestamps: query.get('timestamps') === 'true',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(time === null ? {} : { since: Date.parse(time) }),
  }
}

import { badRequest, notFound, StatusError } from '../../errors.ts'
import { asText, at } from '../../rest/json.ts'
import type { Server } from '../../server-parts.ts'
import type { Exchange } from '../exchange.ts'
import { chooseContainer } from './containers.ts'
import { loopbackKubelet } from './kubelet.ts'

/**
 * Refuses exec, attach and port-forward: with what the API server says where there is nothing to connect to, else because nothing runs in
 * the pods of a lab.
 */
export function refuseStreaming(
  server: Server,
  ref: { namespace: string; name: string },
  subresource: string,
  exchange: Exchange,
): void {
  const { storage } = server.core
  const { upgrade } = exchange.request.headers
  const pod = storage.get({ bucket: '/pods', ...ref })
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, ref.name)
  if (subresource !== 'portforward') chooseContainer(pod, exchange.query.get('container') ?? '')
  const name = asText(at(pod, ['spec', 'nodeName']))
  if (name === '') throw badRequest(`pod ${ref.name} does not have a host assigned`)
  const node = storage.get({ bucket: '/nodes', namespace: '', name })
  if (node === undefined) throw notFound({ group: '', resource: 'pods' }, name)
  if (upgrade === undefined) throw badRequest('Upgrade request required')
  if (upgrade.toLowerCase() === 'websocket' && exchange.method !== 'GET') {
    exchange.sendBare(405, 'bad method')
    return
  }
  const address = loopbackKubelet(node)
  if (address !== undefined)
    throw new StatusError(
      500,
      undefined,
      `error dialing backend: dial tcp ${address}: connect: connection refused`,
    )
  throw new StatusError(
    501,
    undefined,
    `nothing runs in the pods of a lab: there is nothing to connect to in ${ref.name}`,
  )
}

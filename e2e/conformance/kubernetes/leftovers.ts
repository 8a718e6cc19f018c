import type { Recorded } from './recorded.ts'
import type { Call } from './send.ts'

const MACHINE = {
  apiVersion: 'fochista.dev/v1',
  kind: 'Machine',
  metadata: { name: 'x', finalizers: ['plain'] },
  spec: { host: 'h' },
}
const HELD = { metadata: { name: 'held', finalizers: ['fochista.dev/x'] } }

/** The line of the recording of errors that tells what was there before. */
const TOLD_AT = 233
const ERR = '/api/v1/namespaces/err'

/**
 * What the server of a recording held from before, of which its answers tell: namespaces that wait for an object with a finalizer, and
 * the history of a namespace of the same name. Sent once the kinds of the recording are there; `wait` is where a namespace is emptied.
 */
export function leftovers(file: string, records: readonly Recorded[], token: string): (Call | 'wait')[] {
  const call = (method: string, path: string, object?: object): Call => ({
    method,
    path,
    headers: [
      ['Authorization', `Bearer ${token}`],
      ['User-Agent', 'golden/1.0'],
      ['Content-Type', 'application/json'],
    ],
    ...(object === undefined ? {} : { body: JSON.stringify(object) }),
  })
  if (file.startsWith('03-'))
    return [
      ...sentBefore(records, token),
      call('DELETE', ERR),
      'wait',
      call('POST', '/api/v1/namespaces', { metadata: { name: 'err' } }),
    ]
  // One that the server makes by itself does not come back before it starts again.
  if (file.startsWith('10-')) return [call('DELETE', '/apis/apiregistration.k8s.io/v1/apiservices/v1.apps')]
  if (!file.startsWith('04-')) return []
  return [
    ...['crud', 'err', 'gen-9sgc6', 'x'].map((name) =>
      call('POST', '/api/v1/namespaces', { metadata: { name } }),
    ),
    call('POST', '/apis/coordination.k8s.io/v1/namespaces/crud/leases', HELD),
    call('POST', '/apis/fochista.dev/v1/namespaces/err/machines', MACHINE),
    ...['crud', 'err'].map((name) => call('DELETE', `/api/v1/namespaces/${name}`)),
    'wait',
  ]
}

/** What changed ConfigMaps until a watch tells of it: it had all been sent once before. */
function sentBefore(records: readonly Recorded[], token: string): Call[] {
  return records.flatMap(({ n, request, response }) => {
    if (request === undefined || n >= TOLD_AT || (response?.status ?? 500) >= 300) return []
    const { method, path, headers, body } = request
    if (method === 'GET' || !path.startsWith(`${ERR}/configmaps`) || /dryRun/.test(path + (body ?? '')))
      return []
    const known = headers.map(([name, value]): [string, string] => [
      name,
      value.replace('<token:admin>', token),
    ])
    return [{ method, path, headers: known, ...(body === undefined ? {} : { body }) }]
  })
}

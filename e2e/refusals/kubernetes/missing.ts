import type { Mistake } from './mistake.ts'
import { collectionOf, groupVersionOf, NAMESPACE, type Resource } from './resources.ts'
import * as status from './status.ts'

type Sent = Pick<Mistake, 'type' | 'body' | 'headers'>

const JSON_TYPE = 'application/json'
const MERGE = 'application/merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'

/** What is not there, and methods that nobody has. */
export function missing(of: Resource): Mistake[] {
  const all = collectionOf(of)
  const one = `${all}/nosuch`
  const gone = status.notFound(of, 'nosuch')
  const found = (method: string, path: string, sent: Sent = {}): Mistake => ({
    kind: 'not found',
    method,
    path,
    ...sent,
    wanted: gone,
  })
  const refused = (method: string, path: string, wanted: status.Refusal, sent: Sent = {}): Mistake => ({
    kind: 'method',
    method,
    path,
    ...sent,
    wanted,
  })
  const object = JSON.stringify({
    apiVersion: groupVersionOf(of),
    kind: of.kind,
    metadata: { name: 'nosuch' },
  })
  const json = { type: JSON_TYPE, body: object }
  const merge = { type: MERGE, body: '{}' }
  const reads = of.subs.filter((sub) => !['eviction', 'exec', 'finalize'].includes(sub))
  const writes = of.subs.filter((sub) => sub === 'status' || sub === 'scale')
  return [
    found('GET', one),
    found('DELETE', one),
    found('PATCH', one, merge),
    found('PATCH', one, { type: JSON_PATCH, body: '[]' }),
    ...(of.custom ? [] : [found('PATCH', one, { type: STRATEGIC, body: '{}' })]),
    ...reads.map((sub) => found('GET', `${one}/${sub}`)),
    ...writes.map((sub) => found('PATCH', `${one}/${sub}`, merge)),
    ...(of.custom
      ? [
          refused('PUT', all, status.badRequest('name must be provided'), json),
          refused('PATCH', all, status.badRequest('name must be provided'), merge),
          ...writes.flatMap((sub) => [
            refused('POST', `${one}/${sub}`, status.notAllowed(of, 'create'), json),
            refused('DELETE', `${one}/${sub}`, status.notAllowed(of, 'delete')),
          ]),
          ...(of.namespaced ? [refused('POST', collectionOf(of, true), status.noPage, json)] : []),
        ]
      : [
          refused('POST', one, status.notAllowed(of, ''), json),
          refused('PUT', all, status.notAllowed(of, ''), json),
          refused('PATCH', all, status.notAllowed(of, ''), merge),
          ...(of.namespaced
            ? [
                refused('POST', collectionOf(of, true), status.notAllowed(of, ''), json),
                refused('DELETE', collectionOf(of, true), status.notAllowed(of, '')),
              ]
            : []),
        ]),
    {
      kind: 'no login',
      method: 'GET',
      path: all,
      headers: { Authorization: 'Bearer nonsense' },
      wanted: status.unauthorized,
    },
    {
      kind: 'no login',
      method: 'DELETE',
      path: one,
      headers: { Authorization: '' },
      wanted: status.forbidden(of, {
        user: 'system:anonymous',
        verb: 'delete',
        name: 'nosuch',
        ...(of.namespaced && { namespace: NAMESPACE }),
        ...(of.resource === 'namespaces' && { namespace: 'nosuch' }),
      }),
    },
  ]
}

import type { Mistake } from './mistake.ts'
import { collectionOf, NAMESPACE, type Resource } from './resources.ts'
import * as status from './status.ts'

const JSON_TYPE = 'application/json'
const MERGE = 'application/merge-patch+json'
const APPLY = 'application/apply-patch+yaml'
/** Somebody without any rights. */
const EVE = { 'Impersonate-User': 'eve' }

/** Who has no rights is told so, whatever there is: each verb of a resource and of its subresources. */
export function withoutRights(of: Resource): Mistake[] {
  const all = collectionOf(of)
  const namespace = of.namespaced ? NAMESPACE : undefined
  const ask = (
    method: string,
    verb: string,
    path: string,
    name?: string,
    sub?: string,
    type = JSON_TYPE,
  ): Mistake => {
    // A namespace is asked for as if it were in itself.
    const inside = of.resource === 'namespaces' ? name : namespace
    const asked = {
      user: 'eve',
      verb,
      ...(name !== undefined && { name }),
      ...(sub !== undefined && { sub }),
      ...(inside !== undefined && { namespace: inside }),
    }
    const isWrite = ['POST', 'PUT', 'PATCH'].includes(method)
    return {
      kind: 'no permission',
      method,
      path,
      headers: EVE,
      ...(isWrite && { type, body: '{bad' }),
      wanted: status.forbidden(of, asked),
    }
  }
  const one = `${all}/x`
  return [
    ask('GET', 'list', all),
    ask('GET', 'watch', `${all}?watch=true`),
    ask('POST', 'create', all),
    ask('DELETE', 'deletecollection', all),
    ask('GET', 'get', one, 'x'),
    ask('PUT', 'update', one, 'x'),
    ask('PATCH', 'patch', one, 'x', undefined, MERGE),
    ask('PATCH', 'patch', `${one}?fieldManager=a`, 'x', undefined, APPLY),
    ask('DELETE', 'delete', one, 'x'),
    ...of.subs.flatMap((sub) => [
      ask('GET', 'get', `${one}/${sub}`, 'x', sub),
      ask('PUT', 'update', `${one}/${sub}`, 'x', sub),
      ask('PATCH', 'patch', `${one}/${sub}`, 'x', sub, MERGE),
    ]),
    ...(of.namespaced
      ? [
          {
            kind: 'no permission',
            method: 'GET',
            path: collectionOf(of, true),
            headers: EVE,
            wanted: status.forbidden(of, { user: 'eve', verb: 'list' }),
          },
        ]
      : []),
  ]
}

import { forbidden, StatusError } from '../errors.ts'
import type { Exchange } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { UserInfo } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { parseFieldTerms } from '../store/selectors.ts'
import type { Attributes } from './rbac.ts'
import { authorize } from './rbac.ts'

/** Paths anyone may read, credentials or not. */
const PUBLIC = new Set(['/version', '/version/', '/healthz', '/livez', '/readyz'])

/** Checks that the user may make a request. Throws Forbidden with the API server's text. */
export function checkAccess(core: Core, info: RequestInfo, exchange: Exchange): void {
  const attributes = attributesOf(info, exchange)
  if (
    attributes.path !== undefined &&
    (PUBLIC.has(attributes.path) || /^\/(livez|readyz)\//.test(attributes.path)) &&
    info.verb === 'get'
  )
    return
  if (authorize(core, attributes).allowed) return
  throw denial(attributes)
}

function attributesOf(info: RequestInfo, exchange: Exchange): Attributes {
  const { user } = exchange
  if (!info.isResource) return { user, verb: info.verb, group: '', resource: '', path: exchange.path }
  let name = info.name
  const selector = exchange.query.get('fieldSelector')
  if (
    name === undefined &&
    selector !== null &&
    selector !== '' &&
    ['list', 'watch', 'deletecollection'].includes(info.verb)
  ) {
    try {
      name = parseFieldTerms(selector).find((term) => term.field === 'metadata.name' && !term.not)?.value
    } catch {
      // A selector that does not parse names nothing; the list says what is wrong with it.
    }
  }
  return {
    user,
    verb: info.verb,
    group: info.group,
    version: info.version,
    resource: info.resource,
    ...(info.subresource === undefined ? {} : { subresource: info.subresource }),
    ...(name === undefined ? {} : { name }),
    ...(info.namespace === undefined ? {} : { namespace: info.namespace }),
  }
}

/** 403 for what a user wanted. */
export function denial(attributes: Attributes): StatusError {
  const who = `User ${JSON.stringify(attributes.user.username)} cannot`
  if (attributes.path !== undefined)
    return new StatusError(
      403,
      'Forbidden',
      `forbidden: ${who} ${attributes.verb} path ${JSON.stringify(attributes.path)}`,
      {},
    )
  const resource =
    attributes.subresource === undefined
      ? attributes.resource
      : `${attributes.resource}/${attributes.subresource}`
  const where =
    attributes.namespace === undefined || attributes.namespace === ''
      ? 'at the cluster scope'
      : `in the namespace ${JSON.stringify(attributes.namespace)}`
  return forbidden(
    { group: attributes.group, resource: attributes.resource },
    attributes.name,
    `${who} ${attributes.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(attributes.group)} ${where}`,
  )
}

/** The user a request really acts as, when it impersonates. Throws Forbidden. */
export function impersonate(core: Core, exchange: Exchange): UserInfo {
  const { headers } = exchange.request
  const one = (name: string): string | undefined => {
    const value = headers[name]
    return Array.isArray(value) ? value[0] : value
  }
  const raw = exchange.request.rawHeaders
  const groups: string[] = []
  const extra: { [key: string]: string[] } = {}
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = raw[index + 1] ?? ''
    if (name === 'impersonate-group') groups.push(value)
    if (name.startsWith('impersonate-extra-'))
      (extra[decodeURIComponent(name.slice('impersonate-extra-'.length))] ??= []).push(value)
  }
  const username = one('impersonate-user')
  const uid = one('impersonate-uid')
  if (username === undefined) {
    if (groups.length > 0 || uid !== undefined || Object.keys(extra).length > 0)
      throw new StatusError(
        500,
        'InternalError',
        'Internal error occurred: requested impersonation without impersonating a user',
        {
          causes: [{ message: 'requested impersonation without impersonating a user' }],
        },
      )
    return exchange.user
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username)
  const ask = (attributes: Omit<Attributes, 'user' | 'verb'>): void => {
    const full: Attributes = { user: exchange.user, verb: 'impersonate', ...attributes }
    if (!authorize(core, full).allowed) throw denial(full)
  }
  if (account === null) ask({ group: '', resource: 'users', name: username })
  else ask({ group: '', resource: 'serviceaccounts', namespace: account[1] ?? '', name: account[2] ?? '' })
  for (const group of groups) ask({ group: '', resource: 'groups', name: group })
  for (const [key, values] of Object.entries(extra))
    for (const value of values)
      ask({
        group: 'authentication.k8s.io',
        version: 'v1',
        resource: 'userextras',
        subresource: key,
        name: value,
      })
  if (uid !== undefined) ask({ group: 'authentication.k8s.io', version: 'v1', resource: 'uids', name: uid })
  const implied =
    account !== null && groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`]
      : []
  const all = [...groups, ...implied]
  const last = username === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'
  if (!all.includes(last)) all.push(last)
  return {
    username,
    groups: all,
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

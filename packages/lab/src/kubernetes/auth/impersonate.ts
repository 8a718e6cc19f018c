import { badRequest } from '../errors.ts'
import type { Exchange } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { UserInfo } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { attributesOf, denial } from './access.ts'
import { authorize } from './authorize.ts'
import { rulesFor } from './rbac.ts'
import type { Attributes } from './rbac.ts'

const AUTHENTICATION = { group: 'authentication.k8s.io', version: 'v1' }

/** Resources of whom and what one may act as. */
const IMPERSONATED = /^(users|groups|serviceaccounts|uids|userextras\/.*)$/

/** Whom the headers of a request name. */
interface Wanted {
  username: string
  uid: string
  groups: string[]
  extra: { [key: string]: string[] }
}

/** The user that a request acts as, when it impersonates. Throws Forbidden and BadRequest. */
export function impersonate(core: Core, info: RequestInfo, exchange: Exchange): UserInfo {
  const wanted = wantedUser(exchange)
  const { username, uid, groups, extra } = wanted
  if (username === '') {
    if (groups.length > 0 || uid !== '' || Object.keys(extra).length > 0)
      throw badRequest(`requested ${printed(wanted)} without impersonating a user name`)
    return exchange.user
  }
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username)
  const ask = (attributes: Omit<Attributes, 'user' | 'verb'>): void => {
    const full: Attributes = { user: exchange.user, verb: 'impersonate', ...attributes }
    if (authorize(core, full).allowed) return
    throw mayImpersonate(core, exchange.user) ? denial(full) : denial(constrained(info, exchange, username))
  }
  if (account === null) ask({ group: '', resource: 'users', name: username })
  else ask({ group: '', resource: 'serviceaccounts', namespace: account[1] ?? '', name: account[2] ?? '' })
  for (const group of groups) ask({ group: '', resource: 'groups', name: group })
  for (const [key, values] of Object.entries(extra))
    for (const value of values)
      ask({ ...AUTHENTICATION, resource: 'userextras', subresource: key, name: value })
  if (uid !== '') ask({ ...AUTHENTICATION, resource: 'uids', name: uid })
  const implied =
    account !== null && groups.length === 0
      ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`]
      : []
  const all = [...groups, ...implied]
  if (!all.includes('system:unauthenticated')) {
    const last = username === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'
    if (!all.includes(last)) all.push(last)
  }
  return {
    username,
    groups: all,
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

function wantedUser(exchange: Exchange): Wanted {
  const wanted: Wanted = { username: '', uid: '', groups: [], extra: {} }
  const raw = exchange.request.rawHeaders
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase()
    const value = raw[index + 1] ?? ''
    if (name === 'impersonate-user') wanted.username ||= value
    if (name === 'impersonate-uid') wanted.uid ||= value
    if (name === 'impersonate-group') wanted.groups.push(value)
    if (name.startsWith('impersonate-extra-'))
      (wanted.extra[unescaped(name.slice('impersonate-extra-'.length))] ??= []).push(value)
  }
  return wanted
}

/** A key of extra as its header's name holds it; escapes that are none stay as they are. */
function unescaped(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

/** Whether somebody may impersonate anything at all. */
function mayImpersonate(core: Core, user: UserInfo): boolean {
  const namespaces = core.storage.list('/namespaces').map((namespace) => namespace.metadata.name)
  return [undefined, ...namespaces].some((namespace) =>
    [...rulesFor(core, user, namespace)].some(
      ({ rule: { verbs, resources } }) =>
        (verbs.includes('impersonate') || verbs.includes('*')) &&
        resources.some((each) => IMPERSONATED.test(each)),
    ),
  )
}

/** What a server asks first since constrained impersonation: whether one may do this request as somebody. */
function constrained(info: RequestInfo, exchange: Exchange, username: string): Attributes {
  const kind = username.startsWith('system:node:')
    ? 'arbitrary-node'
    : username.startsWith('system:serviceaccount:')
      ? 'serviceaccount'
      : 'user-info'
  const attributes = attributesOf(info, exchange)
  return { ...attributes, verb: `impersonate-on:${kind}:${attributes.verb}` }
}

/** As Go prints a user's fields. */
function printed({ username, uid, groups, extra }: Wanted): string {
  const list = (values: string[]): string =>
    values.length === 0
      ? '[]string(nil)'
      : `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`
  const keys = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:${list(values)}`)
  const map = keys.length === 0 ? 'map[string][]string(nil)' : `map[string][]string{${keys.join(', ')}}`
  return `&user.DefaultInfo{Name:${JSON.stringify(username)}, UID:${JSON.stringify(uid)}, Groups:${list(groups)}, Extra:${map}}`
}

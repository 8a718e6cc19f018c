import type { Admission, AdmissionRequest } from '../api.ts'
import { forbidden, notFound } from '../errors.ts'
import type { ApiObject, UserInfo } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { asText, at } from '../rest/json.ts'
import { authorize } from './authorize.ts'
import { clusterRules, rulesFor, rulesOf } from './rbac.ts'
import type { Rule } from './rbac.ts'

const RBAC = 'rbac.authorization.k8s.io'

/** One thing that a rule allows. */
interface Right {
  group: string
  resource: string
  /** One object's name, or '' for all. */
  name: string
  verb: string
  url: string
}

/** Refuses roles and bindings that would give more than their writer has, unless he may escalate or bind. */
export function escalationCheck(core: Core): Admission {
  return {
    name: RBAC,
    matches: ({ gvr, operation, user }) =>
      gvr.group === RBAC && operation !== 'DELETE' && !user.groups.includes('system:masters'),
    validate: (request) => check(core, request),
  }
}

function check(core: Core, request: AdmissionRequest): void {
  const { object, definition, user, namespace, name } = request
  if (object === undefined) return
  const isBinding = definition.resource.endsWith('bindings')
  const role = isBinding ? roleRefOf(object) : undefined
  const allowed = authorize(core, {
    user,
    verb: isBinding ? 'bind' : 'escalate',
    group: RBAC,
    resource: role?.resource ?? definition.resource,
    name: role?.name ?? name ?? '',
    ...(namespace === undefined ? {} : { namespace }),
  }).allowed
  if (allowed) return
  const wanted = role === undefined ? rulesOf(object) : granted(core, role, namespace)
  if (wanted === undefined) throw notFound(definition, role?.name ?? '')
  const own = [...rulesFor(core, user, namespace)].map(({ rule }) => rule)
  const missing = wanted.flatMap(rightsOf).filter((right) => !own.some((rule) => covers(rule, right)))
  if (missing.length > 0) throw forbidden(definition, object.metadata.name, refusal(user, missing))
}

function roleRefOf(binding: ApiObject): { resource: string; name: string } {
  const kind = asText(at(binding, ['roleRef', 'kind']))
  return {
    resource: kind === 'ClusterRole' ? 'clusterroles' : 'roles',
    name: asText(at(binding, ['roleRef', 'name'])),
  }
}

function granted(
  core: Core,
  role: { resource: string; name: string },
  namespace: string | undefined,
): Rule[] | undefined {
  const home = role.resource === 'roles' ? (namespace ?? '') : ''
  const found = core.storage.get({ bucket: `${RBAC}/${role.resource}`, namespace: home, name: role.name })
  if (found === undefined) return undefined
  return role.resource === 'clusterroles' ? clusterRules(core, role.name) : rulesOf(found)
}

function rightsOf(rule: Rule): Right[] {
  const names = rule.resourceNames.length === 0 ? [''] : rule.resourceNames
  const resources = rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      names.flatMap((name) => rule.verbs.map((verb): Right => ({ group, resource, name, verb, url: '' }))),
    ),
  )
  const urls = rule.nonResourceURLs.flatMap((url) =>
    rule.verbs.map((verb): Right => ({ group: '', resource: '', name: '', verb, url })),
  )
  return [...resources, ...urls]
}

function covers(rule: Rule, right: Right): boolean {
  if (!rule.verbs.includes('*') && !rule.verbs.includes(right.verb)) return false
  if (right.url !== '')
    return rule.nonResourceURLs.some(
      (url) => url === right.url || (url.endsWith('*') && right.url.startsWith(url.slice(0, -1))),
    )
  const [, part] = right.resource.split('/')
  const names = ['*', right.resource, ...(part === undefined ? [] : [`*/${part}`])]
  return (
    (rule.apiGroups.includes('*') || rule.apiGroups.includes(right.group)) &&
    names.some((each) => rule.resources.includes(each)) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(right.name))
  )
}

function refusal(user: UserInfo, missing: Right[]): string {
  const verbs = new Map<string, Set<string>>()
  for (const { group, resource, name, url, verb } of missing) {
    const about =
      url === ''
        ? `APIGroups:${list([group])}, Resources:${list([resource])}${name === '' ? '' : `, ResourceNames:${list([name])}`}`
        : `NonResourceURLs:${list([url])}`
    const known = verbs.get(about)
    if (known === undefined) verbs.set(about, new Set([verb]))
    else known.add(verb)
  }
  const lines = [...verbs].map(([about, each]) => `{${about}, Verbs:${list([...each])}}`)
  const sorted = lines.toSorted((a, b) => (a < b ? -1 : 1))
  return `user ${JSON.stringify(user.username)} (groups=${list(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${sorted.join('\n')}`
}

/** As Go prints a list of strings. */
function list(values: string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`
}

import type { ApiObject, Json, JsonObject, UserInfo } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { asText, at, isObject } from '../rest/json.ts'
import type { FieldTerm } from '../store/selectors.ts'

/** What someone wants to do. */
export interface Attributes {
  user: UserInfo
  verb: string
  /** Resource requests. */
  group: string
  version?: string
  resource: string
  subresource?: string
  name?: string
  namespace?: string
  /** What the field selector of a list or watch asks for. */
  fields?: readonly FieldTerm[]
  /** Other paths; then resource is ''. */
  path?: string
}

/** What an authorizer says. */
export interface Decision {
  allowed: boolean
  reason: string
}

const RBAC = 'rbac.authorization.k8s.io'

/** A rule of a role, read. */
export interface Rule {
  verbs: string[]
  apiGroups: string[]
  resources: string[]
  resourceNames: string[]
  nonResourceURLs: string[]
}

/** Texts of a list. */
export function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

/** Reads a rule. */
export function readRule(rule: Json): Rule {
  const source = isObject(rule) ? rule : {}
  return {
    verbs: texts(source['verbs']),
    apiGroups: texts(source['apiGroups']),
    resources: texts(source['resources']),
    resourceNames: texts(source['resourceNames']),
    nonResourceURLs: texts(source['nonResourceURLs']),
  }
}

/** Asks RBAC. */
export function authorizeByRoles(core: Core, attributes: Attributes): Decision {
  for (const { rule, reason } of rulesFor(core, attributes.user, attributes.namespace))
    if (ruleAllows(rule, attributes)) return { allowed: true, reason: `RBAC: allowed by ${reason}` }
  return { allowed: false, reason: '' }
}

/** Whether a rule allows something. */
export function ruleAllows(rule: Rule, attributes: Attributes): boolean {
  if (!rule.verbs.includes('*') && !rule.verbs.includes(attributes.verb)) return false
  if (attributes.path !== undefined) {
    const path = attributes.path
    return rule.nonResourceURLs.some(
      (url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
    )
  }
  if (!rule.apiGroups.includes('*') && !rule.apiGroups.includes(attributes.group)) return false
  const sub = attributes.subresource
  const resource = sub === undefined || sub === '' ? attributes.resource : `${attributes.resource}/${sub}`
  const covered = rule.resources.some(
    (each) => each === '*' || each === resource || (sub !== undefined && sub !== '' && each === `*/${sub}`),
  )
  if (!covered) return false
  return (
    rule.resourceNames.length === 0 ||
    (attributes.name !== undefined && rule.resourceNames.includes(attributes.name))
  )
}

/** Every rule that holds for a user in a namespace (or cluster-wide only), with where it comes from. */
export function* rulesFor(
  core: Core,
  user: UserInfo,
  namespace: string | undefined,
): Generator<{ rule: Rule; reason: string }> {
  // The order that a real server was seen to have: it decides which binding a review names.
  const bindings = core.storage.list(`${RBAC}/clusterrolebindings`)
  for (let index = bindings.length - 1; index >= 0; index--) {
    const binding = bindings[index]
    if (binding === undefined) continue
    const subject = subjectOf(binding, user)
    if (subject === undefined) continue
    const role = roleOf(binding)
    const reason = `ClusterRoleBinding ${JSON.stringify(binding.metadata.name ?? '')} of ClusterRole ${JSON.stringify(role.name)} to ${subject}`
    for (const rule of clusterRules(core, role.name)) yield { rule, reason }
  }
  if (namespace === undefined || namespace === '') return
  for (const binding of core.storage.list(`${RBAC}/rolebindings`, namespace)) {
    const subject = subjectOf(binding, user)
    if (subject === undefined) continue
    const role = roleOf(binding)
    const reason = `RoleBinding ${JSON.stringify(`${binding.metadata.name ?? ''}/${namespace}`)} of ${role.kind} ${JSON.stringify(role.name)} to ${subject}`
    const rules =
      role.kind === 'ClusterRole'
        ? clusterRules(core, role.name)
        : rulesOf(core.storage.get({ bucket: `${RBAC}/roles`, namespace, name: role.name }))
    for (const rule of rules) yield { rule, reason }
  }
}

function roleOf(binding: ApiObject): { kind: string; name: string } {
  const ref = isObject(binding['roleRef']) ? binding['roleRef'] : {}
  return { kind: asText(ref['kind']), name: asText(ref['name']) }
}

function subjectOf(binding: ApiObject, user: UserInfo): string | undefined {
  const subjects = binding['subjects']
  if (!Array.isArray(subjects)) return undefined
  for (const subject of subjects) {
    if (!isObject(subject)) continue
    const name = asText(subject['name'])
    if (subject['kind'] === 'User' && name === user.username) return `User ${JSON.stringify(name)}`
    if (subject['kind'] === 'Group' && user.groups.includes(name)) return `Group ${JSON.stringify(name)}`
    if (subject['kind'] === 'ServiceAccount') {
      const namespace = asText(subject['namespace'] ?? binding.metadata.namespace)
      if (user.username === `system:serviceaccount:${namespace}:${name}`)
        return `ServiceAccount ${JSON.stringify(`${name}/${namespace}`)}`
    }
  }
  return undefined
}

/** Rules of a role object. */
export function rulesOf(role: JsonObject | undefined): Rule[] {
  const rules = role?.['rules']
  return Array.isArray(rules) ? rules.map(readRule) : []
}

/** Rules of a ClusterRole; of an aggregated one also those of the roles its selectors choose now. */
export function clusterRules(core: Core, name: string, depth = 0): Rule[] {
  const role = core.storage.get({ bucket: `${RBAC}/clusterroles`, namespace: '', name })
  const rules = rulesOf(role)
  const selectors = at(role, ['aggregationRule', 'clusterRoleSelectors'])
  if (!Array.isArray(selectors) || depth > 4) return rules
  for (const selector of selectors) {
    const wanted = at(selector, ['matchLabels'])
    if (!isObject(wanted)) continue
    for (const other of core.storage.list(`${RBAC}/clusterroles`)) {
      const labels = other.metadata.labels ?? {}
      if (
        other.metadata.name === name ||
        !Object.entries(wanted).every(([key, value]) => labels[key] === value)
      )
        continue
      rules.push(...clusterRules(core, other.metadata.name ?? '', depth + 1))
    }
  }
  return rules
}

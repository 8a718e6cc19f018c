import type { AdmissionRequest } from '../api.ts'
import { forbidden } from '../errors.ts'
import type { ApiObject, JsonObject } from '../resources.ts'
import { groupResource } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { bucketOf } from '../rest/core.ts'
import { asText, at, isObject } from '../rest/json.ts'

const QUOTAS = '/resourcequotas'
/** Kinds that a quota counts under their plain name, besides `count/…`. */
const PLAIN = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
])

/** Refuses a create that would exceed a ResourceQuota of its namespace: numbers of objects, not what pods ask for. */
export function runQuotas(core: Core, request: AdmissionRequest): void {
  const { definition, namespace, object, operation } = request
  if (operation !== 'CREATE' || namespace === undefined || object === undefined) return
  if ((request.subresource ?? '') !== '' || !definition.namespaced) return
  const kind = groupResource(definition)
  for (const quota of core.storage.list(QUOTAS, namespace)) {
    const exceeded: { name: string; used: number; hard: string }[] = []
    for (const [name, hard] of Object.entries(hardOf(quota)).toSorted(byName)) {
      const asked = asksFor(name, kind, object)
      if (!asked) continue
      const used = usedOf(core, namespace, name) ?? 0
      if (used + 1 > Number(hard)) exceeded.push({ name, used, hard })
    }
    if (exceeded.length === 0) continue
    const list = (part: (each: { name: string; used: number; hard: string }) => string): string =>
      exceeded.map((each) => `${each.name}=${part(each)}`).join(',')
    throw forbidden(
      definition,
      object.metadata.name,
      `exceeded quota: ${quota.metadata.name}, requested: ${list(() => '1')}, used: ${list(({ used }) => String(used))}, limited: ${list(({ hard }) => hard)}`,
    )
  }
}

/** What a quota allows, by resource name. One that is bound to scopes counts pods alone, and of these none here. */
export function hardOf(quota: ApiObject): { [name: string]: string } {
  const spec = isObject(quota['spec']) ? quota['spec'] : {}
  if (spec['scopes'] !== undefined || spec['scopeSelector'] !== undefined) return {}
  const hard = isObject(spec['hard']) ? spec['hard'] : {}
  return Object.fromEntries(Object.entries(hard).map(([name, value]) => [name, asText(value)]))
}

function byName([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1
}

/** Whether a new object takes one of what a quota names. */
function asksFor(name: string, kind: string, object: JsonObject): boolean {
  if (name === `count/${kind}`) return true
  const type = kind === 'services' ? at(object, ['spec', 'type']) : undefined
  if (name === 'services.loadbalancers') return type === 'LoadBalancer'
  if (name === 'services.nodeports') return type === 'NodePort' || type === 'LoadBalancer'
  return name === kind && PLAIN.has(name)
}

/** How many objects of a namespace a quota's name counts; undefined for what is not counted here. */
export function usedOf(core: Core, namespace: string, name: string): number | undefined {
  if (name === 'services.loadbalancers' || name === 'services.nodeports')
    return core.storage.list('/services', namespace).filter((service) => asksFor(name, 'services', service))
      .length
  // Pods that have ended are counted by `count/pods` alone.
  if (name === 'pods')
    return core.storage
      .list('/pods', namespace)
      .filter((pod) => !['Succeeded', 'Failed'].includes(asText(at(pod, ['status', 'phase'])))).length
  if (PLAIN.has(name)) return core.storage.count(`/${name}`, namespace)
  if (!name.startsWith('count/')) return undefined
  const [resource = '', ...group] = name.slice('count/'.length).split('.')
  const [version] = core.registry.versions(group.join('.'))
  const definition =
    version === undefined ? undefined : core.registry.find(group.join('.'), version, resource)
  return definition === undefined ? undefined : core.storage.count(bucketOf(definition), namespace)
}

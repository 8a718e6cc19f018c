import { qosClass } from '../builtin/defaults/pod.ts'
import { items, member, strings, textOf } from '../builtin/defaults/fields.ts'
import type { ApiObject, JsonObject } from '../resources.ts'
import { asText } from '../rest/json.ts'
import { compareQuantities } from '../schema/quantity.ts'
import { addAmounts } from './amounts.ts'
import type { Amounts } from './amounts.ts'

/** Kinds of the core group that a quota counts under their plain name, besides `count/…`. */
const PLAIN = new Set([
  'configmaps',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'services',
])
const COMPUTE = new Set(['cpu', 'memory', 'ephemeral-storage'])
const STORAGE = 'requests.storage'

/** The objects of a namespace, by resource and group (`pods`, `deployments.apps`). Undefined for what is not served. */
export type Lister = (resource: string) => readonly ApiObject[] | undefined

/** What a quota allows, by name. */
export function hardOf(quota: ApiObject): Amounts {
  return Object.fromEntries(
    Object.entries(member(member(quota, 'spec'), 'hard') ?? {}).map(([name, value]) => [name, asText(value)]),
  )
}

/** What objects of a namespace take of a quota: of each name that it limits and that is counted here. */
export function usedOf(quota: ApiObject, list: Lister): Amounts {
  const used: Amounts = {}
  const summed = new Set<string>()
  for (const name of Object.keys(hardOf(quota))) {
    const kind = kindOf(name)
    const objects = kind === undefined ? undefined : list(kind)
    if (kind === undefined || objects === undefined) continue
    // Of most names a number of objects is all there is to know.
    const isNumber = isCount(name) && !isScoped(quota)
    used[name] = isNumber ? String(objects.length) : '0'
    if (!isNumber) summed.add(kind)
  }
  for (const kind of summed)
    for (const object of list(kind) ?? [])
      for (const [name, amount] of Object.entries(takenBy(quota, kind, object)))
        if (isScoped(quota) || !isCount(name)) addAmounts(used, { [name]: amount })
  return used
}

function isCount(name: string): boolean {
  return name.startsWith('count/') || (PLAIN.has(name) && name !== 'pods')
}

function isScoped(quota: ApiObject): boolean {
  const spec = member(quota, 'spec')
  return spec?.['scopes'] !== undefined || spec?.['scopeSelector'] !== undefined
}

/** What one object takes of a quota, by the quota's names. */
export function takenBy(quota: ApiObject, kind: string, object: ApiObject): Amounts {
  const taken: Amounts = {}
  if (!inScope(quota, kind, object)) return taken
  for (const name of Object.keys(hardOf(quota))) {
    const amount = kindOf(name) === kind ? amountOf(name, kind, object) : undefined
    if (amount !== undefined) taken[name] = amount
  }
  return taken
}

/** What containers of a pod must say because a quota limits it: `limits.cpu for: c`. Empty when nothing is missing. */
export function missingFor(quota: ApiObject, kind: string, pod: ApiObject): string[] {
  if (kind !== 'pods' || !inScope(quota, kind, pod)) return []
  return Object.keys(hardOf(quota))
    .toSorted()
    .flatMap((name) => {
      const [part, resource] = computeOf(name) ?? []
      if (part === undefined || resource === undefined) return []
      const lacking = containersOf(pod)
        .filter((container) => member(member(container, 'resources'), part)?.[resource] === undefined)
        .map((container) => textOf(container['name']))
      return lacking.length === 0 ? [] : [`${name} for: ${lacking.join(',')}`]
    })
}

/** The kind that a name of a quota counts. */
function kindOf(name: string): string | undefined {
  if (name.startsWith('count/')) return name.slice('count/'.length)
  if (name === 'services.loadbalancers' || name === 'services.nodeports') return 'services'
  if (name === STORAGE || name.endsWith('.storageclass.storage.k8s.io/requests.storage'))
    return 'persistentvolumeclaims'
  if (name.endsWith('.storageclass.storage.k8s.io/persistentvolumeclaims')) return 'persistentvolumeclaims'
  if (PLAIN.has(name)) return name
  return computeOf(name) === undefined ? undefined : 'pods'
}

/** Which part of a pod's resources a name of a quota sums up: `requests`, `cpu`. */
function computeOf(name: string): ['requests' | 'limits', string] | undefined {
  if (COMPUTE.has(name)) return ['requests', name]
  const [, part, resource = ''] = /^(requests|limits)\.(.+)$/.exec(name) ?? []
  if ((part !== 'requests' && part !== 'limits') || name === STORAGE) return undefined
  return [part, resource]
}

function amountOf(name: string, kind: string, object: ApiObject): string | undefined {
  // Pods that have ended are counted by `count/pods` alone.
  if (kind === 'pods' && name !== 'count/pods' && isOver(object)) return undefined
  const compute = computeOf(name)
  if (compute !== undefined) return resourcesOf(object, ...compute)
  const spec = member(object, 'spec')
  const type = textOf(spec?.['type'])
  if (name === 'services.loadbalancers') return type === 'LoadBalancer' ? '1' : undefined
  if (name === 'services.nodeports')
    return type === 'NodePort' || type === 'LoadBalancer' ? String(items(spec, 'ports').length) : undefined
  const storageClass = /^(.+)\.storageclass\.storage\.k8s\.io\//.exec(name)?.[1]
  if (storageClass !== undefined && spec?.['storageClassName'] !== storageClass) return undefined
  if (name.endsWith(STORAGE)) return textOf(member(member(spec, 'resources'), 'requests')?.['storage']) || '0'
  return '1'
}

function isOver(pod: ApiObject): boolean {
  return ['Succeeded', 'Failed'].includes(textOf(member(pod, 'status')?.['phase']))
}

function containersOf(pod: ApiObject): JsonObject[] {
  return ['containers', 'initContainers'].flatMap((list) => items(member(pod, 'spec'), list))
}

/** What a pod's containers have of a resource together, or one that runs before them if that has more. */
function resourcesOf(pod: ApiObject, part: 'requests' | 'limits', resource: string): string {
  const of = (container: JsonObject): string =>
    asText(member(member(container, 'resources'), part)?.[resource] ?? '0')
  const total: Amounts = { [resource]: '0' }
  for (const container of items(member(pod, 'spec'), 'containers'))
    addAmounts(total, { [resource]: of(container) })
  return items(member(pod, 'spec'), 'initContainers')
    .map(of)
    .reduce((most, each) => (compareQuantities(each, most) > 0 ? each : most), total[resource] ?? '0')
}

/** Whether a quota's scopes take an object in; a quota with scopes is about pods alone. */
function inScope(quota: ApiObject, kind: string, object: ApiObject): boolean {
  const spec = member(quota, 'spec')
  const selectors = [
    ...strings(spec, 'scopes').map((scope): JsonObject => ({ scopeName: scope, operator: 'Exists' })),
    ...items(member(spec, 'scopeSelector'), 'matchExpressions'),
  ]
  if (selectors.length === 0) return true
  if (kind !== 'pods') return false
  const pod = member(object, 'spec') ?? {}
  return selectors.every((selector) => {
    switch (selector['scopeName']) {
      case 'Terminating':
        return typeof pod['activeDeadlineSeconds'] === 'number'
      case 'NotTerminating':
        return typeof pod['activeDeadlineSeconds'] !== 'number'
      case 'BestEffort':
        return qosClass(pod) === 'BestEffort'
      case 'NotBestEffort':
        return qosClass(pod) !== 'BestEffort'
      case 'PriorityClass':
        return priorityFits(textOf(pod['priorityClassName']), selector)
      default:
        return false
    }
  })
}

function priorityFits(name: string, selector: JsonObject): boolean {
  const values = strings(selector, 'values')
  switch (selector['operator']) {
    case 'In':
      return values.includes(name)
    case 'NotIn':
      return !values.includes(name)
    case 'Exists':
      return name !== ''
    default:
      return name === ''
  }
}

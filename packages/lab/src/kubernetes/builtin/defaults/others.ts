import { UNTOLD_NODE_INFO } from '../node-info.ts'
import type { ApiObject, JsonObject } from '../../resources.ts'
import { ensure, items, member, preset, strings, textOf } from './fields.ts'

const NOT_READY = 'node.kubernetes.io/not-ready'

/** Fills in what a Node leaves out; a new one may not get pods before it is ready. */
export function defaultNode(node: ApiObject, old?: ApiObject): void {
  const spec = ensure(node, 'spec')
  // The older field counts where the two differ.
  if (textOf(spec['podCIDR']) !== '' && strings(spec, 'podCIDRs')[0] !== spec['podCIDR'])
    spec['podCIDRs'] = [textOf(spec['podCIDR'])]
  else if (textOf(spec['podCIDR']) === '' && strings(spec, 'podCIDRs').length > 0)
    spec['podCIDR'] = strings(spec, 'podCIDRs')[0]
  if (old === undefined) {
    const taints = items(spec, 'taints')
    if (!taints.some((taint) => taint['key'] === NOT_READY && taint['effect'] === 'NoSchedule'))
      spec['taints'] = [...taints, { key: NOT_READY, effect: 'NoSchedule' }]
  }
  const status = ensure(node, 'status')
  const capacity = member(status, 'capacity')
  if (capacity !== undefined) preset(ensure(status, 'allocatable'), capacity)
  preset(ensure(ensure(status, 'daemonEndpoints'), 'kubeletEndpoint'), { Port: 0 })
  preset(ensure(status, 'nodeInfo'), UNTOLD_NODE_INFO)
}

/** Fills in what a core Event leaves out. */
export function defaultEvent(event: ApiObject): void {
  preset(event, {
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: '',
    reportingInstance: '',
  })
}

/** Fills in what an event of events.k8s.io leaves out. */
export function defaultNewEvent(event: ApiObject): void {
  preset(event, {
    eventTime: null,
    regarding: {},
    deprecatedSource: {},
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
  })
}

function subject(each: JsonObject): void {
  if (each['kind'] === 'ServiceAccount') return
  if (textOf(each['apiGroup']) === '') each['apiGroup'] = 'rbac.authorization.k8s.io'
}

/** Fills in what a role binding leaves out. */
export function defaultBinding(binding: ApiObject): void {
  const role = ensure(binding, 'roleRef')
  if (textOf(role['apiGroup']) === '') role['apiGroup'] = 'rbac.authorization.k8s.io'
  for (const each of items(binding, 'subjects')) subject(each)
}

/** Times that the server sets in the conditions of a signing request. */
export function defaultSigningRequest(request: ApiObject, old: ApiObject | undefined, now: string): void {
  const status = ensure(request, 'status')
  if (old === undefined) request['status'] = {}
  const before = items(member(old, 'status'), 'conditions')
  for (const condition of items(status, 'conditions')) {
    if (textOf(condition['status']) === '') condition['status'] = 'True'
    const known = before.find((each) => each['type'] === condition['type'])
    preset(condition, {
      lastUpdateTime: known?.['lastUpdateTime'] ?? now,
      lastTransitionTime: known?.['lastTransitionTime'] ?? now,
    })
  }
}

/** Fills in what an EndpointSlice leaves out. */
export function defaultEndpointSlice(slice: ApiObject): void {
  for (const endpoint of items(slice, 'endpoints')) ensure(endpoint, 'conditions')
  for (const port of items(slice, 'ports')) {
    preset(port, { name: '' })
    if (textOf(port['protocol']) === '') port['protocol'] = 'TCP'
  }
}

/** Fills in what Endpoints leave out. */
export function defaultEndpoints(endpoints: ApiObject): void {
  for (const subset of items(endpoints, 'subsets'))
    for (const port of items(subset, 'ports')) if (textOf(port['protocol']) === '') port['protocol'] = 'TCP'
}

/** Fills in what an Ingress leaves out. */
export function defaultIngress(ingress: ApiObject): void {
  ensure(ensure(ingress, 'status'), 'loadBalancer')
}

/** Fills in what a NetworkPolicy leaves out. */
export function defaultNetworkPolicy(policy: ApiObject): void {
  const spec = ensure(policy, 'spec')
  for (const direction of ['ingress', 'egress'])
    for (const rule of items(spec, direction))
      for (const port of items(rule, 'ports')) if (textOf(port['protocol']) === '') port['protocol'] = 'TCP'
  if (strings(spec, 'policyTypes').length === 0)
    spec['policyTypes'] = items(spec, 'egress').length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
}

/** Fills in what a PodDisruptionBudget leaves out. */
export function defaultDisruptionBudget(budget: ApiObject): void {
  preset(ensure(budget, 'status'), {
    disruptionsAllowed: 0,
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
  })
}

function addFinalizer(object: ApiObject, name: string): void {
  const all = object.metadata.finalizers ?? []
  if (!all.includes(name)) object.metadata.finalizers = [...all, name]
}

/** Fills in what a PersistentVolume leaves out. */
export function defaultVolume(volume: ApiObject, old: ApiObject | undefined, now: string): void {
  const spec = ensure(volume, 'spec')
  preset(spec, { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' })
  const host = member(spec, 'hostPath')
  if (host !== undefined) preset(host, { type: '' })
  preset(ensure(volume, 'status'), { phase: 'Pending', lastPhaseTransitionTime: now })
  if (old === undefined) addFinalizer(volume, 'kubernetes.io/pv-protection')
}

/** Fills in what a PersistentVolumeClaim leaves out. */
export function defaultClaim(claim: ApiObject, old?: ApiObject): void {
  preset(ensure(claim, 'spec'), { volumeMode: 'Filesystem' })
  preset(ensure(claim, 'status'), { phase: 'Pending' })
  if (old === undefined) addFinalizer(claim, 'kubernetes.io/pvc-protection')
}

/** Fills in what a LimitRange leaves out: defaults follow the maximum, requests follow the defaults. */
export function defaultLimitRange(range: ApiObject): void {
  for (const limit of items(ensure(range, 'spec'), 'limits')) {
    if (limit['type'] !== 'Container') continue
    const most = member(limit, 'max')
    if (most !== undefined) preset(ensure(limit, 'default'), most)
    const usual = member(limit, 'default')
    if (usual !== undefined) preset(ensure(limit, 'defaultRequest'), usual)
    const least = member(limit, 'min')
    if (least !== undefined) preset(ensure(limit, 'defaultRequest'), least)
  }
}

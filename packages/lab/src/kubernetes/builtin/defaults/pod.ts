import { randomBytes } from 'node:crypto'
import { forbidden } from '../../errors.ts'
import type { ApiObject, JsonObject, ResourceDefinition } from '../../resources.ts'
import { copy } from '../../rest/json.ts'
import { ensure, items, member, preset, textOf } from './fields.ts'
import { defaultPodSpec } from './pod-spec.ts'

/** Finds an object that a pod depends on. */
export type Lookup = (
  resource: 'serviceaccounts' | 'priorityclasses',
  name: string,
  namespace?: string,
) => ApiObject | undefined

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
/** Life of the token in a pod: an hour and what lets the kubelet renew it in time. */
const TOKEN_SECONDS = 3607

const SYSTEM_PRIORITIES: { [name: string]: number } = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
}

/** Fills in what a new or changed pod leaves out, in place. Throws Forbidden as the admission plug-ins do. */
export function defaultPod(
  definition: ResourceDefinition,
  pod: ApiObject,
  old: ApiObject | undefined,
  lookup: Lookup,
): void {
  const spec = ensure(pod, 'spec')
  for (const key of ['initContainers', 'containers'])
    for (const container of items(spec, key)) requestsFromLimits(container)
  defaultPodSpec(spec)
  if (spec['hostNetwork'] === true)
    for (const container of items(spec, 'containers'))
      for (const port of items(container, 'ports'))
        if (port['hostPort'] === undefined || port['hostPort'] === 0) port['hostPort'] = port['containerPort']
  preset(spec, { enableServiceLinks: true })
  const status = ensure(pod, 'status')
  for (const condition of items(status, 'conditions'))
    preset(condition, { lastProbeTime: null, lastTransitionTime: null })
  for (const key of ['containerStatuses', 'initContainerStatuses'])
    for (const each of items(status, key))
      preset(each, { lastState: {}, ready: false, restartCount: 0, image: '', imageID: '' })
  if (old !== undefined) return
  admitAccount(definition, pod, spec, lookup)
  admitPriority(definition, pod, spec, lookup)
  admitTolerations(spec)
  pod['status'] = { phase: 'Pending', qosClass: qosClass(spec) }
}

function requestsFromLimits(container: JsonObject): void {
  const resources = member(container, 'resources')
  const limits = member(resources, 'limits')
  if (resources === undefined || limits === undefined) return
  const requests = ensure(resources, 'requests')
  for (const [name, value] of Object.entries(limits)) if (requests[name] === undefined) requests[name] = value
}

function admitAccount(
  definition: ResourceDefinition,
  pod: ApiObject,
  spec: JsonObject,
  lookup: Lookup,
): void {
  // Pods that a kubelet mirrors have no account.
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return
  const namespace = pod.metadata.namespace ?? ''
  const name = textOf(spec['serviceAccountName']) || 'default'
  const account = lookup('serviceaccounts', name, namespace)
  if (account === undefined)
    throw forbidden(
      definition,
      pod.metadata.name,
      `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
    )
  spec['serviceAccountName'] = name
  spec['serviceAccount'] = name
  if (items(spec, 'imagePullSecrets').length === 0 && items(account, 'imagePullSecrets').length > 0)
    spec['imagePullSecrets'] = copy(account['imagePullSecrets'] ?? [])
  const wanted = spec['automountServiceAccountToken'] ?? account['automountServiceAccountToken']
  if (wanted !== false) mountToken(spec)
}

function mountToken(spec: JsonObject): void {
  const containers = ['initContainers', 'containers'].flatMap((key) => items(spec, key))
  const lacking = containers.filter(
    (container) => !items(container, 'volumeMounts').some((mount) => mount['mountPath'] === TOKEN_PATH),
  )
  if (lacking.length === 0) return
  const suffix = [...randomBytes(5)].map((byte) => LETTERS[byte % LETTERS.length] ?? 'x').join('')
  const name = `kube-api-access-${suffix}`
  for (const container of lacking)
    container['volumeMounts'] = [
      ...items(container, 'volumeMounts'),
      { name, readOnly: true, mountPath: TOKEN_PATH },
    ]
  spec['volumes'] = [
    ...items(spec, 'volumes'),
    {
      name,
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          {
            downwardAPI: {
              items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
            },
          },
        ],
        defaultMode: 420,
      },
    },
  ]
}

function admitPriority(
  definition: ResourceDefinition,
  pod: ApiObject,
  spec: JsonObject,
  lookup: Lookup,
): void {
  const name = textOf(spec['priorityClassName'])
  const found = name === '' ? undefined : lookup('priorityclasses', name)
  const value = name === '' ? 0 : (found?.['value'] ?? SYSTEM_PRIORITIES[name])
  if (value === undefined)
    throw forbidden(definition, pod.metadata.name, `no PriorityClass with name ${name} was found`)
  spec['priority'] = value
  preset(spec, { preemptionPolicy: found?.['preemptionPolicy'] ?? 'PreemptLowerPriority' })
}

/** Pods outlive a node that does not answer by five minutes, unless they say otherwise. */
function admitTolerations(spec: JsonObject): void {
  const tolerations = items(spec, 'tolerations')
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    const covered = tolerations.some(
      (each) =>
        (each['key'] === key || each['key'] === undefined || each['key'] === '') &&
        (each['effect'] === 'NoExecute' || each['effect'] === undefined || each['effect'] === ''),
    )
    if (!covered) tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })
  }
  spec['tolerations'] = tolerations
}

/** The class of service of a pod, by what its containers ask for. */
export function qosClass(spec: JsonObject): string {
  const containers = ['initContainers', 'containers'].flatMap((key) => items(spec, key))
  let guaranteed = containers.length > 0
  let any = false
  for (const container of containers) {
    const resources = member(container, 'resources')
    const limits = member(resources, 'limits') ?? {}
    const requests = member(resources, 'requests') ?? {}
    if ([limits, requests].some((each) => each['cpu'] !== undefined || each['memory'] !== undefined))
      any = true
    for (const name of ['cpu', 'memory'])
      if (limits[name] === undefined || limits[name] !== requests[name]) guaranteed = false
  }
  return guaranteed ? 'Guaranteed' : any ? 'Burstable' : 'BestEffort'
}

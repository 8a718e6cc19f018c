import type { ApiObject, JsonObject, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'
import { copy } from '../rest/json.ts'
import { items, member, textOf } from './defaults/fields.ts'

const VOLUMES = new Set(['persistentvolumes', 'persistentvolumeclaims'])
const ROLES = new Set(['roles.rbac.authorization.k8s.io', 'clusterroles.rbac.authorization.k8s.io'])
const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Fields of a spec that admission or allocation fills in, by kind. */
const FILLED_IN: { [resource: string]: string[] } = {
  services: ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort'],
  pods: [
    'preemptionPolicy',
    'priority',
    'tolerations',
    'serviceAccount',
    'serviceAccountName',
    'imagePullSecrets',
  ],
}

/**
 * A copy of a completed object without what the server itself decided after it had noted who manages which field: addresses,
 * ports, accounts, priorities. `given` is the object as it was sent. Nobody owns those fields until a client sets them.
 */
export function withoutAllocated(
  definition: ResourceDefinition,
  object: ApiObject,
  given: ApiObject,
): ApiObject {
  const result = copy(object) as ApiObject
  const resource = groupResource(definition)
  if (resource === 'namespaces') {
    forgetNameLabel(result, given)
    const finalizers = member(given, 'spec')?.['finalizers']
    if (Array.isArray(finalizers) && finalizers.length > 0) result['spec'] = { finalizers }
    else delete result['spec']
  }
  if (VOLUMES.has(resource)) keepGivenFinalizers(result, given)
  // What is kept as no rules at all was an empty list when it was sent.
  if (ROLES.has(resource) && Array.isArray(given['rules'])) result['rules'] = given['rules']
  const spec = member(result, 'spec')
  const sent = member(given, 'spec') ?? {}
  if (spec === undefined) return result
  if (resource === 'nodes') keepGiven(spec, sent, 'taints')
  if (resource === 'jobs.batch') forgetJobLabels(result, spec, given, sent)
  for (const field of FILLED_IN[resource] ?? [])
    if (isAbsent(sent[field])) {
      delete spec[field]
    } else if (field === 'tolerations') spec[field] = copy(sent[field] ?? [])
  if (sent['serviceAccountName'] !== undefined && resource === 'pods')
    spec['serviceAccount'] = sent['serviceAccountName']
  if (resource === 'services') {
    forgetNodePorts(spec, sent)
    // A policy that the type has no use for goes later.
    if (textOf(sent['externalTrafficPolicy']) !== '') keepGiven(spec, sent, 'externalTrafficPolicy')
  }
  if (resource === 'pods') forgetToken(spec, sent)
  return result
}

function keepGiven(target: JsonObject, given: JsonObject, field: string): void {
  const value = given[field]
  if (value === undefined || value === null) delete target[field]
  else target[field] = copy(value)
}

/** The labels that find a job's pods, and their selector, are made of its uid. */
function forgetJobLabels(object: ApiObject, spec: JsonObject, given: ApiObject, sent: JsonObject): void {
  const { labels } = given.metadata
  if (labels === undefined) delete object.metadata.labels
  else object.metadata.labels = labels
  keepGiven(spec, sent, 'selector')
  const metadata = member(member(spec, 'template'), 'metadata')
  if (metadata !== undefined)
    keepGiven(metadata, member(member(sent, 'template'), 'metadata') ?? {}, 'labels')
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0
}

/** The label with the name comes before the managers are noted, unless the name itself comes later. */
function forgetNameLabel(object: ApiObject, given: ApiObject): void {
  const { labels } = object.metadata
  if ((given.metadata.name ?? '') !== '' || labels === undefined) return
  if (given.metadata.labels?.['kubernetes.io/metadata.name'] === undefined)
    delete labels['kubernetes.io/metadata.name']
  if (Object.keys(labels).length === 0) delete object.metadata.labels
}

function keepGivenFinalizers(object: ApiObject, given: ApiObject): void {
  if (given.metadata.finalizers === undefined) delete object.metadata.finalizers
  else object.metadata.finalizers = given.metadata.finalizers
}

function forgetNodePorts(spec: JsonObject, sent: JsonObject): void {
  const ports = items(sent, 'ports')
  items(spec, 'ports').forEach((port, index) => {
    if (isAbsent(ports[index]?.['nodePort'])) delete port['nodePort']
  })
}

function forgetToken(spec: JsonObject, sent: JsonObject): void {
  const volumes = new Set(items(sent, 'volumes').map((volume) => volume['name']))
  const kept = items(spec, 'volumes').filter(
    (volume) => volumes.has(volume['name']) || !textOf(volume['name']).startsWith('kube-api-access-'),
  )
  if (kept.length > 0) spec['volumes'] = kept
  else delete spec['volumes']
  for (const list of ['containers', 'initContainers'])
    for (const [index, container] of items(spec, list).entries()) {
      const own = items(items(sent, list)[index], 'volumeMounts').map((mount) => mount['mountPath'])
      const mounts = items(container, 'volumeMounts').filter(
        (mount) => mount['mountPath'] !== TOKEN_PATH || own.includes(TOKEN_PATH),
      )
      if (mounts.length > 0) container['volumeMounts'] = mounts
      else delete container['volumeMounts']
    }
}

import type { ApiObject, JsonObject, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'
import { copy } from '../rest/json.ts'
import { items, member, textOf } from './defaults/fields.ts'

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
    if (given['spec'] === undefined) delete result['spec']
    else result['spec'] = copy(given['spec'])
  }
  if (resource === 'persistentvolumeclaims') keepGivenFinalizers(result, given)
  const spec = member(result, 'spec')
  const sent = member(given, 'spec') ?? {}
  if (spec === undefined) return result
  for (const field of FILLED_IN[resource] ?? [])
    if (isAbsent(sent[field])) {
      delete spec[field]
    } else if (field === 'tolerations') spec[field] = copy(sent[field] ?? [])
  if (sent['serviceAccountName'] !== undefined && resource === 'pods')
    spec['serviceAccount'] = sent['serviceAccountName']
  if (resource === 'services') forgetNodePorts(spec, sent)
  if (resource === 'pods') forgetToken(spec, sent)
  return result
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

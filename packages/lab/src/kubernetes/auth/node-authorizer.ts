import type { ApiObject, Json } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { asText, at, isObject } from '../rest/json.ts'
import type { Attributes, Decision } from './rbac.ts'
import { clusterRules, ruleAllows } from './rbac.ts'

const READS = ['get', 'list', 'watch']
/** Objects that a node may read when a pod on it uses them. */
const USED = new Set(['secrets', 'configmaps', 'persistentvolumeclaims', 'persistentvolumes'])
/** The role whose rules hold for what a node does besides. */
const NODE_ROLE = 'system:node'

/** The node that a user is; undefined for everybody else. */
export function nodeNameOf(user: { username: string; groups: string[] }): string | undefined {
  return user.groups.includes('system:nodes') ? /^system:node:(.+)$/.exec(user.username)?.[1] : undefined
}

/** What the Node authorizer says: nodes may do what their kubelets need and no more. Undefined where it has no say. */
export function authorizeNode(core: Core, attributes: Attributes): Decision | undefined {
  const node = nodeNameOf(attributes.user)
  if (node === undefined) return undefined
  if (attributes.path === undefined) {
    const refusal = refusalOf(core, node, attributes)
    if (refusal === '') return { allowed: true, reason: '' }
    if (refusal !== undefined) return { allowed: false, reason: refusal }
  }
  return { allowed: clusterRules(core, NODE_ROLE).some((rule) => ruleAllows(rule, attributes)), reason: '' }
}

/** Why a node may not; `''` when it may; undefined when only the role's rules tell. */
function refusalOf(core: Core, node: string, attributes: Attributes): string | undefined {
  const { group, resource, subresource = '', verb, name = '', namespace = '' } = attributes
  const place = group === '' ? resource : `${resource}.${group}`
  if (place === 'nodes') return nodeRefusal(node, verb, subresource, name)
  if (place === 'pods') return podRefusal(core, node, attributes)
  if (USED.has(place)) {
    if (subresource !== '') return 'cannot read subresource'
    if (!READS.includes(verb) || (verb !== 'get' && place.startsWith('persistent')))
      return 'can only read resources of this type'
    if (name === '') return 'no object name found'
    return podsOn(core, node, namespace).some((pod) => uses(core, pod, place, name))
      ? ''
      : `no relationship found between node '${node}' and this object`
  }
  if (place === 'serviceaccounts') {
    if (verb === 'get' && subresource === '') return undefined
    if (verb !== 'create' || subresource !== 'token')
      return 'can only get individual resources or create tokens of this type'
    return podsOn(core, node, namespace).some((pod) => at(pod, ['spec', 'serviceAccountName']) === name)
      ? ''
      : `no relationship found between node '${node}' and this object`
  }
  if (place === 'leases.coordination.k8s.io') {
    if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb))
      return 'can only get, create, update, patch, or delete a node lease'
    if (namespace !== 'kube-node-lease')
      return `can only access leases in the "kube-node-lease" system namespace`
    return verb === 'create' || name === node
      ? ''
      : 'can only access node lease with the same name as the requesting node'
  }
  if (place === 'csinodes.storage.k8s.io') {
    if (subresource !== '') return 'cannot authorize CSINode subresources'
    if (!['get', 'create', 'update', 'patch', 'delete'].includes(verb))
      return 'can only get, create, update, patch, or delete a CSINode'
    return verb === 'create' || name === node
      ? ''
      : 'can only access CSINode with the same name as the requesting node'
  }
  return undefined
}

function nodeRefusal(node: string, verb: string, subresource: string, name: string): string | undefined {
  if (subresource !== '' && READS.includes(verb)) return undefined
  if (!READS.includes(verb)) return undefined
  if (name === node) return ''
  return name === ''
    ? `node '${node}' cannot read all nodes, only its own Node object`
    : `node '${node}' cannot read '${name}', only its own Node object`
}

function podRefusal(core: Core, node: string, attributes: Attributes): string | undefined {
  const { verb, name = '', namespace = '', subresource = '', fields = [] } = attributes
  if (subresource !== '') return undefined
  if (verb === 'get')
    return podsOn(core, node, namespace).some((pod) => pod.metadata.name === name)
      ? ''
      : `no relationship found between node '${node}' and this object`
  if (verb !== 'list' && verb !== 'watch') return undefined
  if (fields.some(({ field, not, value }) => field === 'spec.nodeName' && !not && value === node)) return ''
  const pods = podsOn(core, node, namespace)
  if (name !== '' && pods.some((pod) => pod.metadata.name === name)) return ''
  return 'can only list/watch pods with spec.nodeName field selector'
}

function podsOn(core: Core, node: string, namespace: string): ApiObject[] {
  return core.storage
    .list('/pods', namespace === '' ? undefined : namespace)
    .filter((pod) => at(pod, ['spec', 'nodeName']) === node)
}

/** Whether a pod uses an object: by a volume, a variable, an image pull, or a claim. */
function uses(core: Core, pod: ApiObject, resource: string, name: string): boolean {
  if (resource === 'persistentvolumes') {
    const { namespace = '' } = pod.metadata
    return core.storage
      .list('/persistentvolumeclaims', namespace)
      .some(
        (claim) =>
          at(claim, ['spec', 'volumeName']) === name &&
          uses(core, pod, 'persistentvolumeclaims', claim.metadata.name ?? ''),
      )
  }
  return references(pod['spec'] ?? null, resource, name, '')
}

const BY_NAME: { [resource: string]: ReadonlySet<string> } = {
  secrets: new Set(['imagePullSecrets', 'secretRef', 'secretKeyRef', 'nodePublishSecretRef']),
  configmaps: new Set(['configMap', 'configMapRef', 'configMapKeyRef']),
  persistentvolumeclaims: new Set([]),
}
const OWN_FIELD: { [resource: string]: string } = {
  secrets: 'secretName',
  persistentvolumeclaims: 'claimName',
}

/** Looks for a reference of a kind in a part of a pod's spec; `key` is the field that holds the part. */
function references(value: Json, resource: string, name: string, key: string): boolean {
  if (Array.isArray(value)) return value.some((each) => references(each, resource, name, key))
  if (!isObject(value)) return false
  if (BY_NAME[resource]?.has(key) === true && value['name'] === name) return true
  // A projected volume's `secret` has a name, a volume's own has a secretName.
  if (resource === 'secrets' && key === 'secret' && value['name'] === name) return true
  const own = OWN_FIELD[resource]
  if (own !== undefined && asText(value[own]) === name) return true
  return Object.entries(value).some(
    ([field, each]) => each !== undefined && references(each, resource, name, field),
  )
}

import type { Admission, AdmissionRequest } from '../api.ts'
import { forbidden } from '../errors.ts'
import type { ApiObject } from '../resources.ts'
import { at } from '../rest/json.ts'
import { nodeNameOf } from './node-authorizer.ts'

/** Labels of the `kubernetes.io` names that a kubelet may set on its Node. */
const KUBELET_LABELS = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/instance-type',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.kubernetes.io/zone',
  'failure-domain.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'node.kubernetes.io/instance-type',
])

/** Holds what nodes write to their own Node, Lease and CSINode, and to the pods that are bound to them. */
export function nodeRestriction(): Admission {
  return {
    name: 'NodeRestriction',
    matches: ({ user }) => nodeNameOf(user) !== undefined,
    validate: (request) => {
      const node = nodeNameOf(request.user) ?? ''
      const { group, resource } = request.definition
      if (group === '' && resource === 'nodes') checkNode(request, node)
      if (group === '' && resource === 'pods') checkPod(request, node)
      if (
        (group === 'coordination.k8s.io' && resource === 'leases') ||
        (group === 'storage.k8s.io' && resource === 'csinodes')
      )
        checkOwn(request, node)
    },
  }
}

function nameOf({ name, object, oldObject }: AdmissionRequest): string {
  return name ?? object?.metadata.name ?? oldObject?.metadata.name ?? ''
}

function checkNode(request: AdmissionRequest, node: string): void {
  const { definition, object, oldObject, operation } = request
  const name = nameOf(request)
  const refuse = (text: string) => forbidden(definition, name, `node ${JSON.stringify(node)} ${text}`)
  if (name !== node) throw refuse(`is not allowed to modify node ${JSON.stringify(name)}`)
  if (operation === 'CREATE') {
    const labels = restrictedLabels(object, undefined)
    if (labels !== '') throw refuse(`is not allowed to set the following labels: ${labels}`)
    if ((object?.metadata.ownerReferences ?? []).length > 0)
      throw refuse('cannot create with ownerReferences')
  }
  if (operation !== 'UPDATE') return
  if (JSON.stringify(at(object, ['spec', 'taints'])) !== JSON.stringify(at(oldObject, ['spec', 'taints'])))
    throw refuse('is not allowed to modify taints')
  const labels = restrictedLabels(object, oldObject)
  if (labels !== '') throw refuse(`is not allowed to modify labels: ${labels}`)
}

/** Labels that a node may not set and that differ from before. */
function restrictedLabels(object: ApiObject | undefined, before: ApiObject | undefined): string {
  const now = object?.metadata.labels ?? {}
  const old = before?.metadata.labels ?? {}
  const changed = [...new Set([...Object.keys(now), ...Object.keys(old)])].filter(
    (key) => now[key] !== old[key],
  )
  return changed.filter(isRestricted).toSorted().join(', ')
}

function isRestricted(label: string): boolean {
  const [prefix = '', rest] = label.split('/')
  if (rest === undefined) return false
  if (prefix === 'node-restriction.kubernetes.io' || prefix.endsWith('.node-restriction.kubernetes.io'))
    return true
  if (!/(^|\.)(kubernetes|k8s)\.io$/.test(prefix)) return false
  return !KUBELET_LABELS.has(label) && !/(^|\.)(kubelet|node)\.kubernetes\.io$/.test(prefix)
}

function checkPod(request: AdmissionRequest, node: string): void {
  const { definition, object, oldObject, operation, subresource } = request
  const pod = oldObject ?? object
  const refuse = (text: string) =>
    forbidden(definition, nameOf(request), `node ${JSON.stringify(node)} ${text}`)
  if (operation === 'CREATE' && subresource === undefined) {
    if (object?.metadata.annotations?.['kubernetes.io/config.mirror'] === undefined)
      throw forbidden(
        definition,
        nameOf(request),
        `pod does not have "kubernetes.io/config.mirror" annotation, node ${JSON.stringify(node)} can only create mirror pods`,
      )
    return
  }
  if (at(pod, ['spec', 'nodeName']) === node) return
  if (operation === 'DELETE') throw refuse('can only delete pods with spec.nodeName set to itself')
  if (subresource === 'status')
    throw refuse('can only update pod status for pods with spec.nodeName set to itself')
}

function checkOwn(request: AdmissionRequest, node: string): void {
  const name = nameOf(request)
  if (name === node) return
  const what = request.definition.resource === 'leases' ? 'lease' : 'CSINode'
  throw forbidden(
    request.definition,
    name,
    what === 'lease'
      ? 'can only access node lease with the same name as the requesting node'
      : 'can only access CSINode with the same name as the requesting node',
  )
}

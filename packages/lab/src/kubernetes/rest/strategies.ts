import type { ApiObject, Json, JsonObject, ObjectMeta, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'
import { copy, isObject } from './json.ts'

/** Built-in kinds that count generations: those whose spec a controller acts on. */
const GENERATIONS = new Set([
  'pods',
  'replicationcontrollers',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'cronjobs.batch',
  'ingresses.networking.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'customresourcedefinitions.apiextensions.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'priorityclasses.scheduling.k8s.io',
  'ingressclasses.networking.k8s.io',
  'endpointslices.discovery.k8s.io',
])

/** Built-in kinds whose PUT must name a resourceVersion. */
const NEEDS_VERSION = new Set([
  'leases.coordination.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'apiservices.apiregistration.k8s.io',
])

/** Built-in kinds that keep the status they are created with: the kubelet registers Nodes with it. */
const KEEPS_STATUS = new Set(['nodes', 'persistentvolumes'])

/** Kinds whose spec no update of the object itself changes; what it asks for is passed over. */
const FIXED_SPEC = new Set(['namespaces', 'certificatesigningrequests.certificates.k8s.io'])

/** Whether an object counts its generations. Custom kinds always do. */
export function builtinGenerations(definition: ResourceDefinition): boolean {
  return GENERATIONS.has(groupResource(definition))
}

/** Whether a PUT without resourceVersion is refused. */
export function needsResourceVersion(definition: ResourceDefinition): boolean {
  return definition.crd === true || NEEDS_VERSION.has(groupResource(definition))
}

/** Whether status has its own subresource. */
export function hasStatus(definition: ResourceDefinition): boolean {
  return definition.subresources?.some((subresource) => subresource.name === 'status') === true
}

/** Whether a status in a create's body is thrown away. */
export function dropsStatus(definition: ResourceDefinition): boolean {
  return hasStatus(definition) && !KEEPS_STATUS.has(groupResource(definition))
}

/**
 * What an update of the main resource or of a subresource may change: the object to store, made of the one sent and the
 * one that is there. System metadata of `object` is already that of `old`.
 */
export function mergeSubresource(
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject,
  subresource: string | undefined,
): ApiObject {
  if (subresource === undefined) {
    if (!hasStatus(definition)) return object
    const { status: _, ...rest } = object
    // The finalizers of a namespace change by its finalize subresource alone, what a certificate was asked for does not at all.
    if (FIXED_SPEC.has(groupResource(definition)) && old['spec'] !== undefined)
      rest['spec'] = copy(old['spec'])
    if (old['status'] === undefined) return { ...rest, metadata: object.metadata }
    const status = copy(old['status'])
    if (definition.group === '' && definition.resource === 'services' && isObject(status))
      if (typeOf(old) === 'LoadBalancer' && typeOf(object) !== 'LoadBalancer') status['loadBalancer'] = {}
    return { ...rest, metadata: object.metadata, status }
  }
  if (subresource === 'status') {
    const status = object['status']
    const { status: _, ...rest } = copy(old)
    const metadata =
      definition.crd === true ? withManagers(copy(old.metadata), object.metadata) : { ...object.metadata }
    delete metadata.resourceVersion
    if (definition.crd !== true) {
      // Built-in kinds keep everything of the metadata but who owns and who holds the object.
      if (old.metadata.ownerReferences === undefined) delete metadata.ownerReferences
      else metadata.ownerReferences = old.metadata.ownerReferences
    }
    return { ...rest, metadata, ...(status === undefined ? {} : { status }) }
  }
  if (subresource === 'finalize') {
    const { finalizers } = specOf(object)
    const spec = { ...specOf(old) }
    if (Array.isArray(finalizers) && finalizers.length > 0) spec['finalizers'] = finalizers
    else delete spec['finalizers']
    return { ...unversioned(old), metadata: object.metadata, spec }
  }
  if (subresource === 'ephemeralcontainers') {
    const spec = isObject(object['spec']) ? object['spec'] : {}
    const kept = unversioned(old)
    return { ...kept, spec: { ...specOf(kept), ephemeralContainers: spec['ephemeralContainers'] ?? [] } }
  }
  if (subresource === 'resize') return resized(object, unversioned(old))
  if (subresource === 'approval') {
    const status = object['status']
    const oldStatus = old['status']
    const metadata = copy(old.metadata)
    delete metadata.resourceVersion
    const conditions = isObject(status) ? status['conditions'] : undefined
    return {
      ...copy(old),
      metadata,
      status: {
        ...(isObject(oldStatus) ? oldStatus : {}),
        ...(conditions === undefined ? {} : { conditions }),
      },
    }
  }
  return object
}

/** Metadata that is kept, but for who manages what. */
function withManagers(kept: ObjectMeta, { managedFields }: ObjectMeta): ObjectMeta {
  if (managedFields === undefined) delete kept.managedFields
  else kept.managedFields = managedFields
  return kept
}

/** A copy of a stored object to make its next state of. */
function unversioned(old: ApiObject): ApiObject {
  const result = copy(old)
  delete result.metadata.resourceVersion
  return result
}

function specOf(object: ApiObject): JsonObject {
  return isObject(object['spec']) ? object['spec'] : {}
}

/** A pod with the resources that are asked for, of the containers that it has. */
function resized(asked: ApiObject, pod: ApiObject): ApiObject {
  for (const list of ['containers', 'initContainers']) {
    const wanted = specOf(asked)[list]
    const containers = specOf(pod)[list]
    if (!Array.isArray(wanted) || !Array.isArray(containers)) continue
    for (const container of containers.filter(isObject)) {
      const next = wanted.filter(isObject).find((each) => each['name'] === container['name'])
      for (const field of ['resources', 'resizePolicy'])
        if (next?.[field] !== undefined) container[field] = copy(next[field])
    }
  }
  return pod
}

function typeOf(service: ApiObject): Json | undefined {
  return isObject(service['spec']) ? service['spec']['type'] : undefined
}

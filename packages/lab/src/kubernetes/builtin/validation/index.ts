import type { FieldError } from '../../errors.ts'
import type { ApiObject, ResourceDefinition } from '../../resources.ts'
import { groupResource } from '../../resources.ts'
import type { ServiceAllocator } from '../service-allocator.ts'
import {
  bindingProblems,
  endpointSliceProblems,
  endpointsProblems,
  eventProblems,
  leaseProblems,
  newEventProblems,
  nodeProblems,
  roleProblems,
  signingRequestProblems,
} from './cluster.ts'
import { apiServiceProblems } from './api-service.ts'
import { configMapProblems, secretProblems } from './data.ts'
import { ingressProblems } from './ingress.ts'
import { podProblems } from './pod-update.ts'
import { policyBindingProblems, policyProblems } from './policies.ts'
import { serviceProblems } from './service.ts'
import { webhookProblems } from './webhooks.ts'
import { jobProblems, workloadProblems } from './workloads.ts'

/** What is wrong with an object of a built-in kind, beyond its metadata; `old` is the stored state on updates. */
export function builtinValidate(
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject | undefined,
  allocator: ServiceAllocator,
  subresource?: string,
): FieldError[] {
  switch (groupResource(definition)) {
    case 'pods':
      return podProblems(object, old, subresource)
    case 'services':
      return serviceProblems(object, old, allocator)
    case 'configmaps':
      return configMapProblems(object, old)
    case 'secrets':
      return secretProblems(object, old)
    case 'deployments.apps':
    case 'replicasets.apps':
    case 'statefulsets.apps':
    case 'daemonsets.apps':
      return workloadProblems(object, old)
    case 'jobs.batch':
      return jobProblems(object)
    case 'ingresses.networking.k8s.io':
      return ingressProblems(object)
    case 'leases.coordination.k8s.io':
      return leaseProblems(object)
    case 'events':
      return eventProblems(object)
    case 'events.events.k8s.io':
      return newEventProblems(object)
    case 'nodes':
      return nodeProblems(object, old)
    case 'endpoints':
      return endpointsProblems(object)
    case 'endpointslices.discovery.k8s.io':
      return endpointSliceProblems(object, old)
    case 'roles.rbac.authorization.k8s.io':
    case 'clusterroles.rbac.authorization.k8s.io':
      return roleProblems(object)
    case 'rolebindings.rbac.authorization.k8s.io':
    case 'clusterrolebindings.rbac.authorization.k8s.io':
      return bindingProblems(object, old)
    case 'certificatesigningrequests.certificates.k8s.io':
      return signingRequestProblems(object, old)
    case 'validatingadmissionpolicies.admissionregistration.k8s.io':
      return policyProblems(object)
    case 'validatingadmissionpolicybindings.admissionregistration.k8s.io':
      return policyBindingProblems(object)
    case 'validatingwebhookconfigurations.admissionregistration.k8s.io':
    case 'mutatingwebhookconfigurations.admissionregistration.k8s.io':
      return webhookProblems(object)
    case 'apiservices.apiregistration.k8s.io':
      return apiServiceProblems(object)
    default:
      return []
  }
}

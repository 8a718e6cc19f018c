import type { ApiObject, ResourceDefinition } from '../../resources.ts'
import { groupResource } from '../../resources.ts'
import type { ServiceAllocator } from '../service-allocator.ts'
import { ensure, preset } from './fields.ts'
import {
  defaultBinding,
  defaultClaim,
  defaultDisruptionBudget,
  defaultEndpoints,
  defaultEndpointSlice,
  defaultEvent,
  defaultIngress,
  defaultLimitRange,
  defaultNetworkPolicy,
  defaultNewEvent,
  defaultNode,
  defaultSigningRequest,
  defaultVolume,
} from './others.ts'
import { defaultPolicy, defaultPolicyBinding, defaultWebhooks } from './admission.ts'
import type { Lookup } from './pod.ts'
import { defaultPod } from './pod.ts'
import { defaultTemplate } from './pod-spec.ts'
import { defaultService } from './service.ts'
import {
  defaultAutoscaler,
  defaultCronJob,
  defaultDaemonSet,
  defaultDeployment,
  defaultJob,
  defaultReplicaSet,
  defaultStatefulSet,
} from './workloads.ts'

/** What defaults need to know of the server. */
export interface DefaultsContext {
  lookup: Lookup
  allocator: ServiceAllocator
  /** Now, as metadata has it. */
  now(): string
}

/**
 * Fills in what an object of a built-in kind leaves out, in place; `old` is the stored state on updates. Throws a StatusError
 * where the API server's admission would refuse.
 */
export function builtinDefaults(
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject | undefined,
  context: DefaultsContext,
): void {
  switch (groupResource(definition)) {
    case 'pods':
      return defaultPod(definition, object, old, context.lookup)
    case 'services':
      return defaultService(definition, object, old, context.allocator)
    case 'podtemplates':
      return defaultTemplate(ensure(object, 'template'))
    case 'deployments.apps':
      return defaultDeployment(object)
    case 'replicasets.apps':
    case 'replicationcontrollers':
      return defaultReplicaSet(object)
    case 'statefulsets.apps':
      return defaultStatefulSet(object)
    case 'daemonsets.apps':
      return defaultDaemonSet(object, old)
    case 'jobs.batch':
      return defaultJob(object, old)
    case 'cronjobs.batch':
      return defaultCronJob(object)
    case 'horizontalpodautoscalers.autoscaling':
      return definition.version === 'v2' ? defaultAutoscaler(object) : undefined
    case 'nodes':
      return defaultNode(object, old)
    case 'events':
      return defaultEvent(object)
    case 'events.events.k8s.io':
      return defaultNewEvent(object)
    case 'rolebindings.rbac.authorization.k8s.io':
    case 'clusterrolebindings.rbac.authorization.k8s.io':
      return defaultBinding(object)
    case 'roles.rbac.authorization.k8s.io':
    case 'clusterroles.rbac.authorization.k8s.io':
      // An empty list of rules is kept as none at all.
      if (Array.isArray(object['rules']) && object['rules'].length === 0) object['rules'] = null
      return preset(object, { rules: null })
    case 'certificatesigningrequests.certificates.k8s.io':
      return defaultSigningRequest(object, old, context.now())
    case 'endpointslices.discovery.k8s.io':
      return defaultEndpointSlice(object)
    case 'endpoints':
      return defaultEndpoints(object)
    case 'ingresses.networking.k8s.io':
      return defaultIngress(object)
    case 'networkpolicies.networking.k8s.io':
      return defaultNetworkPolicy(object)
    case 'poddisruptionbudgets.policy':
      return defaultDisruptionBudget(object)
    case 'persistentvolumes':
      return defaultVolume(object, old, context.now())
    case 'persistentvolumeclaims':
      return defaultClaim(object, old)
    case 'storageclasses.storage.k8s.io':
      return preset(object, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' })
    case 'priorityclasses.scheduling.k8s.io':
      return preset(object, { preemptionPolicy: 'PreemptLowerPriority' })
    case 'limitranges':
      return defaultLimitRange(object)
    case 'resourcequotas':
      return void ensure(object, 'status')
    case 'validatingadmissionpolicies.admissionregistration.k8s.io':
      return defaultPolicy(object)
    case 'validatingadmissionpolicybindings.admissionregistration.k8s.io':
      return defaultPolicyBinding(object)
    case 'mutatingwebhookconfigurations.admissionregistration.k8s.io':
    case 'validatingwebhookconfigurations.admissionregistration.k8s.io':
      return defaultWebhooks(object)
    default:
  }
}

import { UNTOLD_NODE_INFO } from '../builtin/node-info.ts'
import type { JsonObject, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'

const META = {}
const POD_SPEC = { containers: null }
const TEMPLATE = { metadata: META, spec: POD_SPEC }
const JOB_SPEC = { template: TEMPLATE }
const LOAD_BALANCER = { loadBalancer: {} }

/**
 * What Go prints of an object of a built-in kind that nobody has filled in: members without `omitempty`, by kind. Who creates
 * an object manages what differs from this. Kinds that are not named print an empty spec and status.
 */
const ZERO: { [resource: string]: JsonObject } = {
  bindings: { target: {} },
  events: {
    involvedObject: {},
    source: {},
    firstTimestamp: null,
    lastTimestamp: null,
    eventTime: null,
    reportingComponent: '',
    reportingInstance: '',
  },
  limitranges: { spec: { limits: null } },
  namespaces: { spec: {}, status: {} },
  nodes: {
    spec: {},
    status: {
      daemonEndpoints: { kubeletEndpoint: { Port: 0 } },
      nodeInfo: UNTOLD_NODE_INFO,
    },
  },
  persistentvolumeclaims: { spec: { resources: {} }, status: {} },
  persistentvolumes: { spec: {}, status: {} },
  pods: { spec: POD_SPEC, status: {} },
  podtemplates: { template: TEMPLATE },
  replicationcontrollers: { spec: {}, status: { replicas: 0 } },
  resourcequotas: { spec: {}, status: {} },
  services: { spec: {}, status: LOAD_BALANCER },
  'controllerrevisions.apps': { revision: 0 },
  'daemonsets.apps': {
    spec: { selector: null, template: TEMPLATE, updateStrategy: {} },
    status: {
      currentNumberScheduled: 0,
      numberMisscheduled: 0,
      desiredNumberScheduled: 0,
      numberReady: 0,
    },
  },
  'deployments.apps': { spec: { selector: null, template: TEMPLATE, strategy: {} }, status: {} },
  'replicasets.apps': { spec: { selector: null, template: TEMPLATE }, status: { replicas: 0 } },
  'statefulsets.apps': {
    spec: { selector: null, template: TEMPLATE, updateStrategy: {} },
    status: { replicas: 0, availableReplicas: 0 },
  },
  'events.events.k8s.io': {
    eventTime: null,
    regarding: {},
    deprecatedSource: {},
    deprecatedFirstTimestamp: null,
    deprecatedLastTimestamp: null,
  },
  'horizontalpodautoscalers.autoscaling': {
    spec: { scaleTargetRef: { kind: '', name: '' }, maxReplicas: 0 },
    status: { desiredReplicas: 0, currentMetrics: null },
  },
  'jobs.batch': { spec: JOB_SPEC, status: {} },
  'cronjobs.batch': { spec: { schedule: '', jobTemplate: { metadata: META, spec: JOB_SPEC } }, status: {} },
  'certificatesigningrequests.certificates.k8s.io': { spec: { request: null, signerName: '' }, status: {} },
  'tokenrequests.authentication.k8s.io': {
    spec: { audiences: null, expirationSeconds: null, boundObjectRef: null },
    status: { token: '', expirationTimestamp: null },
  },
  'leases.coordination.k8s.io': { spec: {} },
  'endpointslices.discovery.k8s.io': { addressType: '', endpoints: null, ports: null },
  'ingresses.networking.k8s.io': { spec: {}, status: LOAD_BALANCER },
  'ingressclasses.networking.k8s.io': { spec: {} },
  'networkpolicies.networking.k8s.io': { spec: { podSelector: {} } },
  'runtimeclasses.node.k8s.io': { handler: '' },
  'poddisruptionbudgets.policy': {
    spec: {},
    status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  },
  'roles.rbac.authorization.k8s.io': { rules: null },
  'clusterroles.rbac.authorization.k8s.io': { rules: null },
  'rolebindings.rbac.authorization.k8s.io': { roleRef: { apiGroup: '', kind: '', name: '' } },
  'clusterrolebindings.rbac.authorization.k8s.io': { roleRef: { apiGroup: '', kind: '', name: '' } },
  'priorityclasses.scheduling.k8s.io': { value: 0 },
  'csidrivers.storage.k8s.io': { spec: {} },
  'csinodes.storage.k8s.io': { spec: { drivers: null } },
  'storageclasses.storage.k8s.io': { provisioner: '' },
  'volumeattachments.storage.k8s.io': {
    spec: { attacher: '', source: {}, nodeName: '' },
    status: { attached: false },
  },
  'validatingadmissionpolicies.admissionregistration.k8s.io': { spec: {}, status: {} },
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': { spec: {} },
  'customresourcedefinitions.apiextensions.k8s.io': {
    spec: { group: '', names: { plural: '', kind: '' }, scope: '', versions: null },
    status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: null },
  },
  'apiservices.apiregistration.k8s.io': {
    spec: { groupPriorityMinimum: 0, versionPriority: 0 },
    status: {},
  },
}

/** The state that a created object is compared with to see what its creator manages; without apiVersion and kind. */
export function zeroObject(definition: ResourceDefinition): JsonObject {
  if (definition.crd === true) return { metadata: META }
  return { metadata: META, ...(ZERO[groupResource(definition)] ?? { spec: {}, status: {} }) }
}

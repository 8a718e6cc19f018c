/**
 * How lists and maps of the built-in types are merged: by which key, as a set, or whole. One line a type:
 * `Type field=rule field=rule`. Rules: `m(k)` patch-merged by k, and a map list of that key for server-side apply; `m(k;a,b)`
 * patch-merged by k, a map list of the keys a and b; `m` patch-merged primitives, a set; `l(k)` a map list without patch merge,
 * `l(k;a,b)` of several keys; `r(k)` as m(k) with retainKeys; `x(k)` patch-merged by k, atomic for apply; `s` a set without patch
 * merge; `R` retainKeys of an object; `A` atomic (of lists the default, so it is written for objects and maps only).
 */
const CORE = `
PodSpec volumes=r(name) containers=m(name) initContainers=m(name) ephemeralContainers=m(name) imagePullSecrets=m(name) hostAliases=m(ip) topologySpreadConstraints=m(topologyKey;topologyKey,whenUnsatisfiable) schedulingGates=m(name) resourceClaims=r(name) nodeSelector=A
Container ports=m(containerPort;containerPort,protocol) env=m(name) volumeMounts=m(mountPath) volumeDevices=m(devicePath)
EphemeralContainer ports=m(containerPort;containerPort,protocol) env=m(name) volumeMounts=m(mountPath) volumeDevices=m(devicePath)
EphemeralContainerCommon ports=m(containerPort;containerPort,protocol) env=m(name) volumeMounts=m(mountPath) volumeDevices=m(devicePath)
PodStatus conditions=m(type) podIPs=m(ip) hostIPs=x(ip) resourceClaimStatuses=r(name)
ResourceRequirements claims=l(name)
ServiceSpec ports=m(port;port,protocol) selector=A
ServiceStatus conditions=m(type)
ServiceAccount secrets=m(name)
NodeSpec podCIDRs=m
NodeStatus conditions=m(type) addresses=m(type)
NamespaceStatus conditions=m(type)
PersistentVolumeClaimStatus conditions=m(type)
ReplicationControllerSpec selector=A
ReplicationControllerStatus conditions=m(type)
ComponentStatus conditions=m(type)
ContainerStatus volumeMounts=m(mountPath) allocatedResourcesStatus=m(name)
ResourceStatus resources=l(resourceID)
ContainerRestartRuleOnExitCodes values=s
FileKeySelector :A
EndpointAddress :A
EndpointPort :A
LocalObjectReference :A
ObjectReference :A
SecretReference :A
TypedLocalObjectReference :A
SecretKeySelector :A
ConfigMapKeySelector :A
ObjectFieldSelector :A
ResourceFieldSelector :A
NodeSelector :A
NodeSelectorTerm :A
ScopeSelector :A
TopologySelectorTerm :A
`

const OTHERS = `
k8s.io.api.apps.v1 DeploymentSpec strategy=R
k8s.io.api.apps.v1 DeploymentStatus conditions=m(type)
k8s.io.api.apps.v1 ReplicaSetStatus conditions=m(type)
k8s.io.api.apps.v1 StatefulSetStatus conditions=m(type)
k8s.io.api.apps.v1 DaemonSetStatus conditions=m(type)
k8s.io.api.batch.v1 JobStatus conditions=x(type)
k8s.io.api.networking.v1 ServiceCIDRStatus conditions=m(type)
k8s.io.api.policy.v1 PodDisruptionBudgetStatus conditions=m(type)
k8s.io.api.policy.v1 PodDisruptionBudgetSpec selector=P
k8s.io.api.storage.v1 CSINodeSpec drivers=m(name)
k8s.io.api.certificates.v1 CertificateSigningRequestStatus conditions=l(type)
k8s.io.api.discovery.v1 Endpoint addresses=s
k8s.io.api.rbac.v1 RoleRef :A
k8s.io.api.rbac.v1 Subject :A
k8s.io.api.admissionregistration.v1 MutatingWebhookConfiguration webhooks=m(name)
k8s.io.api.admissionregistration.v1 ValidatingWebhookConfiguration webhooks=m(name)
k8s.io.api.admissionregistration.v1 MutatingWebhook matchConditions=m(name)
k8s.io.api.admissionregistration.v1 ValidatingWebhook matchConditions=m(name)
k8s.io.api.admissionregistration.v1 ValidatingAdmissionPolicySpec matchConditions=m(name) variables=m(name)
k8s.io.api.admissionregistration.v1 ValidatingAdmissionPolicyBindingSpec validationActions=s
k8s.io.api.admissionregistration.v1 ParamRef :A
k8s.io.api.admissionregistration.v1 ParamKind :A
k8s.io.api.admissionregistration.v1 Variable :A
k8s.io.api.admissionregistration.v1 ValidatingAdmissionPolicyStatus conditions=l(type)
k8s.io.api.admissionregistration.v1 MutatingAdmissionPolicySpec matchConditions=m(name)
k8s.io.api.admissionregistration.v1 MatchResources :A
k8s.io.api.admissionregistration.v1 NamedRuleWithOperations :A
k8s.io.apimachinery.pkg.apis.meta.v1 ObjectMeta finalizers=m ownerReferences=m(uid)
k8s.io.api.batch.v1 PodFailurePolicyOnExitCodesRequirement values=s
k8s.io.api.batch.v1 UncountedTerminatedPods succeeded=s failed=s
k8s.io.api.networking.v1 ServiceBackendPort :A
k8s.io.api.storage.v1 CSIDriverSpec volumeLifecycleModes=s
k8s.io.api.autoscaling.v1 CrossVersionObjectReference :A
k8s.io.api.discovery.v1 EndpointPort :A
k8s.io.api.node.v1 Scheduling nodeSelector=A
k8s.io.api.autoscaling.v2 HorizontalPodAutoscalerStatus conditions=m(type)
k8s.io.api.resource.v1 ResourceClaimStatus reservedFor=m(uid) devices=l(driver;driver,device,pool,shareID)
k8s.io.api.resource.v1 AllocatedDeviceStatus conditions=l(type)
k8s.io.api.flowcontrol.v1 FlowSchemaStatus conditions=m(type)
k8s.io.api.flowcontrol.v1 PriorityLevelConfigurationStatus conditions=m(type)
k8s.io.api.flowcontrol.v1 ResourcePolicyRule verbs=s apiGroups=s resources=s namespaces=s
k8s.io.api.flowcontrol.v1 NonResourcePolicyRule verbs=s nonResourceURLs=s
k8s.io.kube_aggregator.pkg.apis.apiregistration.v1 APIServiceStatus conditions=m(type)
k8s.io.apimachinery.pkg.apis.meta.v1 LabelSelector :A
k8s.io.apimachinery.pkg.apis.meta.v1 OwnerReference :A
k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1 CustomResourceDefinitionStatus conditions=l(type)
k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1 JSONSchemaProps x-kubernetes-validations=m(rule)
`

/** The OpenAPI extensions of one field, or of a type as a whole (`''`). */
export type MergeRules = { [field: string]: { [extension: string]: unknown } }

function rule(text: string): { [extension: string]: unknown } {
  const [, letter = '', key = '', keys] = /^(\w)(?:\(([^;)]+)(?:;([^)]+))?\))?$/.exec(text) ?? []
  const mapKeys = keys?.split(',') ?? [key]
  const strategy = (value: string): { [extension: string]: unknown } => ({
    'x-kubernetes-patch-strategy': value,
    ...(key === '' ? {} : { 'x-kubernetes-patch-merge-key': key }),
  })
  const list = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': mapKeys }
  switch (letter) {
    case 'm':
      return key === ''
        ? { ...strategy('merge'), 'x-kubernetes-list-type': 'set' }
        : { ...strategy('merge'), ...list }
    case 'r':
      return { ...strategy('merge,retainKeys'), ...list }
    case 'x':
      return { ...strategy('merge'), 'x-kubernetes-list-type': 'atomic' }
    case 'l':
      return list
    case 's':
      return { 'x-kubernetes-list-type': 'set' }
    case 'R':
      return strategy('retainKeys')
    case 'P':
      return strategy('replace')
    case 'A':
      return { 'x-kubernetes-map-type': 'atomic' }
    default:
      return {}
  }
}

function parse(): Map<string, MergeRules> {
  const result = new Map<string, MergeRules>()
  const lines = [...CORE.split('\n').map((line) => `k8s.io.api.core.v1 ${line}`), ...OTHERS.split('\n')]
  for (const line of lines) {
    const [home = '', type = '', ...parts] = line.split(' ')
    if (type === '') continue
    const rules: MergeRules = {}
    for (const part of parts) {
      if (part === ':A') rules[''] = rule('A')
      else {
        const mark = part.indexOf('=')
        rules[part.slice(0, mark)] = rule(part.slice(mark + 1))
      }
    }
    result.set(`${home}.${type}`, rules)
  }
  return result
}

let known: Map<string, MergeRules> | undefined

/** The merge rules of a message, by its full name. */
export function mergeRules(message: string): MergeRules {
  known ??= parse()
  return known.get(message) ?? {}
}

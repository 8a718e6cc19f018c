import { defineKind } from '../kind.ts'
import type { Condition, KubernetesObject } from '../objects.ts'

/** A `Namespace`, as far as we read it. */
export interface Namespace extends KubernetesObject {
  spec?: { finalizers?: string[] }
  status?: { phase?: 'Active' | 'Terminating'; conditions?: Condition[] }
}
/** The kind `Namespace`. */
export const Namespace = defineKind<Namespace>({
  apiVersion: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
})

/** A `Secret`, as far as we read it. */
export interface Secret extends KubernetesObject {
  type?: string
  immutable?: boolean
  /** Values in base64. */
  data?: Record<string, string>
  /** Values as text; write-only. */
  stringData?: Record<string, string>
}
/** The kind `Secret`. */
export const Secret = defineKind<Secret>({
  apiVersion: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
})

/** A `ConfigMap`, as far as we read it. */
export interface ConfigMap extends KubernetesObject {
  immutable?: boolean
  data?: Record<string, string>
  /** Values in base64. */
  binaryData?: Record<string, string>
}
/** The kind `ConfigMap`. */
export const ConfigMap = defineKind<ConfigMap>({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
})

/** `Taint` of the Kubernetes API, as far as we read it. */
export type Taint = {
  key: string
  value?: string
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  timeAdded?: string
}
/** A `Node`, as far as we read it. */
export interface Node extends KubernetesObject {
  spec?: {
    providerID?: string
    unschedulable?: boolean
    taints?: Taint[]
    podCIDR?: string
    podCIDRs?: string[]
  }
  status?: {
    addresses?: { type: string; address: string }[]
    capacity?: Record<string, string>
    allocatable?: Record<string, string>
    conditions?: (Condition & { lastHeartbeatTime?: string })[]
    nodeInfo?: {
      kubeletVersion?: string
      osImage?: string
      kernelVersion?: string
      containerRuntimeVersion?: string
      architecture?: string
      operatingSystem?: string
      machineID?: string
      systemUUID?: string
      bootID?: string
    }
  }
}
/** The kind `Node`. */
export const Node = defineKind<Node>({ apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false })

/** `Toleration` of the Kubernetes API, as far as we read it. */
export type Toleration = {
  key?: string
  operator?: 'Exists' | 'Equal'
  value?: string
  effect?: string
  tolerationSeconds?: number
}
/** `Container` of the Kubernetes API, as far as we read it. */
export type Container = {
  name: string
  image?: string
  command?: string[]
  args?: string[]
  ports?: { containerPort: number; name?: string; protocol?: string }[]
} & Record<string, unknown>
/** `PodSpec` of the Kubernetes API, as far as we read it. */
export type PodSpec = {
  containers: Container[]
  initContainers?: Container[]
  nodeName?: string
  nodeSelector?: Record<string, string>
  tolerations?: Toleration[]
  affinity?: Record<string, unknown>
  hostNetwork?: boolean
  volumes?: ({ name: string } & Record<string, unknown>)[]
  terminationGracePeriodSeconds?: number
  serviceAccountName?: string
} & Record<string, unknown>
/** A `Pod`, as far as we read it. */
export interface Pod extends KubernetesObject {
  spec?: PodSpec
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
    reason?: string
    message?: string
    podIP?: string
    hostIP?: string
    startTime?: string
    conditions?: Condition[]
    containerStatuses?: {
      name: string
      ready: boolean
      restartCount: number
      image: string
      state?: Record<string, unknown>
    }[]
  }
}
/** The kind `Pod`. */
export const Pod = defineKind<Pod>({ apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true })

/** `PodTemplate` of the Kubernetes API, as far as we read it. */
export type PodTemplate = {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: PodSpec
}
/** `LabelSelector` of the Kubernetes API, as far as we read it. */
export type LabelSelector = {
  matchLabels?: Record<string, string>
  matchExpressions?: {
    key: string
    operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
    values?: string[]
  }[]
}

/** A `Service`, as far as we read it. */
export interface Service extends KubernetesObject {
  spec?: {
    type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
    clusterIP?: string
    clusterIPs?: string[]
    externalIPs?: string[]
    selector?: Record<string, string>
    ports?: {
      name?: string
      port: number
      targetPort?: number | string
      nodePort?: number
      protocol?: string
    }[]
  } & Record<string, unknown>
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } }
}
/** The kind `Service`. */
export const Service = defineKind<Service>({
  apiVersion: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
})

/** A `ServiceAccount`, as far as we read it. */
export interface ServiceAccount extends KubernetesObject {
  automountServiceAccountToken?: boolean
}
/** The kind `ServiceAccount`. */
export const ServiceAccount = defineKind<ServiceAccount>({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
})

/** `ObjectReference` of the Kubernetes API, as far as we read it. */
export type ObjectReference = {
  apiVersion?: string
  kind?: string
  namespace?: string
  name?: string
  uid?: string
  resourceVersion?: string
  fieldPath?: string
}
/** A `Event`, as far as we read it. */
export interface Event extends KubernetesObject {
  involvedObject: ObjectReference
  reason?: string
  message?: string
  type?: 'Normal' | 'Warning'
  count?: number
  firstTimestamp?: string | null
  lastTimestamp?: string | null
  eventTime?: string | null
  action?: string
  source?: { component?: string; host?: string }
  reportingComponent?: string
  reportingInstance?: string
}
/** The kind `Event`. */
export const Event = defineKind<Event>({
  apiVersion: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
})

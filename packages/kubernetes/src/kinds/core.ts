import { defineKind } from '../kind.ts'
import type { Condition, KubernetesObject } from '../objects.ts'

export interface Namespace extends KubernetesObject {
  spec?: { finalizers?: string[] }
  status?: { phase?: 'Active' | 'Terminating'; conditions?: Condition[] }
}
export const Namespace = defineKind<Namespace>({
  apiVersion: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
})

export interface Secret extends KubernetesObject {
  type?: string
  immutable?: boolean
  /** Values in base64. */
  data?: Record<string, string>
  /** Values as text; write-only. */
  stringData?: Record<string, string>
}
export const Secret = defineKind<Secret>({
  apiVersion: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
})

export interface ConfigMap extends KubernetesObject {
  immutable?: boolean
  data?: Record<string, string>
  /** Values in base64. */
  binaryData?: Record<string, string>
}
export const ConfigMap = defineKind<ConfigMap>({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
})

export type Taint = {
  key: string
  value?: string
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  timeAdded?: string
}
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
      kubeletVersion: string
      osImage: string
      kernelVersion: string
      containerRuntimeVersion: string
      architecture: string
      operatingSystem: string
      machineID: string
      systemUUID: string
      bootID: string
    }
  }
}
export const Node = defineKind<Node>({ apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false })

export type Toleration = {
  key?: string
  operator?: 'Exists' | 'Equal'
  value?: string
  effect?: string
  tolerationSeconds?: number
}
export type Container = {
  name: string
  image?: string
  command?: string[]
  args?: string[]
  ports?: { containerPort: number; name?: string; protocol?: string }[]
} & Record<string, unknown>
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
export const Pod = defineKind<Pod>({ apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true })

export type PodTemplate = {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: PodSpec
}
export type LabelSelector = {
  matchLabels?: Record<string, string>
  matchExpressions?: {
    key: string
    operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
    values?: string[]
  }[]
}

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
export const Service = defineKind<Service>({
  apiVersion: 'v1',
  kind: 'Service',
  plural: 'services',
  namespaced: true,
})

export interface ServiceAccount extends KubernetesObject {
  automountServiceAccountToken?: boolean
}
export const ServiceAccount = defineKind<ServiceAccount>({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
})

export type ObjectReference = {
  apiVersion?: string
  kind?: string
  namespace?: string
  name?: string
  uid?: string
  resourceVersion?: string
  fieldPath?: string
}
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
export const Event = defineKind<Event>({
  apiVersion: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
})

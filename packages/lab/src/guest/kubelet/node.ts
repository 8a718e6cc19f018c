import type { Json, JsonObject } from '../../kubernetes/resources.ts'
import type { KubeletConfig } from './config.ts'
import type { KubeletHost } from './host.ts'

/** What a Node is made from. */
export interface NodeFacts {
  name: string
  version: string
  labels: Record<string, string>
  /** `--node-ip`, or the address of the default route. */
  address: string | undefined
  config: KubeletConfig
}

/** Text of the runtime while no network plugin has written its configuration. */
export const NETWORK_NOT_READY =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized'

const MIGRATED =
  'kubernetes.io/aws-ebs,kubernetes.io/azure-disk,kubernetes.io/azure-file,kubernetes.io/cinder,kubernetes.io/gce-pd,kubernetes.io/portworx-volume,kubernetes.io/vsphere-volume'

/** What of a disk is left for the root file system once it is formatted: seen of one of 32 GiB. */
const ROOT_SHARE = 31_526_212 / 33_554_432

/** The Node as the kubelet registers it. */
export function newNode(host: KubeletHost, facts: NodeFacts, now: string): JsonObject {
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: {
      name: facts.name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/hostname': facts.name,
        ...facts.labels,
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
      },
      annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' },
    },
    spec: {
      ...(facts.config.providerId === '' ? {} : { providerID: facts.config.providerId }),
      ...(facts.config.taints.length === 0 ? {} : { taints: facts.config.taints }),
    },
    status: nodeStatus(host, facts, now, { ready: false, csiReady: false }),
  }
}

/** What a Node says of itself. */
export function nodeStatus(
  host: KubeletHost,
  facts: NodeFacts,
  now: string,
  state: { ready: boolean; csiReady: boolean },
): JsonObject {
  const memory = Math.floor(host.memory / 1024)
  const disk = Math.floor((host.diskSize / 1024) * ROOT_SHARE)
  return {
    capacity: {
      cpu: String(host.cpus),
      'ephemeral-storage': `${disk}Ki`,
      'hugepages-1Gi': '0',
      'hugepages-2Mi': '0',
      memory: `${memory}Ki`,
      pods: String(facts.config.maxPods),
    },
    allocatable: {
      cpu: String(host.cpus),
      'ephemeral-storage': String(Math.floor(disk * 1024 * 0.9)),
      'hugepages-1Gi': '0',
      'hugepages-2Mi': '0',
      memory: `${Math.max(0, memory - 102_400)}Ki`,
      pods: String(facts.config.maxPods),
    },
    conditions: conditions(now, state),
    addresses: [
      ...(facts.address === undefined ? [] : [{ type: 'InternalIP', address: facts.address }]),
      { type: 'Hostname', address: facts.name },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
    nodeInfo: {
      machineID: host.machineId,
      systemUUID: host.systemUuid,
      bootID: host.bootId,
      kernelVersion: '6.1.0-42-amd64',
      osImage: 'Debian GNU/Linux 12 (bookworm)',
      containerRuntimeVersion: 'containerd://1.7.28',
      kubeletVersion: facts.version,
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
  }
}

/** Conditions of a Node. */
export function conditions(now: string, state: { ready: boolean; csiReady: boolean }): Json[] {
  const fine = (type: string, reason: string, message: string): JsonObject => ({
    type,
    status: 'False',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason,
    message,
  })
  const missing = state.csiReady
    ? NETWORK_NOT_READY
    : `[${NETWORK_NOT_READY}, CSINode is not yet initialized]`
  return [
    fine('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    fine('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    fine('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    {
      type: 'Ready',
      status: state.ready ? 'True' : 'False',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
      reason: state.ready ? 'KubeletReady' : 'KubeletNotReady',
      message: state.ready ? 'kubelet is posting ready status' : missing,
    },
  ]
}

/** The CSINode of a Node. */
export function csiNode(name: string, uid: string): JsonObject {
  return {
    kind: 'CSINode',
    apiVersion: 'storage.k8s.io/v1',
    metadata: {
      name,
      annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': MIGRATED },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }],
    },
    spec: { drivers: null },
  }
}

/** The Lease of a Node. */
export function nodeLease(name: string, uid: string, renewTime: string): JsonObject {
  return {
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: {
      name,
      namespace: 'kube-node-lease',
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }],
    },
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime },
  }
}

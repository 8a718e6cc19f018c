import { randomUUID } from 'node:crypto'
import {
  FINALIZER,
  LABEL_CLUSTER,
  LABEL_POOL,
  printMark,
  type Machine,
  type MachineClass,
  type Mark,
  type NodePool,
  type ProxmoxCluster,
} from '@fochista/api'
import { TenantControlPlane } from '@fochista/kamaji'
import type { ClusterResource } from '@fochista/proxmox'
import { MachineClasses, Machines, NodePools, ProxmoxClusters } from '../kinds.ts'

export const GIB = 2 ** 30
/** The installation of all tests. */
export const INSTALLATION = '11111111-2222-4333-8444-555555555555'
/** The namespace of all tests. */
export const NAMESPACE = 'acme'

type Given<T extends { metadata: object; spec: object; status?: object }> = {
  metadata?: Partial<T['metadata']>
  spec?: Partial<T['spec']>
  status?: T['status']
}

/** A Machine of pool `workers`, not placed yet. */
export function aMachine({ metadata, spec, status }: Given<Machine> = {}): Machine {
  return {
    apiVersion: Machines.apiVersion,
    kind: Machines.kind,
    metadata: {
      name: 'workers-x7k2b',
      namespace: NAMESPACE,
      labels: { [LABEL_POOL]: 'workers', [LABEL_CLUSTER]: 'tenant-test' },
      finalizers: [FINALIZER],
      ...metadata,
    },
    spec: {
      id: randomUUID(),
      nodePoolName: 'workers',
      proxmoxCluster: 'dc1',
      clusterName: 'tenant-test',
      className: 'small',
      version: 'v1.30.4',
      ...spec,
    },
    ...(status ? { status } : {}),
  }
}

/** What `place` would write for a Machine: VM 412 on pve1, from template 9000. */
export const placed = {
  vmid: 412,
  host: 'pve1',
  storage: 'local-lvm',
  isoStorage: 'local',
  pool: 'fochista-acme',
  template: { vmid: 9000, node: 'pve1' },
  cores: 2,
  memory: 4 * GIB,
  disk: 20 * GIB,
} as const

/** The mark of a Machine's VM. */
export function markOf(machine: Machine, more: Partial<Mark> = {}): string {
  return printMark({
    installation: INSTALLATION,
    namespace: NAMESPACE,
    pool: machine.spec.nodePoolName,
    machine: machine.metadata.name,
    id: machine.spec.id,
    time: '2026-01-01T00:00:00Z',
    ...more,
  })
}

/** The pool `workers` of cluster `tenant-test`. */
export function aPool({ metadata, spec, status }: Given<NodePool> = {}): NodePool {
  return {
    apiVersion: NodePools.apiVersion,
    kind: NodePools.kind,
    metadata: { name: 'workers', namespace: NAMESPACE, ...metadata },
    spec: { clusterName: 'tenant-test', className: 'small', replicas: 3, ...spec },
    ...(status ? { status } : {}),
  }
}

/** The class `small`: 2 cores, 4 GiB, 20 GiB, from template 9000. */
export function aClass({ metadata, spec, status }: Given<MachineClass> = {}): MachineClass {
  return {
    apiVersion: MachineClasses.apiVersion,
    kind: MachineClasses.kind,
    metadata: { name: 'small', ...metadata },
    spec: {
      proxmoxClusterName: 'dc1',
      template: { vmid: 9000 },
      storage: 'local-lvm',
      isoStorage: 'local',
      networks: [{ bridge: 'vmbr0' }],
      cores: { default: 2, max: 8 },
      memory: { default: '4Gi', max: '32Gi' },
      disk: { default: '20Gi', max: '100Gi' },
      ...spec,
    },
    ...(status ? { status } : {}),
  }
}

/** The Proxmox cluster `dc1`, with VMIDs 400 to 499 for us. */
export function aProxmoxCluster({ metadata, spec, status }: Given<ProxmoxCluster> = {}): ProxmoxCluster {
  return {
    apiVersion: ProxmoxClusters.apiVersion,
    kind: ProxmoxClusters.kind,
    metadata: { name: 'dc1', ...metadata },
    spec: {
      endpoints: ['https://pve1.example:8006'],
      credentialsRef: { name: 'dc1-credentials' },
      vmidRange: { start: 400, end: 499 },
      ...spec,
    },
    ...(status ? { status } : {}),
  }
}

/** The control plane `tenant-test`, Ready, of Kubernetes 1.30.4. */
export function aControlPlane(
  given: {
    metadata?: Partial<TenantControlPlane['metadata']>
    version?: string
    status?: TenantControlPlane['status']
  } = {},
): TenantControlPlane {
  const { metadata, version = 'v1.30.4', status } = given
  return {
    apiVersion: TenantControlPlane.apiVersion,
    kind: TenantControlPlane.kind,
    metadata: { name: 'tenant-test', namespace: NAMESPACE, uid: 'tcp-1', ...metadata },
    spec: {
      kubernetes: { version },
      controlPlane: { service: { serviceType: 'LoadBalancer' } },
    } as TenantControlPlane['spec'],
    status:
      status ??
      ({
        kubernetesResources: { version: { status: 'Ready', version } },
        certificates: { ca: { secretName: 'tenant-test-ca' } },
      } as NonNullable<TenantControlPlane['status']>),
  }
}

/** A host of the inventory: online, 16 cores, 64 GiB. */
export function aHost(node: string, given: Partial<ClusterResource> = {}): ClusterResource {
  return {
    id: `node/${node}`,
    type: 'node',
    node,
    status: 'online',
    maxcpu: 16,
    maxmem: 64 * GIB,
    mem: 0,
    ...given,
  }
}

/** A VM of the inventory: running, 4 GiB. */
export function aVm(vmid: number, node: string, given: Partial<ClusterResource> = {}): ClusterResource {
  return {
    id: `qemu/${vmid}`,
    type: 'qemu',
    vmid,
    node,
    name: `vm-${vmid}`,
    status: 'running',
    maxmem: 4 * GIB,
    ...given,
  }
}

/** A template of the inventory. */
export function aTemplate(
  vmid: number,
  node: string,
  tags = 'kubelet-v1.30.4',
  name = 'worker',
): ClusterResource {
  return aVm(vmid, node, { status: 'stopped', template: true as never, tags, name })
}

/** A storage of the inventory, seen from a host: 500 GiB free for disks and images. */
export function aStorage(
  storage: string,
  node: string,
  given: Partial<ClusterResource> = {},
): ClusterResource {
  return {
    id: `storage/${node}/${storage}`,
    type: 'storage',
    storage,
    node,
    status: 'available',
    content: 'images,iso',
    maxdisk: 500 * GIB,
    disk: 0,
    ...given,
  }
}

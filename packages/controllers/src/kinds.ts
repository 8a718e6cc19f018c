import {
  machineClassKind,
  machineKind,
  nodePoolKind,
  proxmoxClusterKind,
  type Machine,
  type MachineClass,
  type NodePool,
  type ProxmoxCluster,
} from '@fochista/api'
import { defineKind } from '@fochista/kubernetes'

/** Machines, as the Kubernetes client addresses them. */
export const Machines = defineKind<Machine>(machineKind)
/** NodePools, as the Kubernetes client addresses them. */
export const NodePools = defineKind<NodePool>(nodePoolKind)
/** MachineClasses, as the Kubernetes client addresses them. */
export const MachineClasses = defineKind<MachineClass>(machineClassKind)
/** ProxmoxClusters, as the Kubernetes client addresses them. */
export const ProxmoxClusters = defineKind<ProxmoxCluster>(proxmoxClusterKind)

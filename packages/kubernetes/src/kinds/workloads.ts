import { defineKind } from '../kind.ts'
import type { Condition, KubernetesObject } from '../objects.ts'
import type { LabelSelector, PodTemplate } from './core.ts'

/** A `Deployment`, as far as we read it. */
export interface Deployment extends KubernetesObject {
  spec?: { replicas?: number; selector: LabelSelector; template: PodTemplate } & Record<string, unknown>
  status?: {
    observedGeneration?: number
    replicas?: number
    readyReplicas?: number
    updatedReplicas?: number
    availableReplicas?: number
    unavailableReplicas?: number
    conditions?: Condition[]
  }
}
/** The kind `Deployment`. */
export const Deployment = defineKind<Deployment>({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
})

/** A `DaemonSet`, as far as we read it. */
export interface DaemonSet extends KubernetesObject {
  spec?: { selector: LabelSelector; template: PodTemplate } & Record<string, unknown>
  status?: {
    observedGeneration?: number
    currentNumberScheduled: number
    desiredNumberScheduled: number
    numberReady: number
    numberAvailable?: number
  }
}
/** The kind `DaemonSet`. */
export const DaemonSet = defineKind<DaemonSet>({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  namespaced: true,
})

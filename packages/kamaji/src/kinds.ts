import { defineKind } from '@fochista/kubernetes'
import type { KubernetesObject } from '@fochista/kubernetes'
import type {
  DataStoreSpec,
  DataStoreStatus,
  KubeconfigGeneratorSpec,
  KubeconfigGeneratorStatus,
  TenantControlPlaneSpec,
  TenantControlPlaneStatus,
} from './generated/types.ts'

const KAMAJI = 'kamaji.clastix.io/v1alpha1'

/** A tenant cluster's control plane. */
export interface TenantControlPlane extends KubernetesObject {
  spec: TenantControlPlaneSpec
  status?: TenantControlPlaneStatus
}
/** The kind `TenantControlPlane`. */
export const TenantControlPlane = defineKind<TenantControlPlane>({
  apiVersion: KAMAJI,
  kind: 'TenantControlPlane',
  plural: 'tenantcontrolplanes',
  namespaced: true,
})

/** Where control planes keep their data; cluster-scoped. */
export interface DataStore extends KubernetesObject {
  spec: DataStoreSpec
  status?: DataStoreStatus
}
/** The kind `DataStore`. */
export const DataStore = defineKind<DataStore>({
  apiVersion: KAMAJI,
  kind: 'DataStore',
  plural: 'datastores',
  namespaced: false,
})

/** Makes kubeconfigs for users in many control planes; cluster-scoped, off unless Kamaji was installed with it. */
export interface KubeconfigGenerator extends KubernetesObject {
  spec: KubeconfigGeneratorSpec
  status?: KubeconfigGeneratorStatus
}
/** The kind `KubeconfigGenerator`. */
export const KubeconfigGenerator = defineKind<KubeconfigGenerator>({
  apiVersion: KAMAJI,
  kind: 'KubeconfigGenerator',
  plural: 'kubeconfiggenerators',
  namespaced: false,
})

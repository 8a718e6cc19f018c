import { defineKind } from '../kind.ts'
import type { Condition, KubernetesObject } from '../objects.ts'

/** A `CustomResourceDefinition`, as far as we read it. */
export interface CustomResourceDefinition extends KubernetesObject {
  spec: {
    group: string
    scope: 'Namespaced' | 'Cluster'
    names: {
      kind: string
      plural: string
      singular?: string
      listKind?: string
      shortNames?: string[]
      categories?: string[]
    }
    versions: ({ name: string; served: boolean; storage: boolean } & Record<string, unknown>)[]
  } & Record<string, unknown>
  status?: { conditions?: Condition[]; storedVersions?: string[] }
}
/** The kind `CustomResourceDefinition`. */
export const CustomResourceDefinition = defineKind<CustomResourceDefinition>({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
})

/** A `CertificateSigningRequest`, as far as we read it. */
export interface CertificateSigningRequest extends KubernetesObject {
  spec: {
    /** PEM, in base64. */
    request: string
    signerName: string
    usages?: string[]
    expirationSeconds?: number
    username?: string
    groups?: string[]
  }
  /** `certificate` is PEM in base64. */
  status?: { certificate?: string; conditions?: Condition[] }
}
/** The kind `CertificateSigningRequest`. */
export const CertificateSigningRequest = defineKind<CertificateSigningRequest>({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  namespaced: false,
})

const RBAC = 'rbac.authorization.k8s.io/v1'

/** What a role allows. */
export type PolicyRule = {
  verbs: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}
/** Whom a binding means. */
export type Subject = {
  kind: 'User' | 'Group' | 'ServiceAccount'
  name: string
  namespace?: string
  apiGroup?: string
}
/** Which role a binding gives. */
export type RoleRef = { apiGroup: string; kind: 'Role' | 'ClusterRole'; name: string }

/** A `Role`, as far as we read it. */
export interface Role extends KubernetesObject {
  rules?: PolicyRule[] | null
}
/** The kind `Role`. */
export const Role = defineKind<Role>({ apiVersion: RBAC, kind: 'Role', plural: 'roles', namespaced: true })

/** A `ClusterRole`, as far as we read it. */
export interface ClusterRole extends KubernetesObject {
  rules?: PolicyRule[] | null
  aggregationRule?: Record<string, unknown>
}
/** The kind `ClusterRole`. */
export const ClusterRole = defineKind<ClusterRole>({
  apiVersion: RBAC,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
})

/** A `RoleBinding`, as far as we read it. */
export interface RoleBinding extends KubernetesObject {
  subjects?: Subject[]
  roleRef: RoleRef
}
/** The kind `RoleBinding`. */
export const RoleBinding = defineKind<RoleBinding>({
  apiVersion: RBAC,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  namespaced: true,
})

/** A `ClusterRoleBinding`, as far as we read it. */
export interface ClusterRoleBinding extends KubernetesObject {
  subjects?: Subject[]
  roleRef: RoleRef
}
/** The kind `ClusterRoleBinding`. */
export const ClusterRoleBinding = defineKind<ClusterRoleBinding>({
  apiVersion: RBAC,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  namespaced: false,
})

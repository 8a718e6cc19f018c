import { crds } from '../crd.ts'
import type { ObjectMeta } from '../kind.ts'
import { CONTROLLERS_ACCOUNT, GROUP, INSTALLATION_CONFIG_MAP, SYSTEM_NAMESPACE } from '../names.ts'
import { controllersManifests } from './controllers.ts'

/** What the installation's manifests are made from. */
export interface InstallOptions {
  /** UUID of the installation; stands in the mark of every VM and must never change. */
  readonly installation: string
  /** Namespaces whose Secrets the controllers may get. Default: all. */
  readonly namespaces?: readonly string[] | undefined
  /** Image of the controllers, if they are to run in the management cluster. Default: they run elsewhere. */
  readonly image?: string | undefined
}

/** Any object that `install` makes. */
export interface Manifest {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}

interface PolicyRule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
  resourceNames?: string[]
}

const rbac = 'rbac.authorization.k8s.io'
const read = ['get', 'list', 'watch']
const write = ['create', 'update', 'patch', 'delete']
/** By which people find what is ours; server-side apply also wants a field to own. */
const labels = { 'app.kubernetes.io/name': 'fochista' }
const ours = ['proxmoxclusters', 'machineclasses', 'nodepools', 'machines']

/** Namespace, CRDs, roles and the installation's identity, in the order in which they must be made. */
export function installManifests({ installation, namespaces, image }: InstallOptions): Manifest[] {
  const controllers = { kind: 'ServiceAccount', name: CONTROLLERS_ACCOUNT, namespace: SYSTEM_NAMESPACE }
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM_NAMESPACE, labels } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: INSTALLATION_CONFIG_MAP, namespace: SYSTEM_NAMESPACE },
      data: { id: installation },
    },
    ...crds.map((crd) => ({ ...crd })),
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: controllers.name, namespace: SYSTEM_NAMESPACE, labels },
    },
    clusterRole('fochista-controllers', [
      { apiGroups: [GROUP], resources: ours, verbs: [...read, 'create', 'update', 'patch', 'delete'] },
      {
        apiGroups: [GROUP],
        resources: ours.flatMap((one) => [`${one}/status`, `${one}/finalizers`]),
        verbs: ['get', 'update', 'patch'],
      },
      { apiGroups: ['kamaji.clastix.io'], resources: ['tenantcontrolplanes'], verbs: read },
      { apiGroups: [''], resources: ['namespaces'], verbs: read },
      { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
    ]),
    binding('ClusterRoleBinding', 'fochista-controllers', 'ClusterRole', 'fochista-controllers', controllers),
    role('fochista-controllers', [
      { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...read, ...write] },
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
      // The Secret of a ProxmoxCluster in use carries our finalizer.
      { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'patch'] },
    ]),
    binding(
      'RoleBinding',
      'fochista-controllers',
      'Role',
      'fochista-controllers',
      controllers,
      SYSTEM_NAMESPACE,
    ),
    clusterRole('fochista-tenant-secrets', [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]),
    ...(namespaces
      ? namespaces.map((namespace) =>
          binding(
            'RoleBinding',
            'fochista-tenant-secrets',
            'ClusterRole',
            'fochista-tenant-secrets',
            controllers,
            namespace,
          ),
        )
      : [
          binding(
            'ClusterRoleBinding',
            'fochista-tenant-secrets',
            'ClusterRole',
            'fochista-tenant-secrets',
            controllers,
          ),
        ]),
    clusterRole('fochista-operator', [{ apiGroups: [GROUP], resources: ours, verbs: [...read, ...write] }]),
    clusterRole('fochista-tenant-admin', [
      {
        apiGroups: ['kamaji.clastix.io'],
        resources: ['tenantcontrolplanes', 'tenantcontrolplanes/scale'],
        verbs: [...read, ...write],
      },
      { apiGroups: [GROUP], resources: ['nodepools', 'nodepools/scale'], verbs: [...read, ...write] },
      { apiGroups: [GROUP], resources: ['machines'], verbs: [...read, 'delete'] },
      { apiGroups: [''], resources: ['events'], verbs: read },
      { apiGroups: [''], resources: ['secrets'], verbs: ['get'] },
    ]),
    clusterRole('fochista-tenant-viewer', [
      { apiGroups: ['kamaji.clastix.io'], resources: ['tenantcontrolplanes'], verbs: read },
      { apiGroups: [GROUP], resources: ['nodepools', 'machines'], verbs: read },
      { apiGroups: [''], resources: ['events'], verbs: read },
    ]),
    // Everybody may see what classes are offered; nobody but operators sees Proxmox clusters.
    clusterRole('fochista-class-viewer', [
      { apiGroups: [GROUP], resources: ['machineclasses'], verbs: read },
    ]),
    {
      ...binding(
        'ClusterRoleBinding',
        'fochista-class-viewer',
        'ClusterRole',
        'fochista-class-viewer',
        controllers,
      ),
      subjects: [{ apiGroup: rbac, kind: 'Group', name: 'system:authenticated' }],
    },
    ...(image === undefined ? [] : controllersManifests(image)),
  ]
}

function clusterRole(name: string, rules: PolicyRule[]): Manifest {
  return { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules }
}

function role(name: string, rules: PolicyRule[]): Manifest {
  return { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name, namespace: SYSTEM_NAMESPACE }, rules }
}

function binding(
  kind: string,
  name: string,
  roleKind: string,
  roleName: string,
  subject: object,
  namespace?: string,
): Manifest {
  return {
    apiVersion: `${rbac}/v1`,
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
    roleRef: { apiGroup: rbac, kind: roleKind, name: roleName },
    subjects: [subject],
  }
}

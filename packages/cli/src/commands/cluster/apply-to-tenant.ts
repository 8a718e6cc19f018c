import type { TenantControlPlane } from '@fochista/kamaji'
import type { Kubernetes, KubernetesObject } from '@fochista/kubernetes'

/**
 * Applies manifests to a tenant cluster with server-side apply, in the order given, CustomResourceDefinitions and Namespaces
 * first. A repeat changes nothing. Throws what the tenant's API server answers.
 */
export async function applyToTenant(
  management: Kubernetes,
  cluster: TenantControlPlane,
  manifests: readonly KubernetesObject[],
): Promise<void> {
  const { connectTenant } = await import('@fochista/kamaji')
  const tenant = await connectTenant(management, cluster)
  try {
    for (const manifest of [...manifests].sort((a, b) => rank(a) - rank(b))) {
      const kind = await tenant.kubernetes.resolve(manifest)
      const namespace = kind.namespaced ? (manifest.metadata.namespace ?? 'default') : undefined
      await tenant.kubernetes.apply(
        { ...manifest, metadata: { ...manifest.metadata, ...(namespace ? { namespace } : {}) } },
        { force: true },
      )
    }
  } finally {
    await tenant.close()
  }
}

function rank(manifest: KubernetesObject): number {
  if (manifest.kind === 'Namespace') return 0
  return manifest.kind === 'CustomResourceDefinition' ? 1 : 2
}

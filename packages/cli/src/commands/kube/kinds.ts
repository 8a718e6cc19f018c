/** A kind that users look at beside our own. */
interface KubeKind {
  /** Path of its API. */
  readonly api: string
  readonly isNamespaced: boolean
  /** Whether tenants' clusters have it too. */
  readonly isInTenants: boolean
}

const ofCluster = { api: '/api/v1', isNamespaced: false, isInTenants: true }
const ofNamespace = { ...ofCluster, isNamespaced: true }

/** The kinds of `fochista kube` by their word, which is their name in the API. */
export const kubeKinds: Readonly<Record<string, KubeKind>> = {
  deployments: { ...ofNamespace, api: '/apis/apps/v1' },
  pods: ofNamespace,
  services: ofNamespace,
  secrets: ofNamespace,
  events: ofNamespace,
  nodes: ofCluster,
  namespaces: ofCluster,
  datastores: { api: '/apis/kamaji.clastix.io/v1alpha1', isNamespaced: false, isInTenants: false },
}

/** Path of the list of a kind: of one namespace, percent-encoded, or of all where it has none or none is given. */
export function listPath(word: string, namespace?: string): string {
  const { api = '', isNamespaced = false } = kubeKinds[word] ?? {}
  return `${api}${isNamespaced && namespace !== undefined ? `/namespaces/${namespace}` : ''}/${word}`
}

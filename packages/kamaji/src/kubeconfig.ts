import { Secret } from '@fochista/kubernetes'
import type { CallOptions, Kubernetes } from '@fochista/kubernetes'
import { TenantNotReadyError } from './errors.ts'
import type { TenantControlPlane } from './kinds.ts'

/** Which of the kubeconfigs that Kamaji writes. */
export type KubeconfigOptions = CallOptions & {
  /** `admin` is bound by RBAC to cluster-admin, `super-admin` passes by RBAC. @default 'admin' */
  user?: 'admin' | 'super-admin'
  /** Address in it: the endpoint for everybody, or the Service's name inside the management cluster. @default 'endpoint' */
  server?: 'endpoint' | 'service'
}

/**
 * A kubeconfig of the tenant cluster, as Kamaji wrote it. Whoever can write the Secret can write this text: connect with
 * `connectTenant`, never with the text as it is. Throws TenantNotReadyError while there is none.
 */
export async function kubeconfigOf(
  kubernetes: Kubernetes,
  tcp: TenantControlPlane,
  options: KubeconfigOptions = {},
): Promise<string> {
  const { user = 'admin', server = 'endpoint', ...call } = options
  const { name, namespace } = tcp.metadata
  const secretName = tcp.status?.kubeconfig?.admin?.secretName
  if (!secretName) throw new TenantNotReadyError(`TenantControlPlane "${name}" has no kubeconfig yet`)
  const secret = await kubernetes.get(Secret, { name: secretName, namespace: namespace ?? 'default' }, call)
  const key = `${user}.${server === 'endpoint' ? 'conf' : 'svc'}`
  const data = secret.data?.[key]
  if (!data)
    throw new TenantNotReadyError(
      `Secret "${secretName}" of TenantControlPlane "${name}" has no key ${key} yet`,
    )
  return Buffer.from(data, 'base64').toString('utf8')
}

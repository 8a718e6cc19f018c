import type { ManagementCluster } from '../../../packages/lab/src/management/cluster.ts'
import { isObject } from '../json.ts'
import { send } from '../kubernetes/send.ts'
import type { Answer, Call } from '../kubernetes/send.ts'

const SECRETS = { group: '', version: 'v1', resource: 'secrets' }

/** Sends a request to the API server of a namespace's control plane, as its administrator. Status 0 where nothing answers. */
export async function sendToTenant(
  cluster: ManagementCluster,
  namespace: string,
  call: Call,
): Promise<Answer> {
  const tenant = cluster.tenants.list().find((each) => each.namespace === namespace)
  if (tenant === undefined) return { status: 0, reason: '', headers: {}, body: 'no tenant answers' }
  const secret = cluster.api.store.get(SECRETS, namespace, `${tenant.name}-admin-kubeconfig`)
  const data = isObject(secret?.['data']) ? secret['data'] : {}
  const config = Buffer.from(`${data['admin.conf'] as string}`, 'base64').toString()
  const part = (name: string): string =>
    Buffer.from(new RegExp(`${name}: (\\S+)`).exec(config)?.[1] ?? '', 'base64').toString()
  return send(tenant.api.url, call, {
    cert: part('client-certificate-data'),
    key: part('client-key-data'),
  })
}

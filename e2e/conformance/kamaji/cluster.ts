import { kamajiCrds } from '@fochista/kamaji/crds'
import { createLabClock } from '../../../packages/lab/src/clock.ts'
import { installKamaji } from '../../../packages/lab/src/kamaji/operator.ts'
import type { ApiServer } from '../../../packages/lab/src/kubernetes/api.ts'
import type { JsonObject } from '../../../packages/lab/src/kubernetes/resources.ts'
import { createApiServer } from '../../../packages/lab/src/kubernetes/server.ts'
import { ETCD_ENDPOINTS, installChart } from '../../../packages/lab/src/management/chart.ts'
import { createCa, issueCertificate } from '../../../packages/lab/src/pki.ts'

export const ADMIN = 'token-admin'

/** A management cluster with Kamaji and the two data stores of the recordings; control planes get no tenants. */
export async function startCluster(namespace: string): Promise<{ api: ApiServer; stop(): Promise<void> }> {
  const ca = await createCa({ commonName: 'management' })
  const tls = await issueCertificate(ca, { commonName: 'api', ips: ['127.0.0.1'], usages: ['server'] })
  const clock = createLabClock(20)
  const api = createApiServer({
    tls,
    caPem: ca.certPem,
    clock,
    staticTokens: [{ token: ADMIN, user: { username: 'admin', groups: ['system:masters'] } }],
    crds: kamajiCrds.map((crd) => structuredClone(crd) as unknown as JsonObject),
  })
  await api.listen()
  const etcd = await createCa({ commonName: 'etcd-ca' })
  await installChart(api, etcd)
  const stores = { group: 'kamaji.clastix.io', version: 'v1alpha1', resource: 'datastores' }
  const first = api.store.get(stores, undefined, 'default')
  api.store.create(stores, {
    metadata: { name: 'etcd-second' },
    spec: {
      ...(first?.['spec'] as JsonObject),
      endpoints: ['kamaji-etcd-1.kamaji-etcd.kamaji-system.svc.cluster.local:2379'],
    },
  })
  const kamaji = installKamaji({ api, clock, etcd: { ca: etcd, endpoints: ETCD_ENDPOINTS } })
  api.store.create({ group: '', version: 'v1', resource: 'namespaces' }, { metadata: { name: namespace } })
  return {
    api,
    async stop() {
      await kamaji.stop()
      await api.close()
    },
  }
}

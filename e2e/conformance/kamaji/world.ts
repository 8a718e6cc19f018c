import { createLabClock } from '../../../packages/lab/src/clock.ts'
import { startManagementCluster } from '../../../packages/lab/src/management/cluster.ts'
import type { ManagementCluster } from '../../../packages/lab/src/management/cluster.ts'
import { createCa } from '../../../packages/lab/src/pki.ts'
import { createLabNetwork } from '../../../packages/lab/src/tenant/network.ts'
import { isObject } from '../json.ts'
import { ADMIN } from './cluster.ts'

const SERVICES = { group: '', version: 'v1', resource: 'services' }
const STORES = { group: 'kamaji.clastix.io', version: 'v1alpha1', resource: 'datastores' }

/** The world of a recorded life: a management cluster with Kamaji and what stood beside it. */
export interface World {
  cluster: ManagementCluster
  /** Lets the load balancer give addresses from now on. */
  giveAddresses(): void
  stop(): Promise<void>
}

/**
 * Starts the world of a recording.
 * @param speed how many times faster than recorded time passes.
 * @param balancer what the load balancer gives: an address, nothing yet, a host name only.
 */
export async function startWorld(
  speed: number,
  balancer: 'address' | 'pending' | 'hostname',
): Promise<World> {
  const network = await createLabNetwork()
  let gives = balancer === 'address'
  const held: typeof network = Object.assign(Object.create(network) as typeof network, {
    allocate: () => (gives ? network.allocate() : undefined),
  })
  const [ca, etcd, accounts] = await Promise.all([
    createCa({ commonName: 'management' }),
    createCa({ commonName: 'etcd-ca' }),
    createCa({ commonName: 'accounts' }),
  ])
  const cluster = await startManagementCluster({
    clock: createLabClock(speed),
    network: held,
    host: '127.0.0.1',
    port: 0,
    ca,
    etcd,
    accountsKey: accounts.keyPem,
    tokens: [{ token: ADMIN, user: { username: 'admin', groups: ['system:masters'] } }],
    log: () => {},
  })
  const { store } = cluster.api
  const first = store.get(STORES, undefined, 'default')
  for (const name of ['etcd-second', 'etcd-third'])
    store.create(STORES, {
      metadata: { name },
      spec: {
        ...(isObject(first?.['spec']) ? first['spec'] : {}),
        endpoints: ['kamaji-etcd-1.kamaji-etcd.kamaji-system.svc.cluster.local:2379'],
      },
    })
  if (balancer === 'hostname')
    store.watch(SERVICES, undefined, ({ type, object }) => {
      const { status } = object
      if (type === 'DELETED' || !isObject(status) || Object.keys(status['loadBalancer'] ?? {}).length > 0)
        return
      const loadBalancer = { ingress: [{ hostname: 'lb.example.test' }] }
      store.update(SERVICES, { ...object, status: { ...status, loadBalancer } }, { subresource: 'status' })
    })
  return {
    cluster,
    giveAddresses() {
      gives = true
      // The balancer looks again when a Service changes.
      for (const service of store.list(SERVICES))
        if (isObject(service['spec']) && service['spec']['type'] === 'LoadBalancer')
          store.patch(
            SERVICES,
            { namespace: service.metadata.namespace ?? '', name: service.metadata.name ?? '' },
            { metadata: { annotations: { 'balancer.example.test/ready': 'true' } } },
          )
    },
    async stop() {
      await cluster.stop()
      await network.close()
    },
  }
}

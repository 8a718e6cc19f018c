import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kamajiCrds } from '@fochista/kamaji/crds'
import { createLabClock } from '../clock.ts'
import type { ApiServer } from '../kubernetes/api.ts'
import type { ApiObject, JsonObject } from '../kubernetes/resources.ts'
import { createApiServer } from '../kubernetes/server.ts'
import { createCa, issueCertificate } from '../pki.ts'
import { installKamaji } from './operator.ts'
import { shownStatus } from './status.ts'
import { gvr } from './vocabulary.ts'
import { eventually } from '../test-eventually.ts'

/** The control plane as users write it. */
const SEED: ApiObject = {
  apiVersion: 'kamaji.clastix.io/v1alpha1',
  kind: 'TenantControlPlane',
  metadata: { name: 'tenant-test', namespace: 'default', labels: { 'tenant.clastix.io': 'tenant-test' } },
  spec: {
    controlPlane: { deployment: { replicas: 2 }, service: { serviceType: 'LoadBalancer' } },
    kubernetes: { version: 'v1.30.0', kubelet: { cgroupfs: 'systemd' } },
    networkProfile: { port: 6443 },
    addons: { coreDNS: {}, kubeProxy: {}, konnectivity: { server: { port: 8132 } } },
  },
}

async function management(): Promise<{ api: ApiServer; stop(): Promise<void> }> {
  const ca = await createCa({ commonName: 'management' })
  const tls = await issueCertificate(ca, { commonName: 'api', ips: ['127.0.0.1'], usages: ['server'] })
  const clock = createLabClock(100)
  const api = createApiServer({
    tls,
    clock,
    caPem: ca.certPem,
    crds: kamajiCrds.map((crd) => structuredClone(crd) as unknown as JsonObject),
  })
  const etcd = await createCa({ commonName: 'etcd-ca' })
  const content = Buffer.from('x').toString('base64')
  api.store.create(gvr.dataStores, {
    metadata: { name: 'default' },
    spec: {
      driver: 'etcd',
      endpoints: ['etcd-0:2379'],
      tlsConfig: {
        certificateAuthority: { certificate: { content }, privateKey: { content } },
        clientCertificate: { certificate: { content }, privateKey: { content } },
      },
    },
  })
  const problems: string[] = []
  const kamaji = installKamaji({
    api,
    clock,
    etcd: { ca: etcd, endpoints: ['etcd-0:2379'] },
    log: (text) => problems.push(text),
  })
  return {
    api,
    async stop() {
      await kamaji.stop()
      await api.close()
      assert.deepEqual(problems, [])
    },
  }
}

function patchStatus(api: ApiServer, kind: typeof gvr.services, status: JsonObject): void {
  const object = api.store.get(kind, 'default', 'tenant-test')
  assert.ok(object)
  api.store.update(kind, { ...object, status }, { subresource: 'status' })
}

test('a control plane shows the recorded sequence, makes every object, and leaves none', async () => {
  const { api, ...cluster } = await management()
  const get = (kind: typeof gvr.services, name = 'tenant-test'): ApiObject | undefined =>
    api.store.get(kind, 'default', name)
  const state = (): string => shownStatus(get(gvr.tenantControlPlanes) ?? { metadata: {} })
  const seen: string[] = []
  api.store.watch(gvr.tenantControlPlanes, undefined, ({ type, object }) => {
    const now = shownStatus(object)
    if (type !== 'DELETED' && seen.at(-1) !== now) seen.push(now)
  })
  try {
    api.store.create(gvr.tenantControlPlanes, structuredClone(SEED))
    await eventually('a Service', () => get(gvr.services) !== undefined)
    assert.equal(state(), '', 'no status before there is an address')
    patchStatus(api, gvr.services, { loadBalancer: { ingress: [{ ip: '127.9.9.9', ipMode: 'VIP' }] } })
    await eventually('a Deployment', () => state() === 'NotReady')
    await eventually('three generations', () => get(gvr.deployments)?.metadata.generation === 3)
    const deployment = (ready: number): JsonObject => ({
      observedGeneration: 3,
      replicas: 2,
      updatedReplicas: 2,
      readyReplicas: ready,
      availableReplicas: ready,
      ...(ready < 2 ? { unavailableReplicas: 2 - ready } : {}),
    })
    patchStatus(api, gvr.deployments, deployment(1))
    await eventually('Provisioning again', () => state() === 'Provisioning')
    patchStatus(api, gvr.deployments, deployment(2))
    await eventually('Ready', () => seen.at(-1) === 'Ready')
    assert.deepEqual(seen, ['', 'Provisioning', 'NotReady', 'Provisioning', 'Ready'])
    const names = (kind: typeof gvr.services): string[] =>
      api.store
        .list(kind, { namespace: 'default', labelSelector: 'kamaji.clastix.io/name=tenant-test' })
        .map((object) => (object.metadata.name ?? '').replace('tenant-test', ''))
        .toSorted()
    assert.deepEqual(names(gvr.secrets), [
      '-admin-kubeconfig',
      '-api-server-certificate',
      '-api-server-kubelet-client-certificate',
      '-ca',
      '-controller-manager-kubeconfig',
      '-datastore-certificate',
      '-datastore-config',
      '-front-proxy-ca-certificate',
      '-front-proxy-client-certificate',
      '-konnectivity-certificate',
      '-konnectivity-kubeconfig',
      '-sa-certificate',
      '-scheduler-kubeconfig',
    ])
    assert.deepEqual(names(gvr.configMaps), ['-konnectivity-egress-selector-configuration', '-kubeadmconfig'])
    assert.equal(get(gvr.tenantControlPlanes)?.metadata.generation, 2)
    api.store.delete(gvr.tenantControlPlanes, { namespace: 'default', name: 'tenant-test' })
    await eventually(
      'gone with everything',
      () =>
        get(gvr.tenantControlPlanes) === undefined &&
        [gvr.secrets, gvr.configMaps, gvr.services, gvr.deployments].every(
          (kind) => names(kind).length === 0,
        ),
    )
  } finally {
    await cluster.stop()
  }
})

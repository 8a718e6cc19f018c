import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { kamajiCrds } from '@fochista/kamaji/crds'
import { createLabClock } from '../clock.ts'
import type { JsonObject } from '../kubernetes/resources.ts'
import { at } from '../kubernetes/rest/json.ts'
import { createApiServer } from '../kubernetes/server.ts'
import { createCa, issueCertificate } from '../pki.ts'
import { base64, fromBase64, kubeconfigText } from './kubeconfig-text.ts'
import { keepKubeconfigGenerators } from './kubeconfig-generators.ts'
import { gvr } from './vocabulary.ts'

const generator = (name: string, spec: JsonObject): { metadata: { name: string }; spec: JsonObject } => ({
  metadata: { name },
  spec,
})

test('a KubeconfigGenerator makes a kubeconfig for each control plane, and says where it cannot', async () => {
  const ca = await createCa({ commonName: 'kubernetes' })
  const tls = await issueCertificate(ca, { commonName: 'api', ips: ['127.0.0.1'], usages: ['server'] })
  const api = createApiServer({
    tls,
    clock: createLabClock(),
    crds: kamajiCrds.map((crd) => structuredClone(crd) as unknown as JsonObject),
  })
  const { store } = api
  const stop = keepKubeconfigGenerators(api, () => {})
  store.create(gvr.tenantControlPlanes, {
    metadata: { name: 'join', namespace: 'default', labels: { a: 'b' } },
    spec: {
      controlPlane: { deployment: {}, service: { serviceType: 'ClusterIP' } },
      kubernetes: { version: 'v1.36.2', kubelet: {} },
      networkProfile: {},
    },
  })
  const admin = kubeconfigText({
    cluster: 'join',
    user: 'admin',
    server: 'https://join.svc:6443',
    caPem: ca.certPem,
    client: tls,
  })
  const secret = (name: string, data: JsonObject): void =>
    void store.create(gvr.secrets, { metadata: { name, namespace: 'default' }, data })
  secret('join-ca', { 'ca.crt': base64(ca.certPem), 'ca.key': base64(ca.keyPem) })
  secret('join-admin-kubeconfig', { 'admin.svc': base64(admin) })
  const user = { fromDefinition: 'metadata.name' }
  const groups = [{ stringValue: 'devs' }, { fromDefinition: 'spec.kubernetes.version' }]
  store.create(gvr.kubeconfigGenerators, generator('plain', { user, groups }))
  store.create(gvr.kubeconfigGenerators, generator('lost', { user, controlPlaneEndpointFrom: 'nope.conf' }))
  store.create(
    gvr.kubeconfigGenerators,
    generator('nobody', { user, tenantControlPlaneSelector: { matchLabels: { a: 'c' } } }),
  )
  const status = (name: string): JsonObject | undefined =>
    store.get(gvr.kubeconfigGenerators, undefined, name)?.['status'] as JsonObject | undefined
  const end = Date.now() + 60_000
  while (status('plain') === undefined || status('lost') === undefined || status('nobody') === undefined) {
    assert.ok(Date.now() < end, 'no status')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.deepEqual(status('plain'), { availableResources: 1, observedGeneration: 1, resources: 1 })
  assert.deepEqual(status('nobody'), { availableResources: 0, observedGeneration: 1, resources: 0 })
  assert.deepEqual(at(status('lost') ?? null, ['errors']), [
    {
      message:
        'unable to decode Kubeconfig template: the given key is not available in the kubeconfig Secret: nope.conf',
      resource: 'default/join',
    },
  ])
  const made = store.get(gvr.secrets, 'default', 'join-plain')
  const text = fromBase64(at(made, ['data', 'value']))
  assert.match(text, /server: https:\/\/join\.svc:6443\n/)
  assert.match(text, /current-context: plain\n/)
  const { subject } = new X509Certificate(fromBase64(/client-certificate-data: (\S+)/.exec(text)?.[1]))
  assert.deepEqual(subject.split('\n').toSorted(), ['CN=join', 'O=devs', 'O=v1.36.2'])
  stop()
  await api.close()
})

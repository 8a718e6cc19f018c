import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isNotFound } from '@fochista/kubernetes'
import type { TenantControlPlane } from './kinds.ts'
import {
  createTenantControlPlane,
  deleteTenantControlPlane,
  patchTenantControlPlane,
  relatedObjects,
  replaceTenantControlPlane,
  scaleTenantControlPlane,
} from './operations.ts'
import { serveApi } from './test-server.ts'

const ref = { name: 'acme', namespace: 'tenants' }
const path = '/apis/kamaji.clastix.io/v1alpha1/namespaces/tenants/tenantcontrolplanes/acme'
const minimal = (): TenantControlPlane =>
  ({
    apiVersion: 'kamaji.clastix.io/v1alpha1',
    kind: 'TenantControlPlane',
    metadata: { ...ref },
    spec: { controlPlane: { service: { serviceType: 'LoadBalancer' } }, kubernetes: { version: 'v1.30.0' } },
  }) as unknown as TenantControlPlane

test('a control plane is created with the parts that Kamaji stumbles over, and what is set stays', async (t) => {
  const api = await serveApi(t)
  await createTenantControlPlane(api.kubernetes, minimal())
  assert.deepEqual(api.objects.get(path)?.spec, {
    controlPlane: { service: { serviceType: 'LoadBalancer' }, deployment: {} },
    kubernetes: { version: 'v1.30.0' },
    networkProfile: {},
  })
  const given = minimal()
  given.metadata.name = 'other'
  given.spec.controlPlane.deployment = { replicas: 3 }
  given.spec.networkProfile = { port: 6444 }
  const created = await createTenantControlPlane(api.kubernetes, given)
  assert.deepEqual(
    [created.spec.controlPlane.deployment, created.spec.networkProfile],
    [{ replicas: 3 }, { port: 6444 }],
  )
})

test('it is patched, replaced, scaled and deleted, each by the call that Kamaji documents', async (t) => {
  const api = await serveApi(t)
  await createTenantControlPlane(api.kubernetes, minimal())
  await patchTenantControlPlane(
    api.kubernetes,
    ref,
    { spec: { kubernetes: { version: 'v1.31.0' } } },
    { resourceVersion: '7' },
  )
  await replaceTenantControlPlane(api.kubernetes, minimal())
  await scaleTenantControlPlane(api.kubernetes, ref, 0)
  await deleteTenantControlPlane(api.kubernetes, ref, { preconditions: { uid: 'u' } }).catch(() => undefined)
  await deleteTenantControlPlane(api.kubernetes, ref)
  assert.deepEqual(
    api.seen.map(
      ({ method, path: asked, headers }) =>
        `${method} ${asked.slice(path.length)} ${headers['content-type'] ?? ''}`,
    ),
    [
      'POST  application/json',
      'PATCH  application/merge-patch+json',
      'PUT  application/json',
      'PATCH /scale application/merge-patch+json',
      'DELETE  application/json',
      'DELETE  application/json',
    ],
  )
  assert.deepEqual(JSON.parse(api.seen[1]?.body ?? ''), {
    spec: { kubernetes: { version: 'v1.31.0' } },
    metadata: { resourceVersion: '7' },
  })
  assert.deepEqual(JSON.parse(api.seen[3]?.body ?? ''), { spec: { replicas: 0 } })
  await assert.rejects(deleteTenantControlPlane(api.kubernetes, ref), isNotFound)
})

test('related objects are found by Kamaji’s label, and Secrets only when asked for', async (t) => {
  const api = await serveApi(t)
  const put = (collection: string, kind: string, name: string, more: object = {}) =>
    api.objects.set(`${collection}/${name}`, {
      apiVersion: 'v1',
      kind,
      metadata: { name, namespace: 'tenants', labels: { 'kamaji.clastix.io/name': 'acme' } },
      ...more,
    })
  put('/apis/apps/v1/namespaces/tenants/deployments', 'Deployment', 'acme')
  put('/api/v1/namespaces/tenants/services', 'Service', 'acme')
  put('/api/v1/namespaces/tenants/pods', 'Pod', 'acme-1')
  put('/api/v1/namespaces/tenants/secrets', 'Secret', 'acme-ca')
  put('/api/v1/namespaces/tenants/configmaps', 'ConfigMap', 'acme-kubeadmconfig')
  put('/api/v1/namespaces/tenants/events', 'Event', 'e1', {
    involvedObject: { kind: 'TenantControlPlane', name: 'acme' },
  })
  put('/api/v1/namespaces/tenants/events', 'Event', 'e2', { involvedObject: { kind: 'Pod', name: 'acme' } })
  api.objects.set('/api/v1/namespaces/tenants/pods/other', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'other', namespace: 'tenants' },
  })
  const namesOf = (found: Awaited<ReturnType<typeof relatedObjects>>) =>
    Object.fromEntries(
      Object.entries(found).map(([kind, objects]) => [kind, objects.map(({ metadata }) => metadata.name)]),
    )
  const expected = {
    deployments: ['acme'],
    services: ['acme'],
    pods: ['acme-1'],
    secrets: [],
    configMaps: ['acme-kubeadmconfig'],
    events: ['e1'],
  }
  assert.deepEqual(namesOf(await relatedObjects(api.kubernetes, minimal())), expected)
  assert.ok(api.seen.every(({ path: asked }) => !asked.endsWith('/secrets')))
  assert.deepEqual(namesOf(await relatedObjects(api.kubernetes, minimal(), { secrets: true })), {
    ...expected,
    secrets: ['acme-ca'],
  })
})

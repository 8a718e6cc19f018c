import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endpointOf, parseEndpoint, printEndpoint } from './endpoint.ts'
import { TenantControlPlaneGoneError } from './errors.ts'
import type { TenantControlPlane } from './kinds.ts'
import { isObserved, isPausedForHealth, isReady, statusOf, waitUntilReady, whyNotReady } from './status.ts'
import { json, serveApi } from './test-server.ts'

const tcp = (
  state: string | undefined,
  { spec = {}, metadata = {}, status = {} }: { spec?: object; metadata?: object; status?: object } = {},
): TenantControlPlane =>
  ({
    apiVersion: 'kamaji.clastix.io/v1alpha1',
    kind: 'TenantControlPlane',
    metadata: { name: 'acme', namespace: 'tenants', generation: 2, ...metadata },
    spec: {
      controlPlane: { service: { serviceType: 'LoadBalancer' } },
      kubernetes: { version: 'v1.31.0' },
      ...spec,
    },
    status: {
      observedGeneration: 2,
      ...(state && {
        kubernetesResources: { version: { status: state }, deployment: { replicas: 2, readyReplicas: 1 } },
      }),
      ...status,
    },
  }) as unknown as TenantControlPlane

test('ready is only what Kamaji calls Ready and nobody deletes', () => {
  assert.equal(statusOf(tcp(undefined)), 'Waiting')
  assert.deepEqual(
    ['Ready', 'NotReady', 'Sleeping', undefined].map((state) => isReady(tcp(state))),
    [true, false, false, false],
  )
  assert.equal(isReady(tcp('Ready', { metadata: { deletionTimestamp: 'x' } })), false)
  assert.deepEqual(
    [isObserved(tcp('Ready')), isObserved(tcp('Ready', { metadata: { generation: 3 } }))],
    [true, false],
  )
  assert.deepEqual(
    ['Sleeping', 'Migrating', 'Ready', 'Unknown'].map((state) => isPausedForHealth(tcp(state))),
    [true, true, false, false],
  )
})

test('what a control plane waits for is one sentence for a person', () => {
  const nodePort = (networkProfile: object) =>
    tcp(undefined, { spec: { controlPlane: { service: { serviceType: 'NodePort' } }, networkProfile } })
  const table: [TenantControlPlane, RegExp | undefined][] = [
    [tcp('Ready'), undefined],
    [tcp('Ready', { metadata: { deletionTimestamp: 'x' } }), /being deleted/],
    [tcp('NotReady', { metadata: { annotations: { 'kamaji.clastix.io/paused': '' } } }), /Kamaji is paused/],
    [tcp(undefined), /no LoadBalancer address yet/],
    [nodePort({}), /networkProfile.address must be set/],
    [nodePort({ address: '10.0.0.1', port: 6443 }), /from 30000 to 32767; it is 6443/],
    [nodePort({ address: '10.0.0.1', port: 30443 }), /has not begun yet/],
    [tcp('Sleeping'), /replicas is 0/],
    [tcp('NotReady'), /1 of 2/],
    [
      tcp('Provisioning', { status: { kubernetesResources: { version: { status: 'Provisioning' } } } }),
      /0 of 2/,
    ],
    [tcp('Upgrading'), /upgraded to v1\.31\.0/],
    [
      tcp('Migrating', {
        spec: { dataStore: 'second', controlPlane: { service: { serviceType: 'ClusterIP' } } },
      }),
      /moved to the data store second/,
    ],
    [tcp('CertificateAuthorityRotating'), /certificate authority/],
    [tcp('WriteLimited'), /writePermissions/],
    [tcp('Unknown'), /being replaced/],
  ]
  for (const [object, expected] of table) {
    const told = whyNotReady(object)
    if (expected) assert.match(told ?? '', expected)
    else assert.equal(told, undefined)
  }
})

test('the endpoint is the name of ingress or gateway, else the advertised address, else the Service’s', () => {
  const status = { controlPlaneEndpoint: '192.0.2.7:6443' }
  const at = (spec: object) => {
    const endpoint = endpointOf(tcp('Ready', { spec, status }))
    return endpoint && printEndpoint(endpoint)
  }
  const service = { serviceType: 'ClusterIP' }
  assert.equal(at({}), '192.0.2.7:6443')
  assert.equal(at({ networkProfile: { advertiseAddress: '203.0.113.9', port: 7443 } }), '203.0.113.9:7443')
  assert.equal(
    at({ controlPlane: { service, ingress: { hostname: 'api.acme.example:443' } } }),
    'api.acme.example:443',
  )
  assert.equal(
    at({ controlPlane: { service, gateway: { hostname: 'gw.acme.example' } } }),
    'gw.acme.example:6443',
  )
  assert.equal(endpointOf(tcp(undefined)), undefined)
})

test('host and port are told apart in every form, IPv6 included', () => {
  const both = (text: string) => Object.values(parseEndpoint(text, 6443)).join(' ')
  assert.deepEqual(['a', 'a:1', '[fd00::1]', '[fd00::1]:2', 'fd00::1'].map(both), [
    'a 6443',
    'a 1',
    'fd00::1 6443',
    'fd00::1 2',
    'fd00::1 6443',
  ])
  assert.equal(printEndpoint({ host: 'fd00::1', port: 2 }), '[fd00::1]:2')
})

test('waiting ends when the newest spec is served, sees every change, and fails when the control plane goes', async (t) => {
  const api = await serveApi(t)
  const numbered = (version: number, object: TenantControlPlane) => ({
    ...object,
    metadata: { ...object.metadata, resourceVersion: String(version) },
  })
  let events: object[] = []
  api.intercept = ({ query }, response) => {
    if (query.get('fieldSelector') !== 'metadata.name=acme') return false
    if (query.get('watch')) {
      response.writeHead(200, { 'content-type': 'application/json' })
      for (const event of events) response.write(`${JSON.stringify(event)}\n`)
    } else json(response, { metadata: { resourceVersion: '1' }, items: [] })
    return true
  }
  const lagging = tcp('Ready', { metadata: { generation: 3 } })
  events = [
    { type: 'ADDED', object: numbered(2, tcp(undefined)) },
    { type: 'MODIFIED', object: numbered(3, lagging) },
    { type: 'MODIFIED', object: numbered(4, tcp('Ready')) },
  ]
  const seen: string[] = []
  const ref = { name: 'acme', namespace: 'tenants' }
  const ready = await waitUntilReady(api.kubernetes, ref, {
    onProgress: (object) => seen.push(statusOf(object)),
  })
  assert.equal(ready.metadata.resourceVersion, '4')
  assert.deepEqual(seen, ['Waiting', 'Ready', 'Ready'])
  events = [
    { type: 'ADDED', object: numbered(2, tcp(undefined)) },
    { type: 'DELETED', object: numbered(5, tcp(undefined)) },
  ]
  await assert.rejects(waitUntilReady(api.kubernetes, ref), TenantControlPlaneGoneError)
  events = []
  const reason = new Error('enough')
  await assert.rejects(waitUntilReady(api.kubernetes, ref, { signal: AbortSignal.abort(reason) }), reason)
})

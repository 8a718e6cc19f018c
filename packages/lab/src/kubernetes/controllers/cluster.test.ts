import { asText } from '../rest/json.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createRequest } from '../../pki.ts'
import { items, member } from '../builtin/defaults/fields.ts'
import type { ApiObject, GroupVersionResource, JsonObject } from '../resources.ts'
import { detachedSignature } from './bootstrap-tokens.ts'
import { startControllers } from './index.ts'
import type { ControllerDeps, ControllerName } from './index.ts'
import { kinds } from './kinds.ts'
import { conditionOf, holds, specOf, statusOf } from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { eventually } from '../../test-eventually.ts'
import { testHost } from './test-host.ts'

function start(
  context: TestContext,
  names: ControllerName[],
  deps: ControllerDeps = {},
  speed?: number,
): ControllerHost {
  const host = testHost(speed)
  const stop = startControllers(host, names, deps)
  context.after(() => {
    stop()
    host.stop()
  })
  return host
}

function taintKeys(node: ApiObject | undefined): string[] {
  return items(specOf(node), 'taints').map((each) => `${asText(each['key'])}:${asText(each['effect'])}`)
}

function renew(host: ControllerHost, name: string): void {
  const renewTime = new Date(host.clock.now()).toISOString().replace(/(\.\d{3})Z$/, '$1000Z')
  if (host.store.get(kinds.leases, 'kube-node-lease', name) === undefined)
    host.store.create(kinds.leases, {
      metadata: { name, namespace: 'kube-node-lease' },
      spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime },
    })
  else host.store.patch(kinds.leases, { namespace: 'kube-node-lease', name }, { spec: { renewTime } })
}

test('a node whose lease is not renewed is Unknown and tainted, and well again when it speaks', async (context) => {
  const host = start(context, ['node-lifecycle'], {}, 500)
  const node = (): ApiObject | undefined => host.store.get(kinds.nodes, undefined, 'w1')
  host.store.create(kinds.nodes, {
    metadata: { name: 'w1' },
    status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:00:00Z' }] },
  })
  const speaks = (): void => {
    renew(host, 'w1')
    host.store.patch(
      kinds.nodes,
      { name: 'w1' },
      {
        status: {
          conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T00:05:00Z' }],
        },
      },
      { subresource: 'status' },
    )
  }
  // It speaks as often as it is looked at: however long this process stands still, what is waited for comes.
  await eventually('the first taint gone', () => {
    const isGone = taintKeys(node()).length === 0
    if (!isGone) speaks()
    return isGone
  })
  await eventually('unknown', () => conditionOf(node(), 'Ready')?.['status'] === 'Unknown')
  assert.equal(conditionOf(node(), 'Ready')?.['reason'], 'NodeStatusUnknown')
  await eventually('unreachable', () =>
    taintKeys(node()).includes('node.kubernetes.io/unreachable:NoExecute'),
  )
  speaks()
  await eventually('no taints', () => {
    const isWell = taintKeys(node()).length === 0 && holds(node(), 'Ready')
    if (!isWell) speaks()
    return isWell
  })
})

test('a node that says it is not ready is tainted for that', async (context) => {
  const host = start(context, ['node-lifecycle'])
  host.store.create(kinds.nodes, {
    metadata: { name: 'w1' },
    status: { conditions: [{ type: 'Ready', status: 'False' }] },
  })
  await eventually('both taints', () => {
    const keys = taintKeys(host.store.get(kinds.nodes, undefined, 'w1'))
    return (
      keys.includes('node.kubernetes.io/not-ready:NoSchedule') &&
      keys.includes('node.kubernetes.io/not-ready:NoExecute')
    )
  })
})

test('each node has its own part of the pod range', async (context) => {
  const host = start(context, ['node-ipam'], { podCidr: '10.36.0.0/16' })
  for (const name of ['a', 'b']) host.store.create(kinds.nodes, { metadata: { name } })
  await eventually('two ranges', () => {
    const found = host.store.list(kinds.nodes).map((each) => specOf(each)['podCIDR'])
    return found[0] === '10.36.0.0/24' && found[1] === '10.36.1.0/24'
  })
})

test('a load balancer gets its address, and gives it back', async (context) => {
  const released: string[] = []
  const host = start(context, ['load-balancer'], {
    loadBalancers: {
      allocate: (service) => (service.metadata.name === 'web' ? '127.9.0.1' : undefined),
      release: (service) => released.push(service.metadata.name ?? ''),
    },
  })
  const create = (name: string): unknown =>
    host.store.create(kinds.services, {
      metadata: { name, namespace: 'default' },
      spec: { type: 'LoadBalancer', ports: [{ port: 6443 }] },
    })
  create('web')
  create('full')
  const ingress = await eventually('an address', () => {
    const status = statusOf(host.store.get(kinds.services, 'default', 'web'))
    return member(status, 'loadBalancer')?.['ingress']
  })
  assert.deepEqual(ingress, [{ ip: '127.9.0.1', ipMode: 'VIP' }])
  assert.deepEqual(statusOf(host.store.get(kinds.services, 'default', 'full')), { loadBalancer: {} })
  host.store.delete(kinds.services, { namespace: 'default', name: 'web' })
  await eventually('released', () => released.includes('web'))
})

const bindings: GroupVersionResource = {
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  resource: 'clusterrolebindings',
}

test('the request of a joining kubelet is approved if its group may, and signed; others wait', async (context) => {
  const host = start(context, ['csr-approver', 'csr-signer'], {
    signer: (order) => {
      assert.match(order.requestPem, /BEGIN CERTIFICATE REQUEST/)
      return '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n'
    },
  })
  host.store.create(bindings, {
    metadata: { name: 'autoapprove' },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    },
    subjects: [{ kind: 'Group', name: 'system:bootstrappers:kubeadm:default-node-token' }],
  })
  const post = async (name: string, commonName: string, group: string): Promise<void> => {
    const { requestPem } = await createRequest({ commonName, organizations: ['system:nodes'] })
    host.store.create(
      kinds.signingRequests,
      {
        metadata: { name },
        spec: {
          request: Buffer.from(requestPem).toString('base64'),
          signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
          usages: ['digital signature', 'client auth'],
        },
      },
      { user: { username: 'system:bootstrap:abcdef', groups: [group] } },
    )
  }
  await post('good', 'system:node:w1', 'system:bootstrappers:kubeadm:default-node-token')
  await post('stranger', 'system:node:w2', 'strangers')
  await post('wrong-name', 'admin', 'system:bootstrappers:kubeadm:default-node-token')
  const request = (name: string): ApiObject | undefined =>
    host.store.get(kinds.signingRequests, undefined, name)
  await eventually('a certificate', () => statusOf(request('good'))['certificate'] !== undefined)
  assert.equal(conditionOf(request('good'), 'Approved')?.['reason'], 'AutoApproved')
  assert.deepEqual(statusOf(request('stranger')), {})
  assert.deepEqual(statusOf(request('wrong-name')), {})
})

test('the signature of cluster-info is that of the published example', () => {
  assert.equal(
    detachedSignature(
      'Hello from the other side. I must have called a thousand times.',
      'joshua',
      'my voice is my passcode',
    ),
    'eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8',
  )
})

function tokenSecret(id: string, expiration: string): ApiObject {
  const data: JsonObject = {}
  for (const [key, value] of Object.entries({
    'token-id': id,
    'token-secret': '0123456789abcdef',
    'usage-bootstrap-signing': 'true',
    expiration,
  }))
    data[key] = Buffer.from(value).toString('base64')
  return {
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data,
  }
}

test('cluster-info is signed by each token while it lives, and expired tokens go', async (context) => {
  const host = start(context, ['bootstrap-signer', 'token-cleaner'])
  host.store.create(kinds.configMaps, {
    metadata: { name: 'cluster-info', namespace: 'kube-public' },
    data: { kubeconfig: 'text' },
  })
  const signed = (): string[] =>
    Object.keys(member(host.store.get(kinds.configMaps, 'kube-public', 'cluster-info'), 'data') ?? {})
  host.store.create(kinds.secrets, tokenSecret('abcdef', new Date(Date.now() + 3_600_000).toISOString()))
  host.store.create(kinds.secrets, tokenSecret('oldold', '2020-01-01T00:00:00Z'))
  await eventually('one signature', () => signed().includes('jws-kubeconfig-abcdef'))
  await eventually(
    'the old token gone',
    () => host.store.get(kinds.secrets, 'kube-system', 'bootstrap-token-oldold') === undefined,
  )
  assert.ok(!signed().includes('jws-kubeconfig-oldold'))
  const { data = {} } = tokenSecret('abcdef', new Date(Date.now() + 300).toISOString())
  host.store.patch(kinds.secrets, { namespace: 'kube-system', name: 'bootstrap-token-abcdef' }, { data })
  await eventually('the other one gone in its time', () => signed().join() === 'kubeconfig')
})

test('a server publishes the service of itself', async (context) => {
  const host = start(context, ['system-objects'], {
    system: { address: { host: '192.0.2.10', port: 16_443 } },
  })
  const service = await eventually('the service', () =>
    host.store.get(kinds.services, 'default', 'kubernetes'),
  )
  assert.equal(specOf(service)['clusterIP'], '10.96.0.1')
  await eventually('its endpoints', () => host.store.get(kinds.endpoints, 'default', 'kubernetes'))
})

test('a quota says what is taken of it, and refuses what would take more', async (context) => {
  const host = testHost()
  const stop = startControllers(host, ['resource-quota'])
  context.after(() => {
    stop()
    host.stop()
  })
  host.store.create(kinds.resourceQuotas, {
    metadata: { name: 'few', namespace: 'default' },
    spec: { hard: { pods: '3', 'requests.cpu': '1', 'count/secrets': '1' } },
  })
  const used = (): JsonObject =>
    member(statusOf(host.store.get(kinds.resourceQuotas, 'default', 'few')), 'used') ?? {}
  const pod = (name: string, cpu?: string): ApiObject => ({
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [
        { name: 'c', image: 'i', ...(cpu === undefined ? {} : { resources: { requests: { cpu } } }) },
      ],
    },
  })
  host.store.create(kinds.pods, pod('a', '600m'))
  await eventually('the pod is counted', () => used()['requests.cpu'] === '600m' && used()['pods'] === '1')
  assert.equal(used()['count/secrets'], '0')
  assert.throws(
    () => host.store.create(kinds.pods, pod('b', '500m')),
    /pods "b" is forbidden: exceeded quota: few, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1$/,
  )
  assert.throws(
    () => host.store.create(kinds.pods, pod('c')),
    /pods "c" is forbidden: failed quota: few: must specify requests.cpu for: c$/,
  )
  host.store.delete(kinds.pods, { namespace: 'default', name: 'a' })
  await eventually('nothing is taken', () => used()['requests.cpu'] === '0')
})

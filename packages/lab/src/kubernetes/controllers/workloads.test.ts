import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ApiObject, JsonObject } from '../resources.ts'
import { addStaticNodes, startControllers } from './index.ts'
import type { ControllerDeps, ControllerName } from './index.ts'
import { kinds } from './kinds.ts'
import { conditionOf, holds, nodeNameOf, specOf, statusOf } from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { eventually } from '../../test-eventually.ts'
import { testHost, workload } from './test-host.ts'

const WORKLOADS: ControllerName[] = [
  'deployment',
  'replica-set',
  'daemon-set',
  'scheduler',
  'pods',
  'endpoints',
]

function start(context: TestContext, deps: ControllerDeps = {}, names = WORKLOADS): ControllerHost {
  const host = testHost()
  const stop = startControllers(host, names, deps)
  context.after(() => {
    stop()
    host.stop()
  })
  return host
}

function deployment(host: ControllerHost, name = 'web'): ApiObject | undefined {
  return host.store.get(kinds.deployments, 'default', name)
}

function settled(object: ApiObject | undefined, replicas: number): boolean {
  const status = statusOf(object)
  return (
    object !== undefined &&
    status['observedGeneration'] === object.metadata.generation &&
    (status['readyReplicas'] ?? 0) === replicas &&
    (status['replicas'] ?? 0) === replicas &&
    (status['updatedReplicas'] ?? 0) === replicas &&
    status['unavailableReplicas'] === undefined
  )
}

test('a deployment gets its pods on nodes, and says when they are ready', async (context) => {
  const host = start(context)
  host.store.create(kinds.deployments, workload('web', { replicas: 3 }))
  // Before there are nodes its pods are not ready, however late somebody looks.
  const first = await eventually(
    'a status',
    () => statusOf(deployment(host))['replicas'] === 3 && deployment(host),
  )
  assert.equal(holds(first, 'Available'), false)
  addStaticNodes(host, [
    { name: 'a', address: '192.0.2.1' },
    { name: 'b', address: '192.0.2.2' },
  ])
  await eventually('three ready pods', () => settled(deployment(host), 3))
  assert.equal(conditionOf(deployment(host), 'Progressing')?.['reason'], 'NewReplicaSetAvailable')
  assert.equal(holds(deployment(host), 'Available'), true)
  assert.equal(deployment(host)?.metadata.annotations?.['deployment.kubernetes.io/revision'], '1')
  const pods = host.store.list(kinds.pods)
  assert.deepEqual(new Set(pods.map(nodeNameOf)), new Set(['a', 'b']))
  assert.ok(pods.every((pod) => statusOf(pod)['phase'] === 'Running' && statusOf(pod)['podIP'] !== undefined))
})

test('a new template is rolled out within maxSurge, and the old pods go when the new are ready', async (context) => {
  const host = start(context)
  addStaticNodes(host, [{ name: 'a', address: '192.0.2.1' }])
  const rules = {
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 } },
  }
  host.store.create(kinds.deployments, workload('web', { replicas: 2, ...rules }))
  await eventually('two ready pods', () => settled(deployment(host), 2))
  let least = 2
  let most = 0
  const stop = host.store.watch(kinds.pods, undefined, () => {
    const ready = host.store.list(kinds.pods).filter((pod) => holds(pod, 'Ready'))
    least = Math.min(least, ready.length)
    most = Math.max(
      most,
      host.store.list(kinds.pods).filter((pod) => pod.metadata.deletionTimestamp === undefined).length,
    )
  })
  const next = { spec: { template: { spec: { containers: [{ name: 'c', image: 'nginx:2' }] } } } }
  host.store.patch(kinds.deployments, { namespace: 'default', name: 'web' }, next, { type: 'strategic' })
  await eventually('the new template everywhere', () => {
    const images = host.store
      .list(kinds.pods)
      .map((pod) => (specOf(pod)['containers'] as JsonObject[])[0]?.['image'])
    return settled(deployment(host), 2) && images.length === 2 && images.every((each) => each === 'nginx:2')
  })
  stop()
  assert.ok(least >= 2, `${least} pods were ready at the least`)
  assert.equal(most, 4)
  assert.equal(deployment(host)?.metadata.annotations?.['deployment.kubernetes.io/revision'], '2')
})

test('scaling to none removes all pods, and back brings them again', async (context) => {
  const host = start(context)
  addStaticNodes(host, [{ name: 'a', address: '192.0.2.1' }])
  host.store.create(kinds.deployments, workload('web', { replicas: 2 }))
  await eventually('two ready pods', () => settled(deployment(host), 2))
  host.store.patch(kinds.deployments, { namespace: 'default', name: 'web' }, { spec: { replicas: 0 } })
  await eventually('no pods', () => host.store.list(kinds.pods).length === 0 && settled(deployment(host), 0))
  host.store.patch(kinds.deployments, { namespace: 'default', name: 'web' }, { spec: { replicas: 1 } })
  await eventually('one pod', () => settled(deployment(host), 1))
})

test('deleting a deployment takes its sets and pods with it', async (context) => {
  const host = start(context)
  addStaticNodes(host, [{ name: 'a', address: '192.0.2.1' }])
  host.store.create(kinds.deployments, workload('web', { replicas: 1 }))
  await eventually('a ready pod', () => settled(deployment(host), 1))
  host.store.delete(
    kinds.deployments,
    { namespace: 'default', name: 'web' },
    { propagationPolicy: 'Background' },
  )
  await eventually('nothing left', () =>
    [kinds.replicaSets, kinds.pods].every((gvr) => host.store.list(gvr).length === 0),
  )
})

test('without a node pods wait and say why', async (context) => {
  const host = start(context)
  host.store.create(kinds.deployments, workload('web', { replicas: 1 }))
  const pod = await eventually('a verdict', () =>
    host.store.list(kinds.pods).find((each) => conditionOf(each, 'PodScheduled') !== undefined),
  )
  assert.equal(conditionOf(pod, 'PodScheduled')?.['reason'], 'Unschedulable')
  assert.equal(conditionOf(pod, 'PodScheduled')?.['message'], 'no nodes available to schedule pods')
})

function node(name: string, spec: JsonObject = {}, ready = false): ApiObject {
  return {
    metadata: { name, labels: { 'kubernetes.io/os': 'linux' } },
    spec,
    status: {
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      addresses: [{ type: 'InternalIP', address: '192.0.2.7' }],
    },
  }
}

test('a network plugin runs on nodes that are not ready yet, and its start is told', async (context) => {
  const started: string[] = []
  const host = start(context, {
    pods: { onPodRunning: (pod, on) => started.push(`${pod.metadata.labels?.['app']} on ${on}`) },
  })
  host.store.create(kinds.nodes, node('w1'))
  const set = workload('cni')
  const podSpec = (specOf(set)['template'] as JsonObject)['spec'] as JsonObject
  podSpec['hostNetwork'] = true
  podSpec['tolerations'] = [{ operator: 'Exists' }]
  host.store.create(kinds.daemonSets, set)
  host.store.create(kinds.daemonSets, workload('plain'))
  await eventually('the plugin running', () => started.includes('cni on w1'))
  await eventually('its status', () => {
    const status = statusOf(host.store.get(kinds.daemonSets, 'default', 'cni'))
    return status['numberReady'] === 1 && status['desiredNumberScheduled'] === 1
  })
  // The other daemon does not bear the taint a new node has.
  await eventually(
    'the other one is not wanted',
    () => statusOf(host.store.get(kinds.daemonSets, 'default', 'plain'))['desiredNumberScheduled'] === 0,
  )
  host.store.patch(kinds.nodes, { name: 'w1' }, { spec: { taints: null } })
  await eventually('the other one placed', () =>
    host.store
      .list(kinds.pods)
      .some((pod) => pod.metadata.labels?.['app'] === 'plain' && nodeNameOf(pod) === 'w1'),
  )
  assert.ok(!started.includes('plain on w1'), 'a pod needs the network')
  host.store.patch(
    kinds.nodes,
    { name: 'w1' },
    { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    { subresource: 'status' },
  )
  await eventually('the other one running', () => started.includes('plain on w1'))
})

test('a daemon set follows nodes that come and go', async (context) => {
  const host = start(context)
  addStaticNodes(host, [{ name: 'a', address: '192.0.2.1' }])
  host.store.create(kinds.daemonSets, workload('agent'))
  await eventually(
    'one pod',
    () => statusOf(host.store.get(kinds.daemonSets, 'default', 'agent'))['numberReady'] === 1,
  )
  addStaticNodes(host, [{ name: 'b', address: '192.0.2.2' }])
  await eventually(
    'two pods',
    () => statusOf(host.store.get(kinds.daemonSets, 'default', 'agent'))['numberReady'] === 2,
  )
  host.store.delete(kinds.nodes, { name: 'a' })
  await eventually('one again', () => host.store.list(kinds.pods).length === 1)
})

test('a service has its ready pods as endpoints', async (context) => {
  const host = start(context)
  addStaticNodes(host, [{ name: 'a', address: '192.0.2.1' }])
  host.store.create(kinds.services, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  })
  host.store.create(kinds.deployments, workload('web', { replicas: 2 }))
  const subsets = await eventually('two addresses', () => {
    const found = host.store.get(kinds.endpoints, 'default', 'web')?.['subsets'] as JsonObject[] | undefined
    return (found?.[0]?.['addresses'] as JsonObject[] | undefined)?.length === 2 && found
  })
  assert.deepEqual(subsets[0]?.['ports'], [{ port: 8080, protocol: 'TCP' }])
  const slice = await eventually('two in its slice', () => {
    const [found] = host.store.list(kinds.endpointSlices)
    return (found?.['endpoints'] as JsonObject[] | undefined)?.length === 2 && found
  })
  assert.equal(slice.metadata.labels?.['kubernetes.io/service-name'], 'web')
})

test('a cordoned node gets no new pods', async (context) => {
  const host = start(context)
  addStaticNodes(host, [
    { name: 'a', address: '192.0.2.1' },
    { name: 'b', address: '192.0.2.2' },
  ])
  host.store.patch(kinds.nodes, { name: 'a' }, { spec: { unschedulable: true } })
  host.store.create(kinds.deployments, workload('web', { replicas: 2 }))
  await eventually('two ready pods', () => settled(deployment(host), 2))
  assert.ok(host.store.list(kinds.pods).every((pod) => nodeNameOf(pod) === 'b'))
})

test('a budget says how many of its pods may go', async (context) => {
  const host = start(context, {}, [...WORKLOADS, 'disruption'])
  addStaticNodes(host, [{ name: 'a', address: '192.0.2.1' }])
  host.store.create(kinds.deployments, workload('web', { replicas: 3 }))
  const budget = (): ApiObject | undefined => host.store.get(kinds.disruptionBudgets, 'default', 'web')
  const allowed = (): unknown => statusOf(budget())['disruptionsAllowed']
  host.store.create(kinds.disruptionBudgets, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
  })
  await eventually('one of three may go', () => allowed() === 1)
  assert.deepEqual(
    [
      statusOf(budget())['currentHealthy'],
      statusOf(budget())['expectedPods'],
      holds(budget(), 'DisruptionAllowed'),
    ],
    [3, 3, true],
  )
  host.store.patch(
    kinds.disruptionBudgets,
    { namespace: 'default', name: 'web' },
    { spec: { minAvailable: '100%' } },
  )
  await eventually('none may go', () => allowed() === 0 && statusOf(budget())['desiredHealthy'] === 3)
  assert.equal(conditionOf(budget(), 'DisruptionAllowed')?.['reason'], 'InsufficientPods')
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinResources } from '../builtin/index.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import { humanDuration } from './duration.ts'
import { jsonPath } from './json-path.ts'
import { toTable } from './table.ts'

const NOW = Date.parse('2026-11-23T22:00:00Z')

function kind(resource: string): ResourceDefinition {
  const found = builtinResources.find((each) => each.resource === resource)
  assert.ok(found)
  return found
}

function cells(definition: ResourceDefinition, object: JsonObject): Json {
  const full: ApiObject = {
    ...object,
    metadata: { name: 'x', creationTimestamp: '2026-11-23T21:59:30Z', ...(object['metadata'] as JsonObject) },
  }
  const [row] = toTable(definition, [full], { includeObject: 'None', now: NOW }).rows
  return (row as JsonObject)['cells'] ?? null
}

test('ages are cut to two units, and to one where the second is nothing', () => {
  const second = 1000
  const cases: [number, string][] = [
    [119, '119s'],
    [120, '2m'],
    [599, '9m59s'],
    [600, '10m'],
    [10_799, '179m'],
    [10_800, '3h'],
    [12_600, '3h30m'],
    [8 * 3600, '8h'],
    [47 * 3600, '47h'],
    [48 * 3600, '2d'],
    [51 * 3600, '2d3h'],
    [326 * 86_400, '326d'],
    [730 * 86_400, '2y'],
    [731 * 86_400, '2y1d'],
    [8 * 365 * 86_400, '8y'],
  ]
  for (const [seconds, text] of cases) assert.equal(humanDuration(seconds * second), text)
  assert.equal(humanDuration(-5000), '<invalid>')
})

test('a deployment shows how many of its replicas are ready', () => {
  const deployment = {
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'd1' } },
      template: { spec: { containers: [{ name: 'c', image: 'nginx:1' }] } },
    },
    status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
  }
  assert.deepEqual(cells(kind('deployments'), deployment), [
    'x',
    '1/2',
    2,
    1,
    '30s',
    'c',
    'nginx:1',
    'app=d1',
  ])
})

test('a pod shows its phase, or why a container waits', () => {
  const pod = {
    spec: { containers: [{ name: 'a' }, { name: 'b' }], nodeName: 'n' },
    status: {
      phase: 'Pending',
      containerStatuses: [
        { name: 'a', ready: true, restartCount: 0, state: { running: { startedAt: 'x' } } },
        { name: 'b', ready: false, restartCount: 2, state: { waiting: { reason: 'ContainerCreating' } } },
      ],
    },
  }
  assert.deepEqual(cells(kind('pods'), pod), [
    'x',
    '1/2',
    'ContainerCreating',
    '2',
    '30s',
    '<none>',
    'n',
    '<none>',
    '<none>',
  ])
  const leaving = { ...pod, metadata: { deletionTimestamp: '2026-11-23T21:59:59Z' } }
  assert.equal((cells(kind('pods'), leaving) as Json[])[2], 'Terminating')
})

test('a service of type LoadBalancer is pending until it has an address', () => {
  const service = {
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.0.9',
      ports: [
        { port: 6443, nodePort: 31443, protocol: 'TCP' },
        { port: 8132, protocol: 'TCP' },
      ],
    },
  }
  const wanted = ['x', 'LoadBalancer', '10.96.0.9', '<pending>', '6443:31443/TCP,8132/TCP', '30s', '<none>']
  assert.deepEqual(cells(kind('services'), service), wanted)
  const served = { ...service, status: { loadBalancer: { ingress: [{ ip: '127.1.2.3' }] } } }
  assert.equal((cells(kind('services'), served) as Json[])[3], '127.1.2.3')
})

test('a node shows its condition, roles and addresses', () => {
  const node = {
    metadata: { labels: { 'node-role.kubernetes.io/worker': '' } },
    spec: { unschedulable: true },
    status: {
      conditions: [{ type: 'Ready', status: 'True' }],
      addresses: [{ type: 'InternalIP', address: '192.0.2.9' }],
      nodeInfo: {
        kernelVersion: '6.1',
        osImage: 'Debian',
        containerRuntimeVersion: 'containerd://2.0',
        kubeletVersion: 'v1.36.3',
        architecture: 'amd64',
      },
    },
  }
  assert.deepEqual(cells(kind('nodes'), node), [
    'x',
    'Ready,SchedulingDisabled',
    'worker',
    '30s',
    'v1.36.3',
    '192.0.2.9',
    '<none>',
    'Debian',
    '6.1 (amd64)',
    'containerd://2.0',
  ])
  assert.equal((cells(kind('nodes'), {}) as Json[])[1], 'Unknown')
})

test('a custom kind shows the columns of its definition, and nothing where a path leads nowhere', () => {
  const definition: ResourceDefinition = {
    ...kind('pods'),
    crd: true,
    kind: 'Machine',
    printerColumns: [
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Port', type: 'string', jsonPath: '.spec.port' },
      { name: 'Cost', type: 'number', jsonPath: '.status.cost' },
      { name: 'Seen', type: 'date', jsonPath: '.status.lastSeen' },
      { name: 'Gone', type: 'integer', jsonPath: '.status.gone' },
    ],
  }
  const machine = {
    spec: { port: 80 },
    status: {
      conditions: [
        { type: 'Other', status: 'False' },
        { type: 'Ready', status: 'True' },
      ],
      cost: 1.25,
      lastSeen: '2026-01-01T00:00:00Z',
    },
  }
  assert.deepEqual(cells(definition, machine), ['x', 'True', '80', 1.25, '326d', null])
  const table = toTable({ ...definition, printerColumns: undefined }, [], { includeObject: 'None', now: NOW })
  assert.deepEqual(
    (table.columnDefinitions as JsonObject[]).map((each) => each['name']),
    ['Name', 'Age'],
  )
})

test('paths may quote names, count from the end and take all', () => {
  const value = { a: { 'b.c/d': [1, 2, 3] }, list: [{ n: 'x' }, { n: 'y' }] }
  assert.deepEqual(jsonPath(value, ".a['b.c/d'][-1]"), [3])
  assert.deepEqual(jsonPath(value, '{.a.b\\.c/d[0:2]}'), [1, 2])
  assert.deepEqual(jsonPath(value, '.list[*].n'), ['x', 'y'])
  assert.deepEqual(jsonPath(value, '.list[?(@.n!="x")].n'), ['y'])
  assert.deepEqual(jsonPath(value, '.nosuch.path'), [])
})

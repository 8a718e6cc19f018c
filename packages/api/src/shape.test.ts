import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineClassManifest } from './manifests/machine-class.ts'
import { nodePoolManifest } from './manifests/node-pool.ts'
import { poolProblems, shapeOf } from './shape.ts'

const small = machineClassManifest({
  name: 'small',
  proxmoxClusterName: 'dc1',
  template: { vmid: 9000 },
  storage: 'local-lvm',
  isoStorage: 'local',
  networks: [{ bridge: 'vmbr0' }],
  cores: { default: 2, max: 4 },
  memory: { default: '4Gi', max: '8Gi' },
  disk: { default: '20Gi' },
  allowedNamespaces: { matchLabels: { tier: 'gold' } },
})
const pool = (asked: { cores?: number; memory?: string; disk?: string }) =>
  nodePoolManifest({ name: 'workers', clusterName: 'a', ...asked })
const gold = { name: 'team-a', labels: { tier: 'gold' } }

test('a pool that says nothing gets the class’s defaults', () => {
  assert.deepEqual(shapeOf(pool({}), small), { cores: 2, memory: 4 * 2 ** 30, disk: 20 * 2 ** 30 })
})

test('a pool within its class has no problems', () => {
  assert.deepEqual(poolProblems(pool({ cores: 4, memory: '8Gi', disk: '20Gi' }), small, gold), [])
})

test('what the class does not allow is named with field, value and rule', () => {
  assert.deepEqual(poolProblems(pool({ cores: 8, memory: '16Gi', disk: '21Gi' }), small, gold), [
    { field: 'spec.cores', value: 8, rule: 'class "small" allows at most 4' },
    { field: 'spec.memory', value: '16Gi', rule: 'class "small" allows at most 8Gi' },
    { field: 'spec.disk', value: '21Gi', rule: 'class "small" allows at most 20Gi' },
  ])
})

test('a namespace outside the class’s selector is refused', () => {
  assert.deepEqual(
    poolProblems(pool({}), small, { name: 'team-b', labels: {} }).map(({ field }) => field),
    ['spec.className'],
  )
})

test('labels that Kubernetes would not take, or that are the kubelet’s own, are refused before a machine is made', () => {
  const labelled = nodePoolManifest({
    name: 'workers',
    clusterName: 'a',
    labels: {
      tier: 'web',
      'node-role.kubernetes.io/worker': '',
      'a b': '',
      x: 'a b',
      'kubernetes.io/hostname': 'h',
    },
  })
  assert.deepEqual(
    poolProblems(labelled, small, gold).map(({ field }) => field),
    ['spec.node.labels[a b]', 'spec.node.labels[x]', 'spec.node.labels[kubernetes.io/hostname]'],
  )
})

test('a rollout that could never replace a machine is refused', () => {
  const stuck = pool({})
  stuck.spec.rollout = { maxSurge: '0%', maxUnavailable: 0 }
  assert.deepEqual(
    poolProblems(stuck, small, gold).map(({ field }) => field),
    ['spec.rollout.maxUnavailable'],
  )
  stuck.spec.rollout = { maxSurge: '25%' }
  assert.deepEqual(poolProblems(stuck, small, gold), [])
})

test('a pool of a class that cannot be used is told why', () => {
  const broken = { ...small, spec: { ...small.spec, cores: { default: 4, max: 2 } } }
  const [problem] = poolProblems(pool({}), broken, gold)
  assert.equal(problem?.field, 'spec.className')
  assert.match(
    problem?.rule ?? '',
    /class "small" cannot be used: spec\.cores\.default: "?4"?: must not be more than max/,
  )
})

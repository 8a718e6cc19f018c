import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setCondition } from '../conditions.ts'
import { nodePoolManifest } from '../manifests/node-pool.ts'
import type { Machine } from '../resources/machine.ts'
import { clusterView, timelineOf } from './cluster.ts'

function aMachine(name: string, pool: string, stepsDone: readonly string[] = []): Machine {
  const machine: Machine = {
    apiVersion: 'fochista.dev/v1alpha1',
    kind: 'Machine',
    metadata: { name, namespace: 'team-a' },
    spec: { id: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', nodePoolName: pool, proxmoxCluster: 'dc1' },
  }
  for (const type of stepsDone) setCondition(machine, { type, status: 'True', reason: type, message: '' }, 0)
  return machine
}

const pool = (name: string, clusterName: string, namespace = 'team-a') =>
  nodePoolManifest({ name, namespace, clusterName, replicas: 2 })

test('a cluster is joined with its own pools and machines only', () => {
  const leaving = aMachine('workers-c', 'workers', ['Ready'])
  leaving.metadata.deletionTimestamp = '2026-11-24T14:00:00Z'
  const view = clusterView(
    { metadata: { name: 'a', namespace: 'team-a' }, spec: { kubernetes: { version: 'v1.30.0' } } },
    [pool('workers', 'a'), pool('workers', 'a', 'team-b'), pool('others', 'b')],
    [
      aMachine('workers-b', 'workers', ['Ready']),
      aMachine('workers-a', 'workers'),
      leaving,
      aMachine('others-a', 'others'),
    ],
  )
  assert.equal(view.state, 'Pending')
  assert.deepEqual(
    view.pools.map(({ name, wanted, present, ready, machines }) => ({
      name,
      wanted,
      present,
      ready,
      machines: machines.map(({ metadata }) => metadata.name),
    })),
    [{ name: 'workers', wanted: 2, present: 2, ready: 1, machines: ['workers-a', 'workers-b', 'workers-c'] }],
  )
})

test('a timeline stands at the first step that is not done, with what is said of it', () => {
  const machine = aMachine('workers-a', 'workers', ['Placed', 'Cloned', 'Started'])
  setCondition(
    machine,
    { type: 'Configured', status: 'False', reason: 'Locked', message: 'a backup runs' },
    0,
  )
  const steps = timelineOf(machine)
  assert.deepEqual(
    steps.map(({ state }) => state),
    ['done', 'done', 'current', 'ahead', 'ahead', 'ahead', 'ahead'],
  )
  assert.equal(steps[2]?.message, 'a backup runs')
})

test('of a machine at its end every step is done', () => {
  const all = ['Placed', 'Cloned', 'Configured', 'Seeded', 'Started', 'Joined', 'Ready']
  assert.ok(timelineOf(aMachine('workers-a', 'workers', all)).every(({ state }) => state === 'done'))
})

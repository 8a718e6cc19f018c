import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KubernetesTimeoutError } from '@fochista/kubernetes'
import { Machines, NodePools } from '../kinds.ts'
import { aWorld } from '../test/a-world.ts'
import { aPool, NAMESPACE } from '../test/factories.ts'
import { createNodePoolReconciler } from './controller.ts'

const key = `${NAMESPACE}/workers`
const { signal } = new AbortController()

test('a machine whose creation was not answered is asked for before another is made', async () => {
  const world = aWorld({ pool: aPool({ spec: { replicas: 2 } }) })
  const reconcile = createNodePoolReconciler(world.world)
  await reconcile(key, signal)
  // The watch says nothing yet of what is made.
  world.caches.machines.freeze()
  let lost = 1
  world.management.faults.after = ({ verb, plural }) => {
    if (verb !== 'create' || plural !== Machines.plural || lost === 0) return undefined
    lost -= 1
    return new KubernetesTimeoutError({ method: 'POST', path: '/machines' }, 30_000)
  }
  await assert.rejects(reconcile(key, signal), KubernetesTimeoutError)
  await reconcile(key, signal)
  assert.equal(world.management.all(Machines).length, 2)
  assert.equal(world.management.read(NodePools, 'workers', NAMESPACE)?.status?.replicas, 2)
})

test('one that the server has refused is in no doubt, and made with the next look', async () => {
  const world = aWorld({ pool: aPool({ spec: { replicas: 1 } }) })
  const reconcile = createNodePoolReconciler(world.world)
  await reconcile(key, signal)
  world.management.faults.before = ({ verb, plural }) =>
    verb === 'create' && plural === Machines.plural ? new Error('no') : undefined
  await assert.rejects(reconcile(key, signal), /no/)
  world.management.faults.before = undefined
  await reconcile(key, signal)
  assert.equal(world.management.all(Machines).length, 1)
})

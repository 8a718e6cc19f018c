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

test('a machine whose end was not answered, or that is gone unseen, costs no other its place', async () => {
  for (const isGone of [false, true]) {
    const world = aWorld({ pool: aPool({ spec: { replicas: 3 } }) })
    const { management } = world
    const reconcile = createNodePoolReconciler(world.world)
    await reconcile(key, signal)
    await reconcile(key, signal)
    const staying = (): string[] =>
      management
        .all(Machines)
        .filter(({ metadata }) => !metadata.deletionTimestamp)
        .map(({ metadata }) => metadata.name)
        .sort()
    const [, , last = ''] = staying()
    // Those of the fuller host go; of the two that are left then it would be the other's turn.
    for (const [index, name] of staying().entries())
      management.change(Machines, { name, namespace: NAMESPACE }, ({ spec }) => {
        spec.host = index === 0 ? 'pve1' : 'pve2'
      })
    // The watch says nothing of what is asked to go.
    world.caches.machines.freeze()
    management.change(NodePools, { name: 'workers', namespace: NAMESPACE }, ({ spec }) => {
      spec.replicas = 1
    })
    if (isGone) management.vanish(Machines, { name: last, namespace: NAMESPACE })
    let asked = 0
    management.faults.after = ({ verb, plural }) => {
      if (verb === 'delete' && plural === Machines.plural) asked += 1
      return asked === 2 && !isGone && verb === 'delete'
        ? new KubernetesTimeoutError({ method: 'DELETE', path: '/machines' }, 30_000)
        : undefined
    }
    if (!isGone) await assert.rejects(reconcile(key, signal), KubernetesTimeoutError)
    for (let turn = 0; turn < 3; turn += 1) await reconcile(key, signal)
    assert.equal(staying().length, 1)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodePool } from '@fochista/api'
import { NodePools } from '../kinds.ts'
import { aWorld } from '../test/a-world.ts'
import { aMachine, aPool, NAMESPACE } from '../test/factories.ts'
import { createNodePoolReconciler } from './controller.ts'

/** A pool with one Node; what its condition says after a look. */
function withNode(node: NodePool['spec']['node']) {
  const world = aWorld({ pool: aPool({ spec: { replicas: 1, ...(node && { node }) } }) })
  world.tenant.joins(aMachine())
  const reconcile = createNodePoolReconciler(world.world)
  return {
    ...world,
    look: async () => {
      const result = await reconcile(`${NAMESPACE}/workers`, new AbortController().signal)
      const condition = world.management
        .read(NodePools, 'workers', NAMESPACE)
        ?.status?.conditions?.find(({ type }) => type === 'AddonsHaveNoNode')
      return { condition, againMs: result?.requeueAfterMs ?? 0 }
    },
    asked: () => world.tenant.calls.filter((call) => call === 'add-ons').length,
  }
}

const tainted = { taints: [{ key: 'gpu', value: 'yes', effect: 'NoSchedule' } as const] }

test('a tainted pool says which add-ons no Node takes, what the cluster lacks and what helps', async () => {
  const world = withNode(tainted)
  world.tenant.homeless = ['coredns', 'konnectivity-agent']
  assert.equal((await world.look()).condition, undefined)
  // The pool does not wait for the answer.
  const { condition, againMs } = await world.look()
  assert.ok(againMs <= 60_000)
  assert.equal(condition?.status, 'True')
  assert.equal(
    condition?.message,
    'No Node of the cluster takes coredns and konnectivity-agent: taints or labels keep it away, so there is no DNS, no logs and no exec. Add a pool without taints.',
  )
  world.tenant.homeless = []
  await world.clock.advance(30_000)
  await world.look()
  assert.equal((await world.look()).condition, undefined)
})

test('an add-on that tolerates the taint is not named, and the tenant is asked twice a minute at most', async () => {
  const world = withNode(tainted)
  world.tenant.homeless = ['coredns']
  assert.ok((await world.look()).againMs <= 1000, 'it looks for the first answer soon')
  const { condition } = await world.look()
  assert.match(
    condition?.message ?? '',
    /takes coredns: taints or labels keep it away, so there is no DNS\. /,
  )
  for (let turn = 0; turn < 10; turn += 1) await world.look()
  assert.equal(world.asked(), 1)
})

test('a tenant that does not answer takes nothing back, and a pool without taints does not ask', async () => {
  const world = withNode(tainted)
  world.tenant.homeless = ['coredns']
  await world.look()
  await world.look()
  world.tenant.homeless = new Error('no answer')
  await world.clock.advance(30_000)
  await world.look()
  assert.equal((await world.look()).condition?.status, 'True')
  const plain = withNode(undefined)
  await plain.look()
  assert.equal(plain.asked(), 0)
})

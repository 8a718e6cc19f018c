import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '@fochista/kubernetes'
import { NodePools } from '../kinds.ts'
import { aWorld } from '../test/a-world.ts'
import { aMachine, aPool, NAMESPACE } from '../test/factories.ts'
import { createNodePoolReconciler } from './controller.ts'

const own = { key: 'gpu', value: 'yes', effect: 'NoSchedule' } as const

/** A pool with one Node that bears these taints; what its condition says after a look. */
function withNode(taints: readonly { key: string; effect: string; value?: string }[]) {
  const world = aWorld({ pool: aPool({ spec: { replicas: 1, node: { taints: [own] } } }) })
  const { name } = world.tenant.joins(aMachine()).metadata
  const reconcile = createNodePoolReconciler(world.world)
  const bears = (now: typeof taints): void => {
    world.tenant.api.change(Node, { name }, (node) => {
      node.spec = { ...node.spec, taints: now.map((taint) => ({ ...taint })) } as Node['spec']
    })
  }
  bears(taints)
  return {
    bears,
    look: async () => {
      await reconcile(`${NAMESPACE}/workers`, new AbortController().signal)
      return world.management
        .read(NodePools, 'workers', NAMESPACE)
        ?.status?.conditions?.find(({ type }) => type === 'AddonsHaveNoNode')
    },
  }
}

test('a pool whose taints keep the add-ons from every Node says what is missing and what helps', async () => {
  const world = withNode([own])
  const condition = await world.look()
  assert.equal(condition?.status, 'True')
  assert.equal(condition?.reason, 'AddonsHaveNoNode')
  assert.match(condition?.message ?? '', /no DNS.*Add a pool without taints/)
  world.bears([])
  assert.equal(await world.look(), undefined)
})

test('taints that come and go with a Node’s state, or only ask, keep no add-on away', async () => {
  const passing = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }
  const asking = { key: 'gpu', effect: 'PreferNoSchedule' }
  assert.equal(await withNode([passing, asking]).look(), undefined)
})

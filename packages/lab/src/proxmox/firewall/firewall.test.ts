import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLabClock } from '../../clock.ts'
import { createCall } from '../call.ts'
import type { Params } from '../verify/params.ts'
import { createProxmoxWorld } from '../world.ts'
import { firewallHandlers } from './index.ts'

const CLUSTER = '/cluster/firewall'

function firewall() {
  const world = createProxmoxWorld(createLabClock())
  const ask = (key: string, params: Params = {}): unknown =>
    firewallHandlers[key]?.(
      createCall({ world, contact: 'pve1' }, { user: 'root@pam' }, {}, { node: 'pve1', ...params }),
    )
  const order = (): string[] =>
    (ask(`GET ${CLUSTER}/rules`) as { comment: string }[]).map(({ comment }) => comment)
  return { ask, order }
}

test('a new rule comes first, moving puts a rule before the one that is named, deleting closes the gap', () => {
  const { ask, order } = firewall()
  for (const comment of ['a', 'b', 'c', 'd'])
    ask(`POST ${CLUSTER}/rules`, { type: 'in', action: 'ACCEPT', comment, pos: '3' })
  assert.deepEqual(order(), ['d', 'c', 'b', 'a'])
  ask(`PUT ${CLUSTER}/rules/{pos}`, { pos: '0', moveto: '2' })
  assert.deepEqual(order(), ['c', 'd', 'b', 'a'])
  ask(`PUT ${CLUSTER}/rules/{pos}`, { pos: '3', moveto: '0' })
  assert.deepEqual(order(), ['a', 'c', 'd', 'b'])
  ask(`DELETE ${CLUSTER}/rules/{pos}`, { pos: '1' })
  assert.deepEqual(order(), ['a', 'd', 'b'])
  assert.throws(() => ask(`DELETE ${CLUSTER}/rules/{pos}`, { pos: '9' }), {
    message: 'no rule at position 9\n',
  })
})

test('a digest changes with every write, and an old one is refused', () => {
  const { ask } = firewall()
  const digest = (): string => (ask(`GET ${CLUSTER}/options`) as { digest: string }).digest
  const empty = digest()
  assert.equal(empty, 'da39a3ee5e6b4b0d3255bfef95601890afd80709')
  ask(`PUT ${CLUSTER}/options`, { enable: '1', digest: empty })
  assert.notEqual(digest(), empty)
  assert.throws(
    () => ask(`PUT ${CLUSTER}/options`, { enable: '0', digest: empty }),
    /detected modified configuration/,
  )
  ask(`PUT ${CLUSTER}/options`, { delete: 'enable', digest: digest() })
  assert.equal(digest(), empty)
})

test('a host has a firewall of its own, and a group without rules can go', () => {
  const { ask } = firewall()
  ask(`PUT ${CLUSTER}/options`, { enable: '1' })
  assert.deepEqual((ask(`GET ${CLUSTER}/options`) as { enable: number }).enable, 1)
  assert.equal((ask('GET /nodes/{node}/firewall/options') as { enable?: number }).enable, undefined)
  ask(`POST ${CLUSTER}/groups`, { group: 'web' })
  ask(`POST ${CLUSTER}/groups/{group}`, { group: 'web', type: 'in', action: 'ACCEPT' })
  assert.throws(() => ask(`DELETE ${CLUSTER}/groups/{group}`, { group: 'web' }), /is not empty/)
  ask(`DELETE ${CLUSTER}/groups/{group}/{pos}`, { group: 'web', pos: '0' })
  ask(`DELETE ${CLUSTER}/groups/{group}`, { group: 'web' })
  assert.deepEqual(ask(`GET ${CLUSTER}/groups`), [])
})

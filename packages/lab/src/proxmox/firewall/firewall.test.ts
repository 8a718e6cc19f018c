import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLabClock } from '../../clock.ts'
import { createCall } from '../call.ts'
import type { Params } from '../verify/params.ts'
import { createProxmoxWorld } from '../world.ts'
import { firewallHandlers } from './index.ts'
import { forgetFirewalls } from './state.ts'

const VM = '/nodes/{node}/qemu/{vmid}/firewall'

function firewall() {
  const world = createProxmoxWorld(createLabClock())
  const ask = (key: string, params: Params = {}): unknown =>
    firewallHandlers[key]?.(
      createCall(
        { world, contact: 'pve1' },
        { user: 'root@pam' },
        {},
        { node: 'pve1', vmid: '100', ...params },
      ),
    )
  const order = (): string[] =>
    (ask(`GET ${VM}/rules`) as { comment: string }[]).map(({ comment }) => comment)
  return { world, ask, order }
}

test('a new rule comes first, moving puts a rule before the one that is named, deleting closes the gap', () => {
  const { ask, order } = firewall()
  for (const comment of ['a', 'b', 'c', 'd'])
    ask(`POST ${VM}/rules`, { type: 'in', action: 'ACCEPT', comment, pos: '3' })
  assert.deepEqual(order(), ['d', 'c', 'b', 'a'])
  ask(`PUT ${VM}/rules/{pos}`, { pos: '0', moveto: '2' })
  assert.deepEqual(order(), ['c', 'd', 'b', 'a'])
  ask(`PUT ${VM}/rules/{pos}`, { pos: '3', moveto: '0' })
  assert.deepEqual(order(), ['a', 'c', 'd', 'b'])
  ask(`DELETE ${VM}/rules/{pos}`, { pos: '1' })
  assert.deepEqual(order(), ['a', 'd', 'b'])
  assert.throws(() => ask(`DELETE ${VM}/rules/{pos}`, { pos: '9' }), { message: 'no rule at position 9\n' })
})

test('a digest changes with every write, and an old one is refused', () => {
  const { ask } = firewall()
  const digest = (): string => (ask(`GET ${VM}/options`) as { digest: string }).digest
  const empty = digest()
  assert.equal(empty, 'da39a3ee5e6b4b0d3255bfef95601890afd80709')
  ask(`PUT ${VM}/options`, { enable: '1', digest: empty })
  assert.notEqual(digest(), empty)
  assert.throws(
    () => ask(`PUT ${VM}/options`, { enable: '0', digest: empty }),
    /detected modified configuration/,
  )
  ask(`PUT ${VM}/options`, { delete: 'enable', digest: digest() })
  assert.equal(digest(), empty)
})

test('each guest has a firewall of its own, which goes with it', () => {
  const { world, ask } = firewall()
  const stop = forgetFirewalls(world)
  ask(`PUT ${VM}/options`, { enable: '1' })
  assert.equal((ask(`GET ${VM}/options`, { vmid: '101' }) as { enable?: number }).enable, undefined)
  world.events.emit('destroyed', { vmid: 100 } as never)
  assert.equal((ask(`GET ${VM}/options`) as { enable?: number }).enable, undefined)
  stop()
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testWorld } from '../qemu/test-world.ts'

const FW = '/nodes/pve1/qemu/100/firewall'

test('a new rule is the first one, and moving puts it before the one at that place', async () => {
  const lab = testWorld()
  for (const comment of ['one', 'two', 'three'])
    await lab.call(`POST ${FW}/rules`, { type: 'in', action: 'ACCEPT', comment })
  const order = async (): Promise<string[]> =>
    ((await lab.call(`GET ${FW}/rules`)) as { comment: string; pos: number }[]).map(
      ({ comment, pos }) => `${pos}${comment}`,
    )
  assert.deepEqual(await order(), ['0three', '1two', '2one'])
  await lab.call(`PUT ${FW}/rules/0`, { moveto: '2' })
  assert.deepEqual(await order(), ['0two', '1three', '2one'])
  await lab.call(`PUT ${FW}/rules/2`, { moveto: '0' })
  assert.deepEqual(await order(), ['0one', '1two', '2three'])
  await lab.call(`PUT ${FW}/rules/0`, { moveto: '9' })
  assert.deepEqual(await order(), ['0two', '1three', '2one'])
  await assert.rejects(lab.call(`DELETE ${FW}/rules/7`), /no rule at position 7/)
})

test("a clone takes its source's firewall over, and a destroyed VM leaves none", async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100' })
  await lab.call(`PUT ${FW}/options`, { enable: '1', policy_in: 'DROP' })
  await lab.task('POST /nodes/pve1/qemu/100/clone', { newid: '101' })
  await lab.call(`PUT ${FW}/options`, { enable: '0' })
  const ofClone = (await lab.call('GET /nodes/pve1/qemu/101/firewall/options')) as Record<string, unknown>
  assert.deepEqual([ofClone['enable'], ofClone['policy_in']], [1, 'DROP'])
  await lab.task('DELETE /nodes/pve1/qemu/101')
  assert.deepEqual(await lab.call('GET /nodes/pve1/qemu/101/firewall/options'), {
    digest: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  })
})

test('a set holds addresses and known aliases, and is not removed while it holds any', async () => {
  const lab = testWorld()
  await lab.call(`POST ${FW}/ipset`, { name: 'blk' })
  await lab.call(`POST ${FW}/aliases`, { name: 'gw', cidr: '192.0.2.1' })
  for (const cidr of ['198.51.100.0/24', 'gw']) await lab.call(`POST ${FW}/ipset/blk`, { cidr })
  await assert.rejects(lab.call(`POST ${FW}/ipset/blk`, { cidr: 'gx' }), /no such alias 'gx'/)
  await assert.rejects(lab.call(`DELETE ${FW}/ipset/blk`), /IPSet 'blk' is not empty/)
  await lab.call(`DELETE ${FW}/ipset/blk`, { force: '1' })
  await assert.rejects(lab.call(`GET ${FW}/ipset/blk`), /no such IPSet 'blk'/)
})

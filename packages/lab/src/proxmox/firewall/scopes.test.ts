import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld, type Ask } from '../test-answers.ts'

const NOBODY = { user: 'nobody@pve' }

/** Each firewall: where it is, and whether it has names for addresses. */
const scopes = [
  { path: '/cluster/firewall', names: true, iface: 'vmbr0' },
  { path: '/nodes/pve1/firewall', names: false, iface: 'vmbr0' },
  { path: '/cluster/sdn/vnets/blue/firewall', names: false, iface: 'vmbr0' },
  { path: '/nodes/pve1/qemu/100/firewall', names: true, iface: 'net0' },
  { path: '/nodes/pve1/lxc/200/firewall', names: true, iface: 'net0' },
]

/** A cluster with a network of its own. */
async function withNetwork(): Promise<{ ask: Ask }> {
  const lab = checkedWorld()
  await assert.rejects(lab.ask('GET /cluster/sdn/vnets/blue/firewall/rules'), /invalid vnet specified/)
  await lab.ask('POST /cluster/sdn/zones', { zone: 'tenants', type: 'simple' })
  await lab.ask('POST /cluster/sdn/vnets', { vnet: 'blue', zone: 'tenants' })
  return lab
}

for (const { path, names, iface } of scopes) {
  test(`rules of ${path} are made, read, changed, moved and removed`, async () => {
    const { ask } = await withNetwork()
    const rules = `${path}/rules`
    await ask(`POST ${rules}`, {
      type: 'in',
      action: 'ACCEPT',
      iface,
      proto: 'tcp',
      dport: '22',
      enable: '1',
    })
    await ask(`POST ${rules}`, { type: 'out', action: 'DROP', source: '192.0.2.0/24' })
    const [first, second] = (await ask(`GET ${rules}`)) as Record<string, unknown>[]
    assert.deepEqual([first?.['pos'], first?.['action'], first?.['enable']], [0, 'DROP', 0])
    assert.deepEqual([second?.['pos'], second?.['dport'], second?.['enable']], [1, '22', 1])
    const one = (await ask(`GET ${rules}/1`)) as Record<string, unknown>
    assert.deepEqual([one['pos'], one['action'], one['iface']], ['1', 'ACCEPT', iface])
    const digest = String(one['digest'])
    await ask(`PUT ${rules}/1`, { comment: 'by hand', delete: 'dport', digest })
    const changed = (await ask(`GET ${rules}/1`)) as Record<string, unknown>
    assert.deepEqual([changed['comment'], changed['dport'], changed['proto']], ['by hand', undefined, 'tcp'])
    await assert.rejects(ask(`PUT ${rules}/1`, { comment: 'late', digest }), {
      status: 500,
      message: 'detected modified configuration - file changed by other user? Try again.\n',
    })
    await ask(`PUT ${rules}/1`, { moveto: '0' })
    assert.equal(((await ask(`GET ${rules}/0`)) as { comment: string }).comment, 'by hand')
    await ask(`DELETE ${rules}/0`)
    for (const call of ['GET', 'PUT', 'DELETE'])
      await assert.rejects(ask(`${call} ${rules}/7`), { status: 500, message: 'no rule at position 7\n' })
    assert.equal(((await ask(`GET ${rules}`)) as unknown[]).length, 1)
    await assert.rejects(ask(`POST ${rules}`, { type: 'in' }), {
      status: 400,
      errors: { action: 'property is missing and it is not optional' },
    })
    await assert.rejects(ask(`POST ${rules}`, { type: 'in', action: 'ACCEPT', dport: '80' }), {
      status: 400,
      errors: { proto: "missing property - 'dport' requires this property" },
    })
    await assert.rejects(ask(`DELETE ${rules}/0`, {}, NOBODY), { status: 403 })
    await assert.rejects(ask(`POST ${rules}`, { type: 'in', action: 'ACCEPT' }, NOBODY), { status: 403 })
  })

  test(`options of ${path} are set and unset, one by one`, async () => {
    const { ask } = await withNetwork()
    assert.deepEqual(Object.keys((await ask(`GET ${path}/options`)) as object), ['digest'])
    await ask(`PUT ${path}/options`, { enable: '1' })
    assert.equal(((await ask(`GET ${path}/options`)) as { enable: number }).enable, 1)
    await assert.rejects(ask(`PUT ${path}/options`, { enable: 'yes' }), {
      status: 400,
      // The cluster's is a number.
      errors: {
        enable: `type check ('${path.startsWith('/cluster/firewall') ? 'integer' : 'boolean'}') failed - got 'yes'`,
      },
    })
    await assert.rejects(ask(`PUT ${path}/options`, { delete: 'nosuch' }), {
      status: 400,
      errors: { delete: "no such option 'nosuch'" },
    })
    await assert.rejects(ask(`PUT ${path}/options`, { enable: '0' }, NOBODY), { status: 403 })
    await ask(`PUT ${path}/options`, { delete: 'enable' })
    assert.deepEqual(Object.keys((await ask(`GET ${path}/options`)) as object), ['digest'])
  })

  if (!names) continue
  test(`names and sets of addresses of ${path} are made, read, renamed and removed`, async () => {
    const { ask } = checkedWorld()
    await ask(`POST ${path}/aliases`, { name: 'office', cidr: '192.0.2.0/24', comment: 'ours' })
    await assert.rejects(ask(`POST ${path}/aliases`, { name: 'office', cidr: '192.0.2.0/24' }), {
      status: 400,
      errors: { name: "alias 'office' already exists" },
    })
    await ask(`PUT ${path}/aliases/office`, { cidr: '192.0.2.0/25', rename: 'desks' })
    const alias = (await ask(`GET ${path}/aliases/desks`)) as Record<string, unknown>
    assert.deepEqual([alias['cidr'], alias['comment']], ['192.0.2.0/25', 'ours'])
    await assert.rejects(ask(`GET ${path}/aliases/office`), {
      status: 400,
      errors: { name: 'no such alias' },
    })
    await ask(`POST ${path}/ipset`, { name: 'allowed' })
    await ask(`POST ${path}/ipset/allowed`, { cidr: '198.51.100.0/24', nomatch: '1', comment: 'not these' })
    await assert.rejects(ask(`POST ${path}/ipset/allowed`, { cidr: '198.51.100.0/24' }), {
      status: 400,
      errors: { cidr: "address '198.51.100.0/24' already exists" },
    })
    assert.equal(((await ask(`GET ${path}/ipset/allowed`)) as unknown[]).length, 1)
    const entry = `${path}/ipset/allowed/198.51.100.0/24`
    assert.equal(((await ask(`GET ${entry}`)) as { nomatch: number }).nomatch, 1)
    await ask(`PUT ${entry}`, { nomatch: '0', comment: 'these' })
    const read = (await ask(`GET ${entry}`)) as Record<string, unknown>
    assert.deepEqual([read['nomatch'] ?? 0, read['comment']], [0, 'these'])
    await assert.rejects(ask(`DELETE ${path}/ipset/allowed`), {
      status: 500,
      message: "IPSet 'allowed' is not empty\n",
    })
    await ask(`DELETE ${entry}`)
    await ask(`DELETE ${path}/ipset/allowed`)
    await assert.rejects(ask(`GET ${path}/ipset/allowed`), {
      status: 500,
      message: "no such IPSet 'allowed'\n",
    })
    await ask(`DELETE ${path}/aliases/desks`)
    // One that is gone already is no error.
    await ask(`DELETE ${path}/aliases/desks`)
    assert.deepEqual(await ask(`GET ${path}/aliases`), [])
    await assert.rejects(ask(`POST ${path}/ipset`, { name: 'mine' }, NOBODY), { status: 403 })
  })
}

test('a security group has rules of its own, and can be named by no call before it is made', async () => {
  const { ask } = checkedWorld()
  const groups = '/cluster/firewall/groups'
  await assert.rejects(ask(`GET ${groups}/web`), { status: 500, message: "no such security group 'web'\n" })
  await ask(`POST ${groups}`, { group: 'web', comment: 'for servers' })
  await ask(`POST ${groups}/web`, { type: 'in', action: 'ACCEPT', macro: 'HTTPS' })
  await assert.rejects(ask(`POST ${groups}/web`, { type: 'in', action: 'ACCEPT', macro: 'Nosuch' }), {
    status: 400,
    errors: { macro: "unknown macro 'Nosuch'" },
  })
  assert.equal(((await ask(`GET ${groups}/web/0`)) as { macro: string }).macro, 'HTTPS')
  await ask(`PUT ${groups}/web/0`, { macro: 'SSH' })
  assert.equal(((await ask(`GET ${groups}/web`)) as { macro: string }[])[0]?.macro, 'SSH')
  await assert.rejects(ask(`DELETE ${groups}/web`), /Security group 'web' is not empty/)
  await ask(`DELETE ${groups}/web/0`)
  await ask(`DELETE ${groups}/web`)
  assert.deepEqual(await ask(`GET ${groups}`), [])
})

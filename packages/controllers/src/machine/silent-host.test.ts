import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '@fochista/kubernetes'
import { ProxmoxApiError, ProxmoxConnectionError, ProxmoxTimeoutError } from '@fochista/proxmox'
import { Machines } from '../kinds.ts'
import { aLeaving } from '../test/a-leaving.ts'
import { aHost } from '../test/factories.ts'
import { imagePrefix } from './seed-drive.ts'

test('an upload on a host that is no member any more, or dead as a person says, holds nobody up', async (t) => {
  const silence = new ProxmoxConnectionError(
    { method: 'GET', path: '/' },
    new Error('No route to host'),
    false,
  )
  const unknown = new ProxmoxApiError({ method: 'GET', path: '/' }, 500, "hostname lookup 'pve3' failed")
  for (const [error, hosts] of [
    [unknown, ['pve1', 'pve2']],
    [silence, ['pve1', 'pve2']],
    [silence, ['pve1', 'pve2', 'pve3']],
  ] as const) {
    const { world, machine, leave, looks, reason, message } = aLeaving({
      hasJoined: false,
      status: 'stopped',
      spec: { isoStorage: 'local' },
    })
    const isMember = hosts.some((host) => host === 'pve3')
    const { hypervisor, observer } = world.proxmox
    const nodes = [...observer.nodes(), ...(isMember ? [aHost('pve3', { status: 'offline' })] : [])]
    t.mock.method(observer, 'nodes', () => nodes)
    t.mock.method(hypervisor, 'membership', () => Promise.resolve({ hosts, quorate: true }))
    world.proxmox.slow = true
    await hypervisor.uploadImage('pve3', 'local', `${imagePrefix(machine.spec.id)}abc.iso`, Buffer.alloc(1))
    world.proxmox.slow = false
    t.mock.method(hypervisor, 'taskLog', (upid: string) =>
      upid.includes(':pve3:') ? Promise.reject(error) : Promise.resolve([]),
    )
    await looks(3)
    if (isMember) {
      assert.equal(reason(), 'HostUnreachable')
      assert.match(message(), /^pve3 does not answer, .*seed image.* --host-is-dead/)
      leave({ 'fochista.dev/host-is-dead': '' })
      await looks(1)
    }
    assert.ok(world.isGone(), error.message)
  }
})

test('where all of Proxmox does not answer no host is said to be dead', async () => {
  const { world, looks, reason, message } = aLeaving()
  const call = { method: 'GET', path: '/cluster/resources' }
  Object.assign(world.proxmox.observer, { error: new ProxmoxTimeoutError(call, 60_000) })
  world.proxmox.silent.add('pve1')
  await looks(2)
  assert.equal(reason(), 'ProxmoxUnreachable')
  assert.match(
    message(),
    /^Proxmox cluster "dc1" does not answer at all, .*VM 412 runs.*fochista doctor.*machine release/,
  )
  assert.doesNotMatch(message(), /dead/)
})

test('on a host that does not answer VM and Node stay, until a person says that it is dead', async () => {
  const { world, leave, looks, reason, message } = aLeaving()
  world.proxmox.silent.add('pve1')
  await looks(2)
  assert.equal(reason(), 'HostUnreachable')
  assert.ok(message().includes('--host-is-dead') && message().includes('machine release'))
  await world.clock.advance(3_600_000)
  await looks(1)
  assert.equal(world.tenant.api.all(Node).length, 1)
  leave({ 'fochista.dev/host-is-dead': '' })
  await looks(1)
  assert.ok(world.isGone())
  assert.equal(world.tenant.api.all(Node).length, 0)
  assert.ok((await world.events()).includes('HostDeclaredDead'))
})

test('a host that dies while it stops the VM keeps nothing once a person says that it is dead', async () => {
  const { world, leave, looks, reason, message } = aLeaving()
  world.proxmox.slow = true
  await looks(3)
  assert.deepEqual(world.proxmox.writes, ['shutdown 412'])
  assert.ok(world.machine().status?.task)
  world.proxmox.silent.add('pve1')
  await looks(2)
  assert.equal(reason(), 'HostUnreachable')
  assert.match(message(), /^pve1 does not answer.*--host-is-dead.*machine release/)
  assert.equal(world.tenant.api.all(Node).length, 1)
  leave({ 'fochista.dev/host-is-dead': '' })
  await looks(1)
  assert.ok(world.isGone())
  assert.equal(world.tenant.api.all(Node).length, 0)
})

test('a host that answers again has its machine taken away in order', async () => {
  const { world, looks } = aLeaving()
  world.proxmox.silent.add('pve1')
  await looks(2)
  world.proxmox.silent.clear()
  await looks(4)
  assert.ok(world.isGone())
  assert.equal(world.proxmox.vms.has(412), false)
})

test('a machine is released though its host, or all of Proxmox, does not answer', async () => {
  const silent = aLeaving()
  silent.leave({ 'fochista.dev/release': '' })
  silent.world.proxmox.silent.add('pve1')
  await silent.looks(1)
  assert.ok(silent.world.isGone())

  const { world, leave, looks, reason, message } = aLeaving()
  world.connections.remove('dc1')
  await looks(1)
  assert.equal(reason(), 'ProxmoxUnreachable')
  assert.ok(message().includes('machine release workers-x7k2b'), 'every blocked deletion names it')
  leave({ 'fochista.dev/release': '' })
  await looks(1)
  assert.ok(world.isGone())
})

test('a machine whose VM is gone and whose host is lost does not wait for the images that were there', async () => {
  const { world, vm, leave, looks, reason, message } = aLeaving()
  // A stranger has its number, elsewhere.
  Object.assign(vm, { node: 'pve2', config: { name: 'theirs' } })
  for (const { metadata } of world.tenant.api.all(Node))
    world.tenant.api.change(Node, metadata, ({ status }) => void delete status?.conditions)
  world.proxmox.images.add(`local:iso/fochista-${world.machine().spec.id}-0.iso`)
  world.proxmox.silent.add('pve1')
  await looks(2)
  assert.equal(reason(), 'HostUnreachable')
  assert.match(message(), /^pve1 does not answer.* --host-is-dead/)
  leave({ 'fochista.dev/host-is-dead': '' })
  await looks(1)
  assert.ok(world.isGone())
  assert.deepEqual(world.proxmox.vms.get(412)?.config, { name: 'theirs' })
})

test('of a VM that was migrated and is not found, the host is named that was asked in vain', async () => {
  const { world, machine, leave, looks, reason, message } = aLeaving()
  world.management.change(Machines, machine.metadata, (one) => {
    one.status = { ...one.status, node: 'pve2' }
  })
  world.proxmox.vms.delete(412)
  world.proxmox.silent.add('pve1')
  await looks(1)
  assert.match(message(), /^pve1 does not answer/)
  const remaining = world.proxmox.observer.nodes().filter(({ node }) => node === 'pve2')
  world.proxmox.observer.nodes = () => remaining
  world.proxmox.hypervisor.membership = () => Promise.resolve({ hosts: ['pve2'], quorate: true })
  await looks(1)
  assert.equal(reason(), 'HostGone')
  assert.match(message(), /^pve1 is no member .* --host-is-dead/)
  leave({ 'fochista.dev/host-is-dead': '' })
  await looks(2)
  assert.ok(world.isGone())
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node } from '@fochista/kubernetes'
import { ProxmoxApiError, ProxmoxConnectionError } from '@fochista/proxmox'
import { Machines } from '../kinds.ts'
import { aWorld, type Given } from '../test/a-world.ts'
import { aHost, aMachine, aPool, markOf, placed } from '../test/factories.ts'
import { join } from './join.ts'
import { ready } from './ready.ts'
import { imagePrefix } from './seed-drive.ts'
import { tokenDescription } from './seed.ts'
import { start } from './start.ts'

/** A world whose machine is seeded, and runs or not. */
function aSeeded(given: Given & { status?: 'running' | 'stopped' } = {}) {
  const world = aWorld(given)
  const machine = world.has(aMachine({ spec: { ...placed, made: true } }))
  const image = `local:iso/${imagePrefix(machine.spec.id)}abc.iso`
  const vm = world.proxmox.has({
    vmid: 412,
    status: given.status ?? 'stopped',
    config: {
      scsi0: 'local-lvm:vm-412-disk-0,size=20G',
      ide2: `${image},media=cdrom`,
      smbios1: `uuid=${machine.spec.id}`,
      description: markOf(machine),
    },
  })
  world.proxmox.images.add(image)
  const description = tokenDescription(machine.spec.id)
  world.tenant.tokens.set(description, { token: 'a.b', expiresAt: world.clock.now() + 3_600_000 })
  return { world, machine, vm, description }
}

/** A world whose machine has come its way so far that it is started, or is about to be. */
async function aRunning(isStarted = true) {
  const world = aWorld()
  const machine = world.has(aMachine())
  await world.looks(machine, 4)
  if (isStarted) await world.looks(machine, 2)
  const vm = () => {
    const found = world.proxmox.vms.get(world.machine().spec.vmid ?? 0)
    if (!found) throw new Error('there is no VM')
    return found
  }
  return { world, machine, vm }
}

test('a stopped VM is started, and its own host says that it runs', async () => {
  const { world, machine } = aSeeded()
  assert.equal((await world.step(start, machine)).reason, 'Starting')
  assert.equal((await world.step(start, machine)).state, 'done')
  assert.deepEqual(world.proxmox.writes, ['start 412'])
})

test('a start whose task failed although the VM runs is done', async () => {
  const { world, machine, vm } = aSeeded()
  world.proxmox.slow = true
  await world.step(start, machine)
  vm.status = 'running'
  world.proxmox.end('start failed: got timeout')
  assert.equal((await world.step(start, machine)).state, 'done')
})

test('a start that was asked for before a crash is waited for, not asked for again', async () => {
  const { world, machine } = aSeeded()
  world.proxmox.slow = true
  await world.step(start, machine)
  world.dies()
  assert.equal((await world.step(start, machine)).reason, 'Starting')
  assert.deepEqual(world.proxmox.writes, ['start 412'])
})

test('a start that fails says why, and is not tried again at once', async () => {
  const { world, machine } = await aRunning(false)
  world.proxmox.slow = true
  const starts = (): number => world.proxmox.writes.filter((one) => one.startsWith('start')).length
  await world.look(machine)
  for (let turn = 0; turn < 6; turn += 1) {
    world.proxmox.end('start failed: QEMU exited with code 1')
    await world.look(machine).catch(() => undefined)
  }
  assert.match(world.condition('Started')?.message ?? '', /QEMU exited with code 1/)
  assert.equal(starts(), 1)
  await world.clock.advance(60_000)
  await world.look(machine).catch(() => undefined)
  assert.equal(starts(), 2)
})

test('a VM whose seed image somebody has deleted gets another, and starts with it', async () => {
  const { world, machine, vm } = await aRunning(false)
  world.proxmox.slow = true
  await world.look(machine)
  world.proxmox.images.clear()
  world.proxmox.end("volume 'local:iso/seed.iso' does not exist")
  await world.look(machine)
  assert.equal(world.condition('Started')?.reason, 'SeedGone')
  assert.match(
    world.condition('Started')?.message ?? '',
    /^The seed image local:iso\/fochista-.* is not on pve\d any more/,
  )
  world.proxmox.slow = false
  await world.looks(machine, 4)
  assert.equal(vm().status, 'running')
  assert.equal(world.proxmox.images.size, 1)
  assert.ok([...world.proxmox.images].every((image) => String(vm().config['ide2']).startsWith(image)))
})

test('a VM that somebody stopped after it had joined is left alone for five minutes', async () => {
  const { world, machine, vm } = await aRunning()
  world.tenant.joins(world.machine())
  await world.looks(machine, 3)
  assert.equal(world.condition('Ready')?.status, 'True')
  world.proxmox.writes.length = 0
  vm().status = 'stopped'
  await world.look(machine)
  assert.equal(world.condition('Started')?.reason, 'Stopped')
  await world.clock.advance(4 * 60_000)
  await world.look(machine)
  assert.deepEqual(world.proxmox.writes, [])
  await world.clock.advance(61_000)
  await world.look(machine)
  assert.deepEqual(world.proxmox.writes, [`start ${world.machine().spec.vmid}`])
})

test('once its Node is there the image is ejected and deleted, and the token goes', async () => {
  const { world, machine, vm, description } = aSeeded({ status: 'running' })
  world.tenant.joins(machine)
  assert.equal((await world.step(join, machine)).reason, 'RemovingSeed')
  const said = await world.step(join, machine)
  assert.equal(said.state, 'done')
  assert.equal(vm.config['ide2'], 'none,media=cdrom', 'a drive of a running VM cannot be removed')
  assert.deepEqual([...world.proxmox.images], [])
  assert.equal(world.tenant.tokens.has(description), false)
  assert.deepEqual(said.context.machine.status?.addresses, ['10.0.0.21'])
  assert.equal(said.context.machine.status?.providerID, 'proxmox://dc1/412')
})

test('what a host has that the VM has left since is no reason to wait where that host is silent or no member', async (t) => {
  const silence = new ProxmoxConnectionError(
    { method: 'GET', path: '/' },
    new Error('No route to host'),
    false,
  )
  const unknown = new ProxmoxApiError({ method: 'GET', path: '/' }, 500, "hostname lookup 'pve1' failed")
  for (const [error, hosts] of [
    [silence, ['pve1', 'pve2']],
    [unknown, ['pve2', 'pve3']],
  ] as const) {
    const { world, machine, vm, description } = aSeeded({ status: 'running' })
    vm.node = 'pve2'
    vm.config['ide2'] = 'none,media=cdrom'
    world.tenant.joins(machine)
    const { hypervisor, observer } = world.proxmox
    const nodes = hosts.map((host) => aHost(host))
    t.mock.method(observer, 'nodes', () => nodes)
    t.mock.method(hypervisor, 'membership', () => Promise.resolve({ hosts, quorate: true }))
    t.mock.method(hypervisor, 'volumes', (node: string) =>
      node === 'pve1' ? Promise.reject(error) : Promise.resolve([]),
    )
    assert.equal((await world.step(join, machine)).state, 'done', error.message)
    assert.equal(world.tenant.tokens.has(description), false)
  }
})

test('an image on the VM’s own host stays attached while that is silent, and is not forgotten', async () => {
  const { world, machine, vm, description } = aSeeded({ status: 'running' })
  vm.node = 'pve2'
  world.tenant.joins(machine)
  world.proxmox.silent.add('pve2')
  await assert.rejects(world.step(join, machine))
  assert.equal(world.tenant.tokens.has(description), true)
  world.proxmox.silent.clear()
  await world.step(join, machine)
  assert.equal(vm.config['ide2'], 'none,media=cdrom')
})

test('images of other machines stay', async () => {
  const { world, machine } = aSeeded({ status: 'running' })
  world.proxmox.images.add('local:iso/fochista-99999999-2222-4333-8444-555555555556-abc.iso')
  world.proxmox.images.add('local:iso/debian.iso')
  world.tenant.joins(machine)
  for (let turn = 0; turn < 3; turn += 1) await world.step(join, machine)
  assert.equal(world.proxmox.images.size, 2)
})

test('labels that a kubelet may not give itself are put on the Node by us', async () => {
  const labels = { 'node-role.kubernetes.io/worker': '', tier: 'on' }
  const { world, machine } = aSeeded({ status: 'running', pool: aPool({ spec: { node: { labels } } }) })
  world.tenant.joins(machine)
  await world.step(join, machine)
  const [node] = world.tenant.api.all(Node)
  assert.equal(node?.metadata.labels?.['node-role.kubernetes.io/worker'], '')
})

test('a Node of our name with another provider id is not ours, and a person is told', async () => {
  const { world, machine } = aSeeded({ status: 'running' })
  world.tenant.joins({ ...machine, spec: { ...machine.spec, vmid: 999 } })
  const said = await world.step(join, machine)
  assert.deepEqual([said.state, said.reason], ['blocked', 'NodeNameTaken'])
  assert.match(said.message, /proxmox:\/\/dc1\/999/)
  assert.deepEqual(world.proxmox.writes, [])
})

test('the time to join runs from Started, and its end names the serial console', async () => {
  const { world, machine, vm } = await aRunning()
  await world.look(machine)
  assert.equal(world.condition('Joined')?.reason, 'Joining')
  await world.clock.advance(19 * 60_000)
  await world.look(machine)
  assert.equal(world.condition('Joined')?.reason, 'Joining')
  await world.clock.advance(61_000)
  await world.look(machine)
  assert.equal(world.condition('Joined')?.reason, 'NodeStartupTimeout')
  assert.match(world.condition('Joined')?.message ?? '', /qm terminal \d+/)
  assert.equal(vm().status, 'running', 'nothing is taken away for being slow')
})

test('a Node that waits for a network plugin says what to install; a silent kubelet is told apart', async () => {
  const { world, machine } = aSeeded({ status: 'running' })
  world.tenant.joins(machine, false)
  const saying = async (status: 'Unknown' | 'False', message: string) => {
    world.tenant.api.change(Node, { name: machine.metadata.name }, (node) => {
      node.status = { conditions: [{ type: 'Ready', status, message }] }
    })
    return (await world.step(ready, machine)).reason
  }
  const words =
    'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized'
  assert.equal(await saying('False', words), 'WaitingForNetwork')
  assert.match((await world.step(ready, machine)).message, /Cilium, Calico or Flannel/)
  assert.equal(await saying('Unknown', 'Kubelet stopped posting node status.'), 'NodeNotReady')
  assert.match((await world.step(ready, machine)).message, /kubelet has stopped to report/)
  assert.equal(await saying('False', 'PLEG is not healthy'), 'NodeNotReady')
})

test('a Node is not said to lack a network plugin that it, or another Node, has had', async () => {
  const words = 'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady'
  for (const isOther of [true, false]) {
    const { world, machine } = aSeeded({ status: 'running' })
    world.tenant.joins(machine, false)
    if (!isOther)
      world.management.change(Machines, machine.metadata, (one) => {
        one.status = { ...one.status, wasReady: true }
      })
    const says = (status: 'True' | 'False', message: string): NonNullable<Node['status']> => ({
      conditions: [{ type: 'Ready', status, message }],
    })
    world.tenant.api.change(Node, { name: machine.metadata.name }, (node) => {
      node.status = says('False', words)
    })
    if (isOther) {
      assert.equal((await world.step(ready, machine)).reason, 'WaitingForNetwork')
      world.tenant.api.has(Node, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { name: 'other' },
        status: says('True', ''),
      })
    }
    const said = await world.step(ready, machine)
    assert.deepEqual([said.state, said.reason], ['waiting', 'NetworkStarting'])
    assert.doesNotMatch(said.message, /install/i)
    assert.match(said.message, /spec\.nodeName=workers-x7k2b/)
  }
})

test('a whole way leads from nothing to Ready, killed after any write and begun again', async () => {
  for (let deadly = 1; deadly <= 30; deadly += 1) {
    const world = aWorld()
    const machine = world.has(aMachine())
    let writes = 0
    const killed = new Error('killed')
    // From the deadly write on nothing of this process comes through any more; the write itself did.
    const after = ({ verb, plural }: { verb: string; plural: string }): Error | undefined => {
      if (verb === 'patch' && plural === 'machines') writes += 1
      return writes === deadly ? killed : undefined
    }
    const before = (): Error | undefined => (writes === deadly ? killed : undefined)
    Object.assign(world.management.faults, { before, after })
    for (let turn = 0; turn < 24; turn += 1) {
      await world.look(machine).catch((error: unknown) => {
        if (error !== killed) throw error
        writes += 1
        world.dies()
      })
      const { status } = world.machine()
      if (status?.phase === 'Joining' && world.tenant.api.all(Node).length === 0)
        world.tenant.joins(world.machine())
    }
    assert.equal(world.machine().status?.phase, 'Ready', `killed after write ${deadly}`)
    const clones = world.proxmox.writes.filter((one) => one.startsWith('clone'))
    assert.equal(clones.length, 1, `killed after write ${deadly}`)
    assert.equal(world.proxmox.vms.size, 2)
    assert.equal(world.proxmox.images.size, 0)
    assert.equal(world.tenant.tokens.size, 0)
  }
})

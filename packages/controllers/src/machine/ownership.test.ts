import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANNOTATION_HOST_IS_DEAD, ANNOTATION_RELEASE, type Machine } from '@fochista/api'
import { ProxmoxApiError } from '@fochista/proxmox'
import { Machines, NodePools, ProxmoxClusters } from '../kinds.ts'
import { WritesForbiddenError } from '../proxmox-cluster/hypervisor.ts'
import { aWorld } from '../test/a-world.ts'
import { aMachine, aPool, markOf, NAMESPACE, placed } from '../test/factories.ts'
import { clone } from './clone.ts'
import { place } from './place.ts'

/** A VM of a machine that has come all its way. */
const ownVm = (machine: Machine, vmid: number) => ({
  vmid,
  status: 'running' as const,
  config: {
    name: machine.metadata.name,
    description: markOf(machine),
    smbios1: `uuid=${machine.spec.id}`,
    scsi0: `local-lvm:vm-${vmid}-disk-0,size=20G`,
    ide2: 'none,media=cdrom',
  },
})
const clones = ({ proxmox }: ReturnType<typeof aWorld>): string[] =>
  proxmox.writes.filter((one) => one.startsWith('clone'))

/** A world whose placed machine finds nothing at its VMID, and something there when its clone is asked for. */
function aRace(appears: (world: ReturnType<typeof aWorld>, machine: Machine) => void) {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: placed }))
  const original = world.proxmox.hypervisor.clone.bind(world.proxmox.hypervisor)
  let raced = false
  world.proxmox.hypervisor.clone = (template, params) => {
    if (!raced) appears(world, machine)
    raced = true
    return original(template, params)
  }
  return { world, machine }
}

test('a VM that a copy of the installation has made for the same machine is taken, and no second one made', async () => {
  const { world, machine } = aRace((one, { spec, metadata }) =>
    one.proxmox.has({
      vmid: 412,
      config: { name: metadata.name, description: markOf({ ...machine, spec }, { building: true }) },
    }),
  )
  assert.equal((await world.step(clone, machine)).reason, 'VMIDTaken')
  assert.equal(world.machine().spec.vmid, 412, 'the VMID is not given up')
  assert.equal((await world.step(clone, machine)).state, 'done')
  assert.deepEqual([world.machine().spec.vmid, world.machine().spec.made], [412, true])
})

test('a VM that a stranger has made meanwhile costs the VMID with the next look', async () => {
  const { world, machine } = aRace(({ proxmox }) =>
    proxmox.has({ vmid: 412, config: { name: 'theirs', description: 'my database' } }),
  )
  assert.equal((await world.step(clone, machine)).reason, 'VMIDTaken')
  await world.step(clone, machine)
  assert.deepEqual(world.machine().status?.vmidsGivenUp, [412])
})

test('a VMID that is taken by what cannot be seen is given up after a minute, and not before', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: placed }))
  const taken = (): Promise<never> =>
    Promise.reject(
      new ProxmoxApiError({ method: 'POST', path: '/' }, 500, 'VM 412 already exists on node "pve3"'),
    )
  world.proxmox.hypervisor.clone = taken
  await world.look(machine)
  assert.equal(world.condition('Cloned')?.reason, 'VMIDTaken')
  await world.clock.advance(59_000)
  await world.look(machine)
  assert.equal(world.machine().spec.vmid, 412)
  await world.clock.advance(2000)
  await world.look(machine)
  assert.deepEqual(world.machine().status?.vmidsGivenUp, [412])
})

test('a machine that was restored from before it was placed, or with another VMID, finds the VM that it has', async () => {
  for (const spec of [{}, placed]) {
    const world = aWorld()
    const machine = world.has(aMachine({ spec }))
    world.proxmox.has(ownVm(machine, 430))
    // Names prove nothing: neither a stranger's VM nor a copy that a person made is taken for it.
    world.proxmox.has({ vmid: 431, config: { name: machine.metadata.name, description: 'mine' } })
    world.proxmox.has({
      ...ownVm(machine, 432),
      config: { ...ownVm(machine, 432).config, smbios1: 'uuid=00000000-0000-4000-8000-000000000001' },
    })
    for (let turn = 0; turn < 3; turn += 1) {
      await world.step(place, machine)
      await world.step(clone, machine)
    }
    assert.deepEqual([world.machine().spec.vmid, world.machine().spec.made], [430, true])
    assert.deepEqual(clones(world), [])
  }
})

test('the VM of one machine is never taken by another, whatever its name', async () => {
  const world = aWorld()
  const other = world.has(
    aMachine({ metadata: { name: 'workers-other' }, spec: { ...placed, vmid: 430, made: true } }),
  )
  const machine = world.has(aMachine())
  world.proxmox.has({
    ...ownVm(other, 430),
    config: { ...ownVm(other, 430).config, name: machine.metadata.name },
  })
  await world.step(place, machine)
  assert.notEqual(world.machine().spec.vmid, 430)
})

/** A world whose machine has its VM, which is Ready as far as Proxmox is concerned. */
function aMade() {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: { ...placed, made: true } }))
  world.proxmox.has(ownVm(machine, 412))
  return { world, machine }
}

test('with its Proxmox cluster fenced a machine stands still and says what to do, and can still be released', async () => {
  const { world, machine } = aMade()
  const message = 'Another copy … `fochista proxmox unfence dc1`.'
  world.management.change(ProxmoxClusters, { name: 'dc1' }, (one) => {
    one.status = {
      conditions: [
        {
          type: 'Fenced',
          status: 'True',
          reason: 'Fenced',
          message,
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ],
    }
  })
  await world.look(machine)
  assert.deepEqual(
    [world.condition('Placed')?.reason, world.condition('Placed')?.message],
    ['Fenced', message],
  )
  world.management.change(Machines, machine.metadata, (one) => {
    one.metadata.deletionTimestamp = new Date(world.clock.now()).toISOString()
  })
  await world.look(machine)
  assert.equal(world.condition('Ready')?.reason, 'Fenced')
  assert.deepEqual(world.proxmox.writes, [])
  world.proxmox.hypervisor.configure = () => Promise.reject(new WritesForbiddenError('fenced'))
  world.management.change(Machines, machine.metadata, (one) => {
    one.metadata.annotations = { [ANNOTATION_RELEASE]: '' }
  })
  await world.look(machine)
  assert.ok(world.isGone())
  assert.ok(world.proxmox.vms.has(412))
})

test('a host that is offline is named, and waited for until a person says that it is lost', async () => {
  const { world, machine } = aMade()
  world.proxmox.silent.add('pve1')
  await world.look(machine)
  assert.equal(world.condition('Cloned')?.reason, 'HostOffline')
  assert.match(
    world.condition('Cloned')?.message ?? '',
    /pve1 is offline.*machine delete workers-x7k2b --host-is-dead/,
  )
  assert.equal(world.machine().status?.failure, undefined, 'it is not replaced')
  world.proxmox.silent.delete('pve1')
  await world.look(machine)
  assert.equal(world.condition('Cloned')?.status, 'True')
})

/** Takes pve1 out of the Proxmox cluster. */
function takeOut({ proxmox }: ReturnType<typeof aWorld>): void {
  const [, other] = proxmox.observer.nodes()
  assert.ok(other)
  proxmox.observer.nodes = () => [other]
  const refuse = () =>
    Promise.reject(new ProxmoxApiError({ method: 'GET', path: '/' }, 500, "hostname lookup 'pve1' failed"))
  Object.assign(proxmox.hypervisor, {
    membership: () => Promise.resolve({ hosts: ['pve2'], quorate: true }),
    config: refuse,
    task: refuse,
  })
}

test('a machine whose host is taken out of the cluster while its VM is made says so, and goes by a person’s word', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: placed }))
  world.proxmox.slow = true
  await world.step(clone, machine)
  assert.ok(world.machine().status?.task)
  takeOut(world)
  await world.look(machine)
  const said = world.condition('Cloned')
  assert.equal(said?.reason, 'HostGone')
  assert.match(said?.message ?? '', /machine delete workers-x7k2b --host-is-dead/)
  assert.equal(world.machine().spec.vmid, 412, 'the VMID is not given up')
  world.management.change(Machines, machine.metadata, (one) => {
    one.metadata.deletionTimestamp = new Date(world.clock.now()).toISOString()
    one.metadata.annotations = { [ANNOTATION_HOST_IS_DEAD]: '' }
  })
  await world.look(machine)
  assert.ok(world.isGone())
})

test('a host that is off while a VM is made there is named with the way on, and asked again at once', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: placed }))
  world.proxmox.slow = true
  await world.step(clone, machine)
  world.proxmox.silent.add('pve1')
  await assert.rejects(world.look(machine), /No route to host/)
  assert.match(
    world.condition('Cloned')?.message ?? '',
    /No route to host.*pve1 is offline.*machine delete workers-x7k2b --host-is-dead/,
  )
})

test('a host that is no member any more is named, with every way on, and believed dead only by a person’s word', async () => {
  const { world, machine } = aMade()
  takeOut(world)
  await world.look(machine)
  assert.equal(world.condition('Cloned')?.reason, 'HostGone')
  assert.match(world.condition('Cloned')?.message ?? '', /machine delete workers-x7k2b --host-is-dead/)
  assert.equal(world.machine().status?.failure, undefined, 'it is not replaced')
  const leave = (annotations: Record<string, string>): void =>
    void world.management.change(Machines, machine.metadata, (one) => {
      one.metadata.deletionTimestamp ??= new Date(world.clock.now()).toISOString()
      one.metadata.annotations = annotations
    })
  leave({})
  await world.look(machine)
  assert.equal(world.condition('Ready')?.reason, 'HostGone')
  for (const way of ['machine delete workers-x7k2b --host-is-dead', 'machine release workers-x7k2b'])
    assert.ok(world.condition('Ready')?.message.includes(way), way)
  leave({ [ANNOTATION_HOST_IS_DEAD]: '' })
  await world.look(machine)
  assert.ok(world.isGone())
  assert.deepEqual(world.proxmox.writes, [])
})

test('a machine whose pool is gone says so and keeps running', async () => {
  const { world, machine } = aMade()
  world.tenant.joins(machine)
  await world.looks(machine, 3)
  assert.equal(world.condition('Ready')?.reason, 'Ready')
  world.management.vanish(NodePools, { name: 'workers', namespace: NAMESPACE })
  await world.looks(machine, 2)
  assert.deepEqual(
    [world.condition('Ready')?.status, world.condition('Ready')?.reason],
    ['True', 'PoolNotFound'],
  )
  assert.deepEqual(world.proxmox.writes, [])
})

test('with its status lost a worker whose Node is gone is known by its empty drive, and not restarted at once', async () => {
  const { world, machine } = aMade()
  for (let minute = 0; minute < 5; minute += 1) {
    await world.look(machine)
    assert.equal(world.condition('Seeded')?.reason, 'NodeGone', `after ${minute} minutes`)
    assert.deepEqual(world.proxmox.writes, [])
    await world.clock.advance(60_000)
  }
  await world.look(machine)
  assert.deepEqual(world.proxmox.writes, ['stop 412'], 'and then it joins anew')
})

test('more vanished VMs than a pool bears are not believed, though they are few of all', async () => {
  const world = aWorld({ pool: aPool({ spec: { health: { maxUnhealthy: 1 } } }) })
  const machines = Array.from({ length: 20 }, (_, index) =>
    world.has(
      aMachine({
        metadata: { name: `workers-${index}` },
        spec: { ...placed, vmid: 420 + index, made: true },
      }),
    ),
  )
  for (const machine of machines.slice(2)) world.proxmox.has(ownVm(machine, machine.spec.vmid ?? 0))
  for (let turn = 0; turn < 3; turn += 1) {
    for (const machine of machines.slice(0, 2)) await world.look(machine)
    await world.clock.advance(61_000)
  }
  assert.equal(world.condition('Cloned', 'workers-0')?.reason, 'InventorySuspect')
  assert.equal(world.machine('workers-0').status?.failure, undefined)
})

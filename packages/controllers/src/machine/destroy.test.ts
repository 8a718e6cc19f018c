import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Event } from '@fochista/kubernetes'
import { Machines } from '../kinds.ts'
import { aLeaving } from '../test/a-leaving.ts'
import { aMachine, markOf, placed } from '../test/factories.ts'

/** A world with five more machines that are asked to go, each with a VM that is stopped; tasks run until a test ends them. */
function fiveLeaving() {
  const { world } = aLeaving({ hasJoined: false })
  world.proxmox.slow = true
  const names = ['a', 'b', 'c', 'd', 'e']
  const machines = names.map((name, index) => {
    const vmid = 430 + index
    const id = `00000000-0000-4000-8000-00000000000${index}`
    const machine = world.has(
      aMachine({
        metadata: { name, deletionTimestamp: new Date(world.clock.now()).toISOString() },
        spec: { ...placed, id, vmid, made: true },
      }),
    )
    world.proxmox.has({
      vmid,
      status: 'stopped',
      config: { smbios1: `uuid=${id}`, description: markOf(machine) },
    })
    return machine
  })
  return {
    world,
    destroyed: (): number => world.proxmox.writes.filter((one) => one.startsWith('destroy')).length,
    looks: async (turns: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn += 1) for (const machine of machines) await world.look(machine)
    },
    left: (): string[] => names.filter((name) => !world.isGone(name)),
  }
}

test('no more than three VMs are destroyed at once on a storage: a disk that waits too long for the lock is left behind', async () => {
  const { world, destroyed, looks, left } = fiveLeaving()
  await looks(2)
  assert.equal(destroyed(), 3)
  assert.match(
    world.condition('Ready', 'd')?.message ?? '',
    /Waiting until \d other VMs on `local-lvm` are destroyed/,
  )
  const [first] = world.proxmox.tasks.filter(({ type }) => type === 'qmdestroy')
  assert.ok(first)
  world.proxmox.finish(first)
  await looks(2)
  assert.equal(destroyed(), 4)
  world.proxmox.end()
  world.proxmox.slow = false
  await looks(6)
  assert.deepEqual(left(), [])
})

test('a process that has just begun counts the destructions that an earlier one has noted, whoever is looked at first', async () => {
  const { world, destroyed, looks, left } = fiveLeaving()
  await looks(2)
  assert.equal(destroyed(), 3)
  world.dies()
  // One for which there is no room is the first to ask.
  await world.look(world.machine('e'))
  await looks(2)
  assert.equal(destroyed(), 3)
  world.proxmox.end()
  await looks(3)
  world.proxmox.end()
  await looks(3)
  assert.equal(destroyed(), 5)
  assert.deepEqual(left(), [])
})

const isDestroy = ({ type }: { readonly type: string }): boolean => type === 'qmdestroy'

test('a destruction that runs and that nobody has noted is waited for and not begun a second time', async () => {
  const { world, vm, looks, reason } = aLeaving({ hasJoined: false, status: 'stopped' })
  world.proxmox.slow = true
  await world.proxmox.hypervisor.destroy(vm)
  await looks(3)
  assert.equal(reason(), 'WaitingForTask')
  assert.deepEqual(world.proxmox.writes, ['destroy 412'])
  assert.match(world.machine().status?.task ?? '', /:qmdestroy:412:/)
  world.proxmox.end()
  await looks(3)
  assert.ok(world.isGone())
  assert.deepEqual(world.proxmox.writes, ['destroy 412'])
})

const LEFT = "Could not remove disk 'local-lvm:vm-412-disk-0', check manually: got timeout"

test('a disk that Proxmox could not remove with its VM is named, with the command that removes it', async () => {
  const { world, looks } = aLeaving({ hasJoined: false, status: 'stopped' })
  world.proxmox.slow = true
  await looks(2)
  for (const task of world.proxmox.tasks) {
    task.head = LEFT
    world.proxmox.finish(task)
  }
  world.proxmox.slow = false
  await looks(4)
  assert.ok(world.isGone())
  assert.ok((await world.events()).includes('DiskLeft'))
})

test('it is named too if the process died before it could note the task, and before the machine goes; on the Proxmox cluster too', async () => {
  const { world, vm, looks } = aLeaving({ hasJoined: false, status: 'stopped' })
  await world.proxmox.hypervisor.destroy(vm)
  for (const task of world.proxmox.tasks.filter(isDestroy)) task.head = LEFT
  const subjects: string[] = []
  const { kubernetes } = world.management
  const create = kubernetes.create.bind(kubernetes)
  kubernetes.create = async (kind, object, options) => {
    const { involvedObject, message, reason } = object as unknown as Event
    if (reason === 'DiskLeft') {
      assert.equal(world.isGone(), false)
      assert.match(message ?? '', /on pve1: `pvesm free local-lvm:vm-412-disk-0`/)
      subjects.push(`${involvedObject.kind} in ${object.metadata.namespace}`)
    }
    return create(kind, object, options)
  }
  await looks(4)
  assert.ok(world.isGone())
  assert.deepEqual(subjects, ['Machine in acme', 'ProxmoxCluster in default'])
})

test('what was destroyed before the machine was there, or is a stranger’s, is none of its business', async () => {
  const { world, vm, looks } = aLeaving({ hasJoined: false, status: 'stopped', spec: { made: false } })
  await world.proxmox.hypervisor.destroy(vm)
  for (const task of world.proxmox.tasks.filter(isDestroy)) task.head = LEFT
  world.management.change(Machines, world.machine().metadata, ({ metadata }) => {
    metadata.creationTimestamp = new Date(world.clock.now() + 3_600_000).toISOString()
  })
  world.proxmox.has({ vmid: 412, config: { lock: 'destroyed' } })
  await looks(3)
  assert.ok(world.isGone())
  assert.ok(!(await world.events()).includes('DiskLeft'))
})

test('a host that does not answer when it is asked for the disks that are left is asked again', async () => {
  const { world, looks } = aLeaving({ hasJoined: false, status: 'stopped' })
  world.proxmox.vms.delete(412)
  const { hypervisor } = world.proxmox
  const latestTask = hypervisor.latestTask.bind(hypervisor)
  hypervisor.latestTask = () => Promise.reject(new Error('socket hang up'))
  await assert.rejects(looks(1), /socket hang up/)
  assert.equal(world.isGone(), false)
  hypervisor.latestTask = latestTask
  await looks(2)
  assert.ok(world.isGone())
})

test('a destruction that was broken off when the number alone was left says what ends it', async () => {
  const { world, vm, looks, reason, message } = aLeaving({ hasJoined: false, status: 'stopped' })
  for (const key of Object.keys(vm.config)) delete vm.config[key]
  vm.config['lock'] = 'destroyed'
  await looks(2)
  assert.equal(reason(), 'StuckLock')
  assert.match(message(), /On pve1: `qm destroy 412 --skiplock`.*fochista machine release workers-x7k2b/)
  world.proxmox.vms.delete(412)
  await looks(3)
  assert.ok(world.isGone())
})

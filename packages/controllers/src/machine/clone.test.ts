import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMark, printMark } from '@fochista/api'
import { ProxmoxApiError, ProxmoxConnectionError } from '@fochista/proxmox'
import { aWorld } from '../test/a-world.ts'
import { aClass, aMachine, INSTALLATION, markOf, placed } from '../test/factories.ts'
import { clone } from './clone.ts'

/** A world with one placed machine. */
function aPlaced(given: Parameters<typeof aMachine>[0] = {}) {
  const world = aWorld()
  const machine = world.has(aMachine({ ...given, spec: { ...placed, ...given.spec } }))
  return { world, machine }
}

test('a clone is asked for with our VMID, and bears mark and "building" from its making on', async () => {
  const { world, machine } = aPlaced()
  const said = await world.step(clone, machine)
  assert.deepEqual([said.state, said.reason], ['waiting', 'Cloning'])
  assert.deepEqual(world.proxmox.writes, ['clone 412'])
  assert.ok(world.machine().status?.task?.includes(':qmclone:9000:'), 'the task is noted at once')
  const mark = parseMark(String(world.proxmox.config(412)['description']))
  assert.deepEqual(mark && { ...mark }, {
    installation: INSTALLATION,
    namespace: 'acme',
    pool: 'workers',
    machine: 'workers-x7k2b',
    id: machine.spec.id,
    time: '2026-01-01T00:00:00Z',
    building: true,
  })
})

test('once our mark is seen on the VM the machine is made, and its spec fixed', async () => {
  const { world, machine } = aPlaced()
  await world.step(clone, machine)
  assert.equal(world.machine().spec.made, undefined)
  assert.equal((await world.step(clone, machine)).state, 'done')
  assert.equal(world.machine().spec.made, true)
})

test('a controller that died after asking finds its running clone, and waits for it', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  world.management.faults.before = ({ verb }) => (verb === 'patch' ? new Error('killed') : undefined)
  await assert.rejects(world.step(clone, machine), /killed/)
  delete world.management.faults.before
  world.dies()
  const said = await world.step(clone, machine)
  assert.deepEqual([said.state, said.reason], ['waiting', 'Cloning'])
  assert.match(said.message, /as begun earlier/)
  assert.equal(world.machine().status?.task, world.proxmox.tasks[0]?.upid)
  world.proxmox.end()
  assert.equal((await world.step(clone, machine)).state, 'done')
  assert.deepEqual(world.proxmox.writes, ['clone 412'], 'there is one clone')
})

test('a controller that died while the clone ran finds the VM that it became', async () => {
  const { world, machine } = aPlaced()
  world.management.faults.before = ({ verb }) => (verb === 'patch' ? new Error('killed') : undefined)
  await assert.rejects(world.step(clone, machine), /killed/)
  delete world.management.faults.before
  world.dies()
  assert.equal((await world.step(clone, machine)).state, 'done')
  assert.deepEqual(world.proxmox.writes, ['clone 412'])
})

test('a clone into another VMID of the same template is not taken for ours', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  await world.proxmox.hypervisor.clone({ node: 'pve1', vmid: 9000 }, { newid: 777 })
  await world.step(clone, machine)
  assert.deepEqual(world.proxmox.writes, ['clone 777', 'clone 412'])
})

test('a VM of somebody else at our VMID is left alone, the VMID noted, and another drawn', async () => {
  for (const description of [
    'my database',
    printMark({
      installation: '99999999-2222-4333-8444-555555555555',
      namespace: 'acme',
      pool: 'workers',
      machine: 'workers-x7k2b',
      id: '99999999-2222-4333-8444-555555555556',
      time: '2026-01-01T00:00:00Z',
      building: true,
    }),
  ]) {
    const { world, machine } = aPlaced()
    world.proxmox.has({ vmid: 412, config: { name: 'theirs', description } })
    const said = await world.step(clone, machine)
    assert.deepEqual([said.state, said.reason], ['waiting', 'VMIDTaken'])
    const { spec, status } = world.machine()
    assert.deepEqual(
      [spec.vmid, spec.host, spec.template, spec.storage],
      [undefined, undefined, undefined, undefined],
    )
    assert.deepEqual(status?.vmidsGivenUp, [412])
    assert.deepEqual(world.proxmox.writes, [], 'nothing was done to it')
  }
})

test('a VM that we may not read is somebody else’s', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.has({ vmid: 412 })
  world.proxmox.secret.add(412)
  await world.step(clone, machine)
  assert.deepEqual(world.machine().status?.vmidsGivenUp, [412])
})

test('a VM that we may not read may be ours while our pool may not be read either', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.has({ vmid: 412 })
  world.proxmox.secret.add(412)
  world.proxmox.hypervisor.privileges = () => Promise.resolve([])
  const said = await world.step(clone, machine)
  assert.deepEqual([said.state, said.reason], ['blocked', 'NotReadable'])
  assert.ok(said.state !== 'done' && (said.lookAgainMs ?? 0) > 0, 'nothing else would wake it')
  assert.equal(world.machine().spec.vmid, 412)
  assert.deepEqual(world.proxmox.writes, [])
})

test('a made VM that we may no longer read is kept, and the missing right named', async () => {
  const { world, machine } = aPlaced({ spec: { made: true } })
  world.proxmox.has({ vmid: 412 })
  world.proxmox.secret.add(412)
  const said = await world.step(clone, machine)
  assert.deepEqual([said.state, said.reason], ['blocked', 'NotReadable'])
  assert.equal(world.machine().spec.vmid, 412)
})

test('a clone that a person made of our VM copies its mark, but is not ours', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.has({
    vmid: 412,
    config: { description: markOf(machine), smbios1: 'uuid=12345678-0000-4000-8000-000000000000' },
  })
  const said = await world.step(clone, machine)
  assert.equal(said.reason, 'VMIDTaken')
  assert.match(said.message, /a copy of our VM that a person made/)
})

test('the SMBIOS UUID decides, whatever a person made of the description', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.has({ vmid: 412, config: { description: 'edited', smbios1: `uuid=${machine.spec.id}` } })
  assert.equal((await world.step(clone, machine)).state, 'done')
})

test('a made VMID where somebody else’s VM lies now is reported and never given up', async () => {
  const { world, machine } = aPlaced({ spec: { made: true } })
  world.proxmox.has({ vmid: 412, config: { name: 'theirs', description: 'my database' } })
  const said = await world.step(clone, machine)
  assert.deepEqual([said.state, said.reason], ['blocked', 'NotOurs'])
  assert.equal(world.machine().spec.vmid, 412)
})

test('a template that is gone, or on another host now, is looked for anew; one that is listed is waited for', async () => {
  for (const away of [true, false]) {
    const { world, machine } = aPlaced()
    const template = world.proxmox.vms.get(9000)
    if (away) world.proxmox.vms.delete(9000)
    else if (template) template.node = 'pve2'
    const said = await world.step(clone, machine)
    assert.deepEqual([said.state, said.reason], ['waiting', 'TemplateGone'])
    assert.match(said.message, /Template 9000 is not on pve1 any more/)
    assert.equal(world.machine().spec.vmid, undefined)
    assert.equal(world.machine().spec.template, undefined)
  }
  const { world, machine } = aPlaced()
  const path = 'nodes/pve1/qemu-server/9000.conf'
  const error = new ProxmoxApiError(
    { method: 'POST', path: '/' },
    500,
    `Configuration file '${path}' does not exist`,
  )
  world.proxmox.refuse = { write: 'clone', error }
  await assert.rejects(world.step(clone, machine), /does not exist/)
  assert.equal(world.machine().spec.vmid, 412)
})

test('a locked VM without a task that makes it is stuck after a minute, and not before', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  // Something else held the machine up for long before.
  const other = world.has(aMachine({ metadata: { name: 'other' }, spec: { ...placed, vmid: 413 } }))
  await world.look(other)
  await world.look(machine)
  assert.equal(world.condition('Cloned')?.reason, 'WaitingForCloneSlot')
  await world.clock.advance(600_000)
  world.proxmox.end()
  await world.look(other)
  world.proxmox.has({ vmid: 412, config: { lock: 'clone', description: 'unnamed' } })
  await world.look(machine)
  assert.equal(world.condition('Cloned')?.reason, 'Locked')
  await world.clock.advance(30_000)
  await world.look(machine)
  assert.equal(world.condition('Cloned')?.reason, 'Locked')
  await world.clock.advance(31_000)
  await world.look(machine)
  assert.equal(world.condition('Cloned')?.reason, 'StuckLock')
  assert.match(world.condition('Cloned')?.message ?? '', /qm unlock 412/)
  assert.equal(world.machine().spec.vmid, 412, 'the VMID is not given up')
})

test('a VMID is given up when its own task has failed, and the failure is told', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  await world.step(clone, machine)
  world.proxmox.vms.delete(412)
  world.proxmox.end('unable to parse volume ID')
  const said = await world.step(clone, machine)
  assert.equal(said.reason, 'CloneFailed')
  assert.match(said.message, /unable to parse volume ID/)
  assert.deepEqual(world.machine().status?.vmidsGivenUp, [412])
})

test('a clone that hangs is waited for, and after half an hour a person is told how to end it', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  await world.step(clone, machine)
  await world.clock.advance(29 * 60_000)
  assert.equal((await world.step(clone, machine)).reason, 'Cloning')
  await world.clock.advance(60_000)
  const said = await world.step(clone, machine)
  assert.deepEqual([said.state, said.reason], ['blocked', 'TaskTakesLong'])
  assert.match(said.message, /`fochista task stop UPID:pve1:\S+`/)
  assert.ok((said as { lookAgainMs: number }).lookAgainMs <= 2000)
  world.proxmox.end()
  assert.equal((await world.step(clone, machine)).state, 'done')
})

test('clones that fail for good are not begun one after the other', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  const clones = (): number => world.proxmox.writes.filter((one) => one.startsWith('clone')).length
  for (let turn = 0; turn < 6; turn += 1) {
    await world.look(machine)
    for (const { vmid } of world.proxmox.vms.values()) if (vmid !== 9000) world.proxmox.vms.delete(vmid)
    world.proxmox.end('clone failed: unable to parse volume ID')
  }
  assert.equal(clones(), 1)
  assert.equal(world.condition('Cloned')?.reason, 'CloneFailed')
  await world.clock.advance(2000)
  await world.look(machine)
  assert.equal(clones(), 2)
  // However often it has failed, seconds after the cause is gone it is tried.
  for (let turn = 0; turn < 10; turn += 1) {
    for (const { vmid } of world.proxmox.vms.values()) if (vmid !== 9000) world.proxmox.vms.delete(vmid)
    world.proxmox.end('clone failed: unable to parse volume ID')
    await world.look(machine)
    await world.look(machine)
    assert.equal(clones(), 2 + turn)
    await world.clock.advance(6000)
    await world.look(machine)
    assert.equal(clones(), 3 + turn)
  }
})

test('a lock that timed out is nobody’s fault: the VMID stays', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  await world.step(clone, machine)
  world.proxmox.vms.delete(412)
  world.proxmox.end("can't lock file '/var/lock/qemu-server/lock-9000.conf' - got timeout")
  await assert.rejects(world.step(clone, machine), /got timeout/)
  assert.equal(world.machine().spec.vmid, 412)
})

test('a full storage is named with what was needed', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  await world.step(clone, machine)
  world.proxmox.vms.delete(412)
  world.proxmox.end('clone failed: no space left on device')
  const said = await world.step(clone, machine)
  assert.equal(said.reason, 'StorageFull')
  assert.match(said.message, /`local-lvm` on pve1 has no room for 20GiB/)
})

test('clones wait for each other in the order in which they came, and say so', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  const second = world.has(aMachine({ metadata: { name: 'b' }, spec: { ...placed, vmid: 413 } }))
  const third = world.has(aMachine({ metadata: { name: 'c' }, spec: { ...placed, vmid: 414 } }))
  await world.step(clone, machine)
  assert.match((await world.step(clone, second)).message, /clone slot on `local-lvm` \(1 ahead\)/)
  assert.match((await world.step(clone, third)).message, /\(2 ahead\)/)
  const woken: string[] = []
  world.connections.subscribe((event) => event.type === 'slot' && woken.push(event.key))
  world.proxmox.end()
  await world.step(clone, machine)
  assert.deepEqual(woken, ['acme/b'])
  assert.equal((await world.step(clone, second)).reason, 'Cloning')
})

test('a machine is checked against its pool and class again before its clone', async () => {
  const { world, machine } = aPlaced()
  world.management.change(
    world.caches.machineClasses.kind,
    { name: 'small' },
    (one) => (one.spec.allowedNamespaces = { names: ['other'] }),
  )
  const said = await world.step(clone, machine)
  assert.deepEqual([said.state, said.reason], ['blocked', 'NotAllowed'])
  assert.deepEqual(world.proxmox.writes, [])
})

test('a machine that may not be cloned any more holds up nobody behind it', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  await world.step(clone, machine)
  const held = world.has(aMachine({ metadata: { name: 'b' }, spec: { ...placed, vmid: 413 } }))
  const next = world.has(aMachine({ metadata: { name: 'c' }, spec: { ...placed, vmid: 414 } }))
  await world.look(held)
  await world.look(next)
  world.management.change(
    world.caches.machines.kind,
    held.metadata,
    (one) => (one.metadata.annotations = { 'fochista.dev/paused': '' }),
  )
  await world.look(held)
  world.proxmox.end()
  await world.step(clone, machine)
  assert.equal((await world.step(clone, next)).reason, 'Cloning')
})

test('a clone of a linked class asks for no storage, one to another host names it', async () => {
  const world = aWorld({ machineClass: aClass({ spec: { fullClone: false } }) })
  const machine = world.has(aMachine({ spec: { ...placed, host: 'pve2' } }))
  const asked: unknown[] = []
  const { hypervisor } = world.proxmox
  const original = hypervisor.clone.bind(hypervisor)
  hypervisor.clone = (template, params) => {
    asked.push(params)
    return original(template, params)
  }
  await world.step(clone, machine)
  const [params] = asked as [{ full: boolean; storage?: string; target?: string }]
  assert.deepEqual([params.full, params.storage, params.target], [false, undefined, 'pve2'])
})

test('after a restart the clones that run already count before another begins on their storage', async () => {
  const { world, machine } = aPlaced()
  world.proxmox.slow = true
  const other = world.has(
    aMachine({ metadata: { name: 'workers-other' }, spec: { ...placed, vmid: 413, host: 'pve1' } }),
  )
  await world.step(clone, machine)
  world.dies()
  assert.equal((await world.step(clone, other)).reason, 'WaitingForCloneSlot')
  assert.deepEqual(world.proxmox.writes, ['clone 412'])
})

test('a clone that may have begun keeps its slot, one that was refused gives it back', async () => {
  const call = { method: 'POST', path: '/' }
  for (const [error, reason] of [
    [new ProxmoxConnectionError(call, new Error('socket hang up'), true), 'WaitingForCloneSlot'],
    [new ProxmoxApiError(call, 500, 'no such storage'), 'Cloning'],
  ] as const) {
    const { world, machine } = aPlaced()
    world.proxmox.slow = true
    const other = world.has(aMachine({ metadata: { name: 'workers-other' }, spec: { ...placed, vmid: 413 } }))
    world.proxmox.refuse = { write: 'clone 412', error }
    await assert.rejects(world.step(clone, machine))
    assert.equal((await world.step(clone, other)).reason, reason)
  }
})

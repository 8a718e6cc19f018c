import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMark, printMark } from '@fochista/api'
import { aWorld, type Given } from '../test/a-world.ts'
import { aClass, aMachine, INSTALLATION, NAMESPACE, placed } from '../test/factories.ts'
import { clone } from './clone.ts'
import { configure } from './configure.ts'

/** A world whose machine has just been cloned. */
async function aClone(given: Given = {}) {
  const world = aWorld(given)
  const machine = world.has(aMachine({ spec: placed }))
  await world.step(clone, machine)
  await world.step(clone, machine)
  world.proxmox.writes.length = 0
  return { world, machine, config: () => world.proxmox.config(412) }
}

test('shape, card, agent, console, boot order and SMBIOS UUID are written in one call', async () => {
  const { world, machine, config } = await aClone()
  await world.step(configure, machine)
  assert.equal(world.proxmox.writes.length, 1)
  const { cores, memory, agent, serial0, boot, smbios1, net0 } = config()
  assert.deepEqual(
    { cores, memory, agent, serial0, boot },
    { cores: 2, memory: '4096', agent: 'enabled=1', serial0: 'socket', boot: 'order=scsi0' },
  )
  assert.match(String(smbios1), new RegExp(`uuid=${machine.spec.id}`))
  assert.equal(net0, 'virtio=BC:24:11:00:00:01,bridge=vmbr0', 'the card keeps its MAC')
  const mark = parseMark(String(config()['description']))
  assert.equal(mark?.id, machine.spec.id)
  assert.equal(mark?.building, undefined, 'it is not being made any more')
})

test('only what differs is written, and nothing if nothing does', async () => {
  const { world, machine, config } = await aClone()
  Object.assign(config(), { cores: 2, memory: '4096', agent: '1', serial0: 'socket', boot: 'order=scsi0' })
  await world.step(configure, machine)
  assert.deepEqual(world.proxmox.writes, ['configure 412 delete description net0 smbios1'])
  await world.step(configure, machine)
  assert.equal((await world.step(configure, machine)).state, 'done')
  assert.deepEqual(world.proxmox.writes.slice(1), ['resize 412 scsi0'])
})

test('the template’s cloud-init drive and its surplus cards go: the seed is ours alone', async () => {
  const { world, machine, config } = await aClone()
  config()['net1'] = 'virtio=BC:24:11:00:00:02,bridge=vmbr1'
  await world.step(configure, machine)
  assert.equal(config()['ide2'], undefined)
  assert.equal(config()['net1'], undefined)
})

test('a disk smaller than asked for grows to the absolute size, a larger one is left', async () => {
  const { world, machine, config } = await aClone()
  await world.step(configure, machine)
  await world.step(configure, machine)
  assert.equal(config()['scsi0'], 'local-lvm:vm-412-disk-0,size=20G')
  config()['scsi0'] = 'local-lvm:vm-412-disk-0,size=64G'
  assert.equal((await world.step(configure, machine)).state, 'done')
  assert.deepEqual(world.proxmox.writes.slice(1), ['resize 412 scsi0'])
})

test('a resize that was asked for before a crash is not asked for again', async () => {
  const { world, machine } = await aClone()
  await world.step(configure, machine)
  world.proxmox.slow = true
  await world.step(configure, machine)
  world.dies()
  assert.equal((await world.step(configure, machine)).reason, 'Resizing')
  world.proxmox.end()
  assert.equal((await world.step(configure, machine)).state, 'done')
  assert.equal(world.proxmox.writes.filter((one) => one.startsWith('resize')).length, 1)
})

test('a disk that did not grow says why, and is not tried again at once', async () => {
  const { world, machine } = await aClone()
  await world.look(machine)
  world.proxmox.slow = true
  for (let turn = 0; turn < 5; turn += 1) {
    await world.look(machine)
    world.proxmox.end('lvextend failed: insufficient free space')
  }
  assert.equal(world.condition('Configured')?.reason, 'ResizeFailed')
  assert.match(world.condition('Configured')?.message ?? '', /insufficient free space/)
  assert.equal(world.proxmox.writes.filter((one) => one.startsWith('resize')).length, 1)
})

test('tags of the class are put beside those of people', async () => {
  const { world, machine, config } = await aClone({
    machineClass: aClass({ spec: { tags: ['fochista', 'kubelet-v1.30.4'] } }),
  })
  await world.step(configure, machine)
  assert.equal(config()['tags'], 'kubelet-v1.30.4;fochista')
})

test('cards get VLAN, MTU, firewall and the class’s CPU type', async () => {
  const { world, machine, config } = await aClone({
    machineClass: aClass({
      spec: {
        cpuType: 'x86-64-v2-AES',
        networks: [{ bridge: 'vmbr1', vlan: 7, mtu: 1400, firewall: true }, { bridge: 'vmbr2' }],
      },
    }),
  })
  await world.step(configure, machine)
  assert.equal(config()['cpu'], 'x86-64-v2-AES')
  assert.equal(config()['net0'], 'virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=7,mtu=1400,firewall=1')
  assert.equal(config()['net1'], 'virtio,bridge=vmbr2')
})

test('a description that a person edits later gets its mark again, and keeps what they wrote', async () => {
  const { world, machine, config } = await aClone()
  for (let turn = 0; turn < 3; turn += 1) await world.step(configure, machine)
  world.proxmox.writes.length = 0
  config()['description'] = 'Do not touch. Anna'
  await world.step(configure, machine)
  assert.deepEqual(world.proxmox.writes, ['configure 412 description'])
  assert.match(String(config()['description']), /^Do not touch\. Anna\nfochista installation=/)
  assert.equal(parseMark(String(config()['description']))?.id, machine.spec.id)
})

test('the shape of a VM that is configured is not changed any more, whatever its class says today', async () => {
  const { world, machine, config } = await aClone()
  for (let turn = 0; turn < 3; turn += 1) await world.step(configure, machine)
  Object.assign(config(), { cores: 6, memory: '8192', net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr7' })
  world.proxmox.writes.length = 0
  assert.equal((await world.step(configure, machine)).state, 'done')
  assert.deepEqual(world.proxmox.writes, [])
})

test('a machine killed between clone and configuration is configured in full afterwards', async () => {
  const { world, machine, config } = await aClone()
  world.proxmox.refuse = { write: 'configure', error: new Error('killed') }
  await assert.rejects(world.step(configure, machine), /killed/)
  world.dies()
  await world.step(configure, machine)
  assert.equal(config()['cores'], 2)
  assert.match(String(config()['smbios1']), new RegExp(machine.spec.id))
})

test('a VM that somebody holds a lock on is waited for', async () => {
  const { world, machine, config } = await aClone()
  config()['lock'] = 'backup'
  const said = await world.step(configure, machine)
  assert.deepEqual([said.state, said.reason], ['waiting', 'Locked'])
  assert.match(said.message, /locked \(backup\).* on pve1: `qm unlock 412`/)
  assert.deepEqual(world.proxmox.writes, [])
})

test('a VM that runs and has all it should have is not waited for while somebody backs it up', async () => {
  const { world, machine, config } = await aClone()
  for (let turn = 0; turn < 3; turn += 1) await world.step(configure, machine)
  config()['lock'] = 'backup'
  assert.equal((await world.step(configure, machine)).reason, 'Locked', 'it would be started under its lock')
  const vm = world.proxmox.vms.get(412)
  assert.ok(vm)
  vm.status = 'running'
  assert.deepEqual((await world.step(configure, machine)).reason, 'Configured')
  config()['tags'] = 'theirs'
  assert.equal((await world.step(configure, machine)).reason, 'Configured', 'their tags stay')
  config()['description'] = 'mine'
  assert.equal((await world.step(configure, machine)).reason, 'Locked', 'its mark is to be written')
  assert.deepEqual(world.proxmox.writes.slice(-1), ['resize 412 scsi0'])
})

test('of a VM that somebody has suspended the way on is said', async () => {
  const { world, machine, config } = await aClone()
  config()['lock'] = 'suspended'
  assert.match((await world.step(configure, machine)).message, /suspended.* On pve1: `qm resume 412`/)
})

test('a mark of another machine in the description is put right by the SMBIOS UUID', async () => {
  const { world, machine, config } = await aClone()
  for (let turn = 0; turn < 3; turn += 1) await world.step(configure, machine)
  config()['description'] = printMark({
    installation: INSTALLATION,
    namespace: NAMESPACE,
    pool: 'workers',
    machine: 'workers-other',
    id: '99999999-2222-4333-8444-555555555556',
    time: '2026-01-01T00:00:00Z',
  })
  await world.step(configure, machine)
  assert.equal(parseMark(String(config()['description']))?.machine, 'workers-x7k2b')
})

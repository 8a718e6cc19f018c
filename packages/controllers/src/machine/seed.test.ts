import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Node, Secret } from '@fochista/kubernetes'
import { TenantRefusedError } from '@fochista/kamaji'
import { aWorld, type Given } from '../test/a-world.ts'
import { aControlPlane, aMachine, aPool, markOf, NAMESPACE, placed } from '../test/factories.ts'
import { notReadyYet } from '../test/fake-tenant.ts'
import { seed, tokenDescription } from './seed.ts'

/** A world whose machine is configured and stopped. */
function aConfigured(given: Given = {}) {
  const world = aWorld(given)
  const machine = world.has(aMachine({ spec: { ...placed, made: true } }))
  const vm = world.proxmox.has({
    vmid: 412,
    config: {
      scsi0: 'local-lvm:vm-412-disk-0,size=20G',
      net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
      smbios1: `uuid=${machine.spec.id}`,
      description: markOf(machine),
    },
  })
  const image = (): string | undefined => String(vm.config['ide2'] ?? '').split(',')[0]
  const seeded = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) await world.step(seed, machine)
  }
  return { world, machine, vm, image, seeded, description: tokenDescription(machine.spec.id) }
}

test('a token is made, the image uploaded under the machine’s id, and attached', async () => {
  const { world, machine, image, description } = aConfigured()
  assert.equal((await world.step(seed, machine)).reason, 'Uploading')
  assert.equal((await world.step(seed, machine)).state, 'done')
  assert.match(image() ?? '', new RegExp(`^local:iso/fochista-${machine.spec.id}-[0-9a-f]{12}\\.iso$`))
  assert.ok(world.tenant.tokens.has(description))
  assert.ok(description.includes(machine.spec.id), 'after a crash the token is found by the machine’s id')
})

test('an image that is attached is done, and nothing is uploaded again', async () => {
  const { world, machine, seeded } = aConfigured()
  await seeded()
  const { length } = world.proxmox.writes
  world.dies()
  assert.equal((await world.step(seed, machine)).state, 'done')
  assert.equal(world.proxmox.writes.length, length)
})

test('after a crash the token is used again, not made twice', async () => {
  const { world, machine, description } = aConfigured()
  world.management.faults.before = ({ verb }) => (verb === 'patch' ? new Error('killed') : undefined)
  await assert.rejects(world.step(seed, machine), /killed/)
  const before = world.tenant.tokens.get(description)?.token
  delete world.management.faults.before
  world.dies()
  await world.step(seed, machine)
  await world.step(seed, machine)
  assert.equal(world.tenant.tokens.get(description)?.token, before)
  assert.equal(world.proxmox.images.size, 1, 'and the image is the same one')
})

test('a token’s end is pushed forward while the machine is on its way, and the seed stays', async () => {
  const { world, machine, vm, image, seeded, description } = aConfigured()
  await seeded()
  vm.status = 'running'
  const before = image()
  for (let turn = 0; turn < 6; turn += 1) {
    await world.clock.advance(16 * 60_000)
    assert.equal((await world.step(seed, machine)).state, 'done')
  }
  assert.equal(image(), before)
  assert.ok((world.tenant.tokens.get(description)?.expiresAt ?? 0) > world.clock.now())
})

test('a started machine whose token has gone is stopped first, then seeded anew', async () => {
  const { world, machine, vm, image, seeded, description } = aConfigured()
  await seeded()
  vm.status = 'running'
  const before = image()
  world.tenant.tokens.delete(description)
  world.proxmox.writes.length = 0
  assert.equal((await world.step(seed, machine)).reason, 'SeedingAgain')
  assert.deepEqual(world.proxmox.writes, ['stop 412'])
  world.dies()
  await seeded()
  assert.notEqual(image(), before)
  assert.match(image() ?? '', /^local:iso\/fochista-/)
  assert.equal(vm.status, 'stopped', 'starting is the next step’s')
})

test('a new CA is a new seed', async () => {
  const { world, machine, vm, image, seeded } = aConfigured()
  await seeded()
  vm.status = 'running'
  const before = image()
  world.tenant.caPem = '-----BEGIN CERTIFICATE-----\nOTHER\n-----END CERTIFICATE-----\n'
  assert.equal((await world.step(seed, machine)).reason, 'SeedingAgain')
  await seeded()
  assert.notEqual(image(), before)
})

test('a machine that has joined needs no seed, though its token is gone', async () => {
  const { world, machine, vm, seeded, description } = aConfigured()
  await seeded()
  vm.status = 'running'
  world.tenant.tokens.delete(description)
  world.tenant.joins(machine)
  world.proxmox.writes.length = 0
  assert.equal((await world.step(seed, machine)).state, 'done')
  assert.deepEqual(world.proxmox.writes, [])
})

test('the tenant itself is asked before a running machine is stopped for a new seed', async () => {
  const { world, machine, vm, seeded, description } = aConfigured()
  await seeded()
  vm.status = 'running'
  world.tenant.tokens.delete(description)
  world.tenant.joins(machine)
  // The watch does not show the Node yet.
  const { tenants } = world.tenant
  tenants.node = () => undefined
  world.proxmox.writes.length = 0
  assert.equal((await world.step(seed, machine)).reason, 'Joined')
  assert.deepEqual(world.proxmox.writes, [])
})

test('nothing is judged before the tenant’s Nodes have been listed', async () => {
  const { world, machine } = aConfigured()
  world.tenant.isListed = false
  assert.equal((await world.step(seed, machine)).reason, 'ListingNodes')
  // A reason of its own makes an Event of it.
  world.tenant.listError = new Error('the API server has not come up')
  const { reason, message } = await world.step(seed, machine)
  assert.equal(reason, 'NodesNotListed')
  assert.match(message, /does not answer as it should: the API server has not come up/)
  assert.deepEqual(world.proxmox.writes, [])
})

test('an upload that failed is told, and made anew after a while', async () => {
  const { world, machine, image } = aConfigured()
  const uploads = (): number => world.proxmox.writes.filter((one) => one.startsWith('upload')).length
  world.proxmox.slow = true
  await world.look(machine)
  world.proxmox.end('upload failed: no space left on device')
  await world.looks(machine, 3)
  assert.equal(world.condition('Seeded')?.reason, 'UploadFailed')
  assert.match(world.condition('Seeded')?.message ?? '', /no space left on device/)
  assert.equal(uploads(), 1)
  world.proxmox.slow = false
  await world.clock.advance(31_000)
  await world.looks(machine, 2)
  assert.equal(uploads(), 2)
  assert.ok(world.proxmox.images.has(image() ?? ''))
})

test('a control plane that is not there, not ready, without kubeconfig or not to be trusted says which', async () => {
  const waking = aControlPlane({ status: {} as never })
  for (const [given, refusal, state, reason] of [
    [{ controlPlane: null }, undefined, 'blocked', 'ClusterNotFound'],
    [{ controlPlane: waking }, undefined, 'waiting', 'ClusterNotReady'],
    [{}, notReadyYet(), 'waiting', 'ClusterNotReady'],
    [{}, new TenantRefusedError('its server is not its own'), 'blocked', 'ClusterRefused'],
  ] as const) {
    const { world, machine } = aConfigured(given)
    world.tenant.refusal = refusal
    const said = await world.step(seed, machine)
    assert.deepEqual([said.state, said.reason], [state, reason])
  }
})

test('a file that a Secret should hold is read from it, and a missing key is named', async () => {
  const bootstrap = { files: [{ path: '/etc/x', secretRef: { name: 'secrets', key: 'x' } }] }
  const { world, machine } = aConfigured({ pool: aPool({ spec: { bootstrap } }) })
  const said = await world.step(seed, machine)
  assert.deepEqual([said.state, said.reason], ['blocked', 'NotAllowed'])
  assert.match(said.message, /secrets\/x/)
  world.management.has(Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'secrets', namespace: NAMESPACE },
    data: { x: Buffer.from('hello').toString('base64') },
  })
  assert.equal((await world.step(seed, machine)).reason, 'Uploading')
})

test('a VM that is being stopped for another seed is not stopped again', async () => {
  const { world, machine, vm, seeded } = aConfigured()
  await seeded()
  vm.status = 'running'
  world.tenant.caPem = world.tenant.caPem.replace('MIIB', 'MIIC')
  world.proxmox.slow = true
  assert.equal((await world.step(seed, machine)).reason, 'SeedingAgain')
  for (let turn = 0; turn < 3; turn += 1) assert.equal((await world.step(seed, machine)).state, 'waiting')
  assert.equal(world.proxmox.writes.filter((one) => one === 'stop 412').length, 1)
  world.proxmox.end()
  assert.equal((await world.step(seed, machine)).reason, 'Uploading')
})

test('a machine whose Node stays gone is decided on once: it is stopped, seeded and started, and does not wait anew between', async () => {
  const { world, machine, vm, seeded } = aConfigured()
  await seeded()
  vm.status = 'running'
  world.tenant.joins(machine)
  await world.looks(machine, 3)
  assert.equal(world.condition('Joined')?.status, 'True')
  world.tenant.api.vanish(Node, { name: machine.metadata.name })
  await world.looks(machine, 2)
  assert.equal(world.condition('Seeded')?.reason, 'NodeGone')
  await world.clock.advance(301_000)
  world.proxmox.refuse = { write: 'stop', error: new Error('it is locked') }
  await assert.rejects(world.look(machine))
  world.proxmox.slow = true
  const reasons: (string | undefined)[] = []
  for (let turn = 0; turn < 4; turn += 1) {
    await world.look(machine)
    reasons.push(world.condition('Seeded')?.reason)
  }
  assert.deepEqual(reasons, Array(4).fill('SeedingAgain'))
  assert.equal(world.condition('Joined')?.status, 'Unknown')
})

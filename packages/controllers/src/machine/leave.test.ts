import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMark } from '@fochista/api'
import { TenantControlPlane, TenantRefusedError } from '@fochista/kamaji'
import { KubernetesConnectionError, Lease, Node } from '@fochista/kubernetes'
import { ProxmoxApiError } from '@fochista/proxmox'
import { Machines, NodePools } from '../kinds.ts'
import type { VmRef } from '../proxmox-cluster/hypervisor.ts'
import { aLeaving } from '../test/a-leaving.ts'
import { aWorld } from '../test/a-world.ts'
import { aClass, aMachine, aPool, markOf, NAMESPACE, placed } from '../test/factories.ts'
import { settled } from '../test/manual-clock.ts'
import { imagePrefix } from './seed-drive.ts'
import { tokenDescription } from './seed.ts'

test('a machine is drained, shut down, its Node deleted and its VM destroyed, in this order', async () => {
  const { world, looks } = aLeaving()
  const order: string[] = []
  const note = (list: string[]): void => {
    const push = list.push.bind(list)
    list.push = (...items) => {
      order.push(...items)
      return push(...items)
    }
  }
  note(world.tenant.calls)
  note(world.proxmox.writes)
  await looks(5)
  assert.deepEqual(order, [
    'cordon workers-x7k2b',
    'drain workers-x7k2b',
    'shutdown 412',
    'delete node workers-x7k2b',
    'destroy 412',
    'delete tokens',
  ])
  assert.ok(world.isGone())
  assert.equal(world.proxmox.vms.has(412), false)
})

test('image, token and addresses go too, those of others stay', async () => {
  const { world, machine, looks } = aLeaving({ hasJoined: false })
  const own = `local:iso/${imagePrefix(machine.spec.id)}abc.iso`
  world.proxmox.config(412)['ide2'] = `${own},media=cdrom`
  world.proxmox.images.add(own).add('local:iso/fochista-99999999-2222-4333-8444-555555555556-abc.iso')
  world.tenant.tokens.set(tokenDescription(machine.spec.id), { token: 'a.b', expiresAt: 0 })
  world.tenant.tokens.set('of another', { token: 'c.d', expiresAt: 0 })
  for (const [name, id] of [
    ['address-a', machine.spec.id],
    ['address-b', 'another'],
  ] as const)
    world.management.has(Lease, {
      apiVersion: Lease.apiVersion,
      kind: Lease.kind,
      metadata: { name, namespace: 'fochista-system', labels: { 'fochista.dev/machine-id': id } },
      spec: { holderIdentity: `acme/workers-x7k2b/${id}` },
    })
  await looks(6)
  assert.ok(world.isGone())
  assert.equal(world.proxmox.images.size, 1)
  assert.deepEqual([...world.tenant.tokens.keys()], ['of another'])
  assert.deepEqual(
    world.management.all(Lease).map(({ metadata }) => metadata.name),
    ['address-b'],
  )
})

test('a seed image whose upload nobody noted is waited for and deleted, that of somebody else is not', async () => {
  const { world, machine, looks } = aLeaving({
    hasJoined: false,
    status: 'stopped',
    spec: { isoStorage: 'local' },
  })
  world.proxmox.slow = true
  await world.proxmox.hypervisor.uploadImage('pve1', 'local', 'debian.iso', Buffer.alloc(1))
  const ours = `${imagePrefix(machine.spec.id)}abc.iso`
  await world.proxmox.hypervisor.uploadImage('pve2', 'local', ours, Buffer.alloc(1))
  await looks(2)
  for (const task of world.proxmox.tasks) if (task.type === 'qmdestroy') world.proxmox.finish(task)
  await looks(3)
  assert.equal(world.isGone(), false)
  for (const task of world.proxmox.tasks) if (task.head.includes(ours)) world.proxmox.finish(task)
  await looks(2)
  for (const task of world.proxmox.tasks) if (task.type === 'imgdel') world.proxmox.finish(task)
  await looks(2)
  assert.ok(world.isGone())
  assert.deepEqual([...world.proxmox.images], [])
})

test('the finalizer goes last, also when killed after any call', async () => {
  for (let deadly = 1; deadly <= 14; deadly += 1) {
    const { world, looks } = aLeaving()
    const killed = new Error('killed')
    let calls = 0
    const after = ({ verb }: { verb: string }): Error | undefined => {
      if (verb === 'patch') calls += 1
      return calls === deadly ? killed : undefined
    }
    Object.assign(world.management.faults, {
      after,
      before: () => (calls === deadly ? killed : undefined),
    })
    for (let turn = 0; turn < 14; turn += 1) {
      if (world.isGone()) break
      await looks(1).catch((error: unknown) => {
        if (error !== killed) throw error
        calls += 1
        world.dies()
      })
    }
    assert.ok(world.isGone(), `killed after write ${deadly}`)
    assert.equal(world.proxmox.vms.has(412), false, `killed after write ${deadly}`)
    assert.equal(world.tenant.api.all(Node).length, 0)
    assert.equal(world.proxmox.writes.filter((one) => one === 'destroy 412').length, 1)
  }
})

test('a machine that was never placed goes at once', async () => {
  const world = aWorld()
  const machine = world.has(aMachine())
  world.management.change(
    Machines,
    machine.metadata,
    (one) => (one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'),
  )
  await world.look(machine)
  assert.ok(world.isGone())
  assert.deepEqual(world.proxmox.writes, [])
})

test('a guest that never joined is stopped without ado', async () => {
  const { world, looks } = aLeaving({ hasJoined: false })
  await looks(4)
  assert.deepEqual(world.proxmox.writes, ['stop 412', 'destroy 412'])
  assert.ok(world.isGone())
})

test('with its control plane deleting or gone drain, Node and token are skipped', async () => {
  for (const vanish of [true, false]) {
    const { world, looks } = aLeaving()
    const ref = { name: 'tenant-test', namespace: NAMESPACE }
    if (vanish) world.management.vanish(TenantControlPlane, ref)
    else
      world.management.change(TenantControlPlane, ref, (one) => {
        one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
        one.metadata.finalizers = ['kamaji']
      })
    await looks(4)
    assert.ok(world.isGone())
    assert.deepEqual(world.tenant.calls, [])
    assert.deepEqual(world.proxmox.writes, ['stop 412', 'destroy 412'])
  }
})

test('a control plane that only the cache lacks still has its Node deleted', async () => {
  const { world, looks } = aLeaving()
  world.caches.controlPlanes.get = () => undefined
  await looks(5)
  assert.ok(world.tenant.calls.includes('delete node workers-x7k2b'))
})

test('a tenant that does not answer is waited for as long as a drain may take', async () => {
  const { world, machine, looks, reason } = aLeaving({ pool: aPool({ spec: { drain: { timeout: '3m' } } }) })
  world.tenant.drain = () => Promise.reject(new KubernetesConnectionError('connect ECONNREFUSED'))
  await looks(2)
  assert.equal(reason(), 'ClusterUnreachable')
  assert.deepEqual(world.proxmox.writes, [])
  await world.clock.advance(181_000)
  world.tenant.tenants.node = () => undefined
  world.tenant.api.faults.before = () => new KubernetesConnectionError('connect ECONNREFUSED')
  await looks(5)
  assert.ok(world.isGone(machine.metadata.name))
  assert.ok((await world.events()).includes('NodeLeft'))
})

test('a tenant cannot keep its machines by a kubeconfig that nobody may trust', async () => {
  const { world, looks, reason } = aLeaving()
  world.tenant.refusal = new TenantRefusedError('its server is not its own')
  await looks(1)
  assert.equal(reason(), 'ClusterUnreachable')
  assert.deepEqual(world.proxmox.writes, [])
  await world.clock.advance(601_000)
  await looks(4)
  assert.ok(world.isGone())
})

test('a disk that neither template nor pool gave is kept: the VM is stopped and not destroyed', async () => {
  const configs: Record<string, string>[] = [
    { scsi1: 'local-lvm:vm-412-disk-1,size=8G' },
    { unused0: 'local-lvm:vm-412-disk-1' },
    { scsi0: 'local-lvm:vm-77-disk-0,size=20G' },
  ]
  for (const config of configs) {
    const { world, leave, looks, reason, message } = aLeaving({ config })
    await looks(4)
    assert.equal(reason(), 'ForeignDisk')
    const [key = '', drive = ''] = Object.entries(config)[0] ?? []
    assert.ok(message().includes(`${key} (${drive.split(',')[0]})`), message())
    for (const way of ['--target-vmid', 'machine release workers-x7k2b', '--with-disks'])
      assert.ok(message().includes(way), way)
    assert.equal(world.proxmox.vms.get(412)?.status, 'stopped')
    assert.equal(world.tenant.api.all(Node).length, 0)
    leave({ 'fochista.dev/with-disks': '' })
    await looks(2)
    assert.ok(world.isGone())
    assert.equal(world.proxmox.vms.has(412), false)
  }
})

test('the disk of a template whose host does not answer is not a person’s', async () => {
  const { world, vm, looks } = aLeaving({ spec: { host: 'pve2' } })
  vm.node = 'pve2'
  world.proxmox.silent.add('pve1')
  await looks(5)
  assert.deepEqual(world.proxmox.writes, ['shutdown 412', 'destroy 412'])
  assert.ok(world.isGone())
})

test('a released machine lets go of its VM, which says so, and names it in an Event', async () => {
  const { world, leave, looks } = aLeaving({ status: 'running' })
  leave({ 'fochista.dev/release': '' })
  await looks(1)
  assert.ok(world.isGone())
  assert.equal(world.proxmox.vms.get(412)?.status, 'running')
  assert.equal(parseMark(String(world.proxmox.config(412)['description']))?.released, true)
  assert.ok((await world.events()).includes('Released'))
})

test('a released VM says so although a person has edited its mark away', async () => {
  const { world, leave, looks } = aLeaving({ config: { description: 'Anna’s' } })
  leave({ 'fochista.dev/release': '' })
  await looks(1)
  const description = String(world.proxmox.config(412)['description'])
  assert.ok(description.startsWith('Anna’s\n'))
  assert.equal(parseMark(description)?.released, true)
})

test('what is not ours is left alone, and the machine goes once nothing reports for its Node', async () => {
  const { world, machine, looks, reason, message } = aLeaving({
    config: { smbios1: 'uuid=12345678-0000-4000-8000-000000000000', description: 'my database' },
  })
  await looks(3)
  assert.equal(reason(), 'NotOurs')
  assert.match(message(), /Node workers-x7k2b still reports.*`fochista machine release workers-x7k2b --name/)
  assert.equal(world.tenant.api.all(Node).length, 1)
  world.tenant.api.change(Node, { name: machine.metadata.name }, ({ status }) => {
    for (const one of status?.conditions ?? []) one.status = 'Unknown'
  })
  await looks(3)
  assert.ok(world.isGone())
  assert.equal(world.tenant.api.all(Node).length, 0)
  assert.equal(world.proxmox.vms.get(412)?.status, 'running')
  assert.deepEqual(world.proxmox.writes, [])
  assert.ok((await world.events()).includes('NotOurs'))
})

test('a Node of our name with another provider id is not ours to drain or delete', async () => {
  const { world, machine, looks } = aLeaving({ hasJoined: false })
  world.tenant.joins({ ...machine, spec: { ...machine.spec, vmid: 999 } })
  await looks(4)
  assert.ok(world.isGone())
  assert.equal(world.tenant.api.all(Node).length, 1)
})

test('a protected or locked VM is waited for, and its condition names the way on', async () => {
  const protectedVm = aLeaving({ status: 'stopped', config: { protection: 1 } })
  await protectedVm.looks(1)
  assert.equal(protectedVm.reason(), 'Protected')
  assert.ok(protectedVm.message().includes('machine release'))
  const locked = aLeaving({ status: 'stopped', config: { lock: 'backup' } })
  await locked.looks(1)
  assert.equal(locked.reason(), 'Locked')
  assert.ok(locked.message().includes('machine release'))
  assert.deepEqual(locked.world.proxmox.writes, [])
})

test('a Node is drained once, however often its VM cannot be stopped', async () => {
  const { world, machine, reason } = aLeaving()
  world.proxmox.hypervisor.shutdown = () =>
    Promise.reject(new ProxmoxApiError({ method: 'POST', path: '/' }, 403, 'Permission check failed'))
  await world.look(machine)
  await settled()
  for (let turn = 0; turn < 3; turn += 1) await assert.rejects(world.look(machine))
  assert.equal(reason(), 'PermissionDenied')
  assert.equal(world.tenant.calls.filter((call) => call.startsWith('drain ')).length, 1)
  assert.equal((await world.events()).filter((one) => one === 'Drained').length, 1)
})

test('a VM that runs while it is backed up is drained once, and stopped only when its lock is gone', async () => {
  const { world, vm, looks, reason, message } = aLeaving({ config: { lock: 'backup' } })
  await looks(5)
  assert.equal(reason(), 'Locked')
  assert.ok(message().includes('machine release'))
  assert.deepEqual(world.proxmox.writes, [])
  assert.equal(world.tenant.calls.filter((call) => call.startsWith('drain ')).length, 1)
  delete vm.config['lock']
  await looks(8)
  assert.ok(world.isGone())
})

test('a VM that is still being made is waited for, and taken away afterwards', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: placed }))
  world.proxmox.slow = true
  await world.look(machine)
  world.management.change(Machines, machine.metadata, (one) => {
    one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
    // The task that was noted is lost: another life of the controller asked for it.
    delete one.status?.task
  })
  await world.look(machine)
  assert.equal(world.condition('Ready')?.reason, 'Cloning')
  world.proxmox.slow = false
  world.proxmox.end()
  await world.looks(machine, 2)
  assert.ok(world.isGone())
  assert.equal(world.proxmox.vms.has(412), false)
})

test('a VM that somebody has migrated is found where it is', async () => {
  const { world, vm, looks } = aLeaving()
  vm.node = 'pve2'
  await looks(5)
  assert.ok(world.isGone())
  assert.equal(world.proxmox.vms.has(412), false)
})

test('a VM that has moved is stopped where it is, also while the list names the host that it has left', async (t) => {
  const { world, vm, looks, reason, message } = aLeaving()
  const { observer, hypervisor } = world.proxmox
  const known = (vmid: number) => observer.vms().find((one) => one.vmid === vmid)
  let listed = 'pve1'
  t.mock.method(observer, 'vm', (vmid: number) => known(vmid) && { ...known(vmid), node: listed })
  vm.node = 'pve2'
  await looks(2)
  assert.equal(reason(), 'Looking')
  assert.match(message(), /^VM 412 is listed on pve1, which does not have it/)
  assert.equal(world.tenant.api.all(Node).length, 1)
  // Now it is found on one host, and has moved back when that is asked how it is.
  listed = 'pve2'
  const status = hypervisor.status.bind(hypervisor)
  t.mock.method(hypervisor, 'status', (ref: VmRef) => {
    vm.node = 'pve1'
    return status(ref)
  })
  await looks(1)
  assert.match(message(), /^VM 412 has left pve2/)
  assert.equal(world.tenant.api.all(Node).length, 1)
  // The machine remembers the one that it was seen on, the list the other.
  await looks(6)
  assert.ok(world.isGone())
  assert.deepEqual(world.proxmox.writes, ['shutdown 412', 'destroy 412'])
})

test('a leaving machine gives its place in the queue of clones to those behind it', async () => {
  const world = aWorld()
  world.proxmox.slow = true
  const [first, second, third] = ['a', 'b', 'c'].map((name, index) =>
    world.has(aMachine({ metadata: { name }, spec: { ...placed, vmid: 412 + index } })),
  )
  assert.ok(first && second && third)
  for (const machine of [first, second, third]) await world.look(machine)
  world.management.change(
    Machines,
    second.metadata,
    (one) => (one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'),
  )
  // It cannot go yet: somebody's clone of its template may be its own.
  await world.look(second)
  world.proxmox.end()
  await world.look(first)
  await world.look(third)
  assert.equal(world.condition('Cloned', 'c')?.reason, 'Cloning')
})

test('paused by annotation, pool or Proxmox cluster nothing is taken away', async () => {
  const byAnnotation = aLeaving()
  byAnnotation.leave({ 'fochista.dev/paused': '' })
  await byAnnotation.looks(2)
  assert.equal(byAnnotation.reason(), 'Paused')
  const byPool = aLeaving({ pool: aPool({ spec: { paused: true } }) })
  await byPool.looks(2)
  assert.equal(byPool.reason(), 'Paused')
  for (const { world } of [byAnnotation, byPool]) {
    assert.deepEqual(world.proxmox.writes, [])
    assert.deepEqual(world.tenant.calls, [])
  }
})

test('a machine whose pool and class are gone leaves in order', async () => {
  const { world, looks } = aLeaving({ machineClass: aClass() })
  world.management.vanish(NodePools, { name: 'workers', namespace: NAMESPACE })
  world.management.vanish(world.caches.machineClasses.kind, { name: 'small' })
  await looks(5)
  assert.ok(world.isGone())
})

test('a right that is missing is named', async () => {
  const { world, machine, looks, reason, message } = aLeaving({ status: 'stopped' })
  const call = { method: 'DELETE', path: '/nodes/pve1/qemu/412' }
  world.proxmox.refuse = {
    write: 'destroy',
    error: new ProxmoxApiError(call, 403, 'Permission check failed (/vms/412, VM.Allocate)'),
  }
  await assert.rejects(looks(1))
  assert.equal(reason(), 'PermissionDenied')
  assert.equal(
    message(),
    `The token lacks VM.Allocate on /vms/412. The commands that grant it: \`fochista doctor -o pveum\`. To keep the VM: \`fochista machine release ${machine.metadata.name} --namespace acme\`.`,
  )
  assert.ok(world.machine(machine.metadata.name).metadata.finalizers?.length)
})

test('a destroy that fails says why and names the way on, and is not tried again at once', async () => {
  const { world, looks, reason, message } = aLeaving({ status: 'stopped', hasJoined: false })
  world.proxmox.slow = true
  for (let turn = 0; turn < 5; turn += 1) {
    await looks(1)
    world.proxmox.end("can't remove volume: dataset is busy")
  }
  assert.equal(reason(), 'TaskFailed')
  assert.match(message(), /qmdestroy of VM 412 failed: can't remove volume: dataset is busy/)
  assert.ok(message().includes('machine release'))
  assert.deepEqual(world.proxmox.writes, ['destroy 412'])
  world.proxmox.slow = false
  await world.clock.advance(31_000)
  await looks(2)
  assert.ok(world.isGone())
})

test('a VM that may not be read any more is not forgotten, one that was never seen is', async () => {
  const made = aLeaving()
  made.world.proxmox.secret.add(412)
  await made.looks(2)
  assert.equal(made.reason(), 'NotReadable')
  assert.ok(made.message().includes('VM.Audit on /vms/412') && made.message().includes('machine release'))
  assert.equal(made.world.isGone(), false)
  const unseen = aLeaving({ spec: { made: undefined }, hasJoined: false })
  unseen.world.proxmox.secret.add(412)
  await unseen.looks(2)
  assert.ok(unseen.world.isGone())
  assert.equal(unseen.world.proxmox.vms.has(412), true)
})

test('what may not be read is not forgotten while our pool may not be read either: it may be our clone', async () => {
  const { world, looks, reason, message } = aLeaving({ spec: { made: undefined }, hasJoined: false })
  world.proxmox.secret.add(412)
  world.proxmox.hypervisor.privileges = () => Promise.resolve([])
  await looks(2)
  assert.equal(reason(), 'NotReadable')
  assert.match(message(), /VM\.Audit on \/pool\/fochista-acme\. .*machine release/)
  assert.equal(world.isGone(), false)
  world.proxmox.secret.clear()
  await looks(6)
  assert.ok(world.isGone())
  assert.equal(world.proxmox.vms.has(412), false)
})

test('a clone that was given up and made after all goes with its machine', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ status: { vmidsGivenUp: [450, 451] } }))
  world.proxmox.has({ vmid: 450, config: { description: 'somebody else’s' } })
  world.proxmox.has({
    vmid: 451,
    node: 'pve2',
    config: { scsi0: 'local-lvm:vm-451-disk-0,size=10G', description: markOf(machine, { building: true }) },
  })
  world.management.change(
    Machines,
    machine.metadata,
    (one) => (one.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'),
  )
  await world.looks(machine, 3)
  assert.ok(world.isGone())
  assert.deepEqual(world.proxmox.writes, ['destroy 451'])
})

test('a clone that came when its machine had another VM goes too, and what a person restored or copied stays', async () => {
  const { world, looks } = aLeaving({})
  const machine = world.machine()
  world.management.change(Machines, machine.metadata, (one) => {
    one.status = { ...one.status, vmidsGivenUp: [450, 451, 452] }
  })
  const description = markOf(machine)
  world.proxmox.has({ vmid: 450, config: { description, smbios1: `uuid=${machine.spec.id}` } })
  world.proxmox.has({ vmid: 451, config: { description: markOf(machine, { building: true }) } })
  world.proxmox.has({ vmid: 452, config: { description } })
  await looks(8)
  assert.ok(world.isGone())
  assert.deepEqual(
    [412, 450, 451, 452].map((vmid) => world.proxmox.vms.has(vmid)),
    [false, true, false, true],
  )
})

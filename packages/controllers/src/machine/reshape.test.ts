import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ANNOTATION_RESHAPE, type Machine } from '@fochista/api'
import { Node } from '@fochista/kubernetes'
import { Machines, NodePools } from '../kinds.ts'
import { aWorld, type Given } from '../test/a-world.ts'
import { aMachine, aPool, GIB, markOf, NAMESPACE, placed } from '../test/factories.ts'
import { settled } from '../test/manual-clock.ts'

type Shape = Partial<Pick<Machine['spec'], 'cores' | 'memory' | 'disk'>>

/** A machine of 2 cores, 4 GiB and 20 GiB that serves; `reshape` is what its pool does. */
async function serving(config: Record<string, string | number> = {}, given: Given = {}) {
  const world = aWorld(given)
  const machine = world.has(aMachine({ spec: { ...placed, made: true } }))
  const vm = world.proxmox.has({
    vmid: 412,
    status: 'running',
    config: {
      cores: 2,
      memory: '4096',
      scsi0: 'local-lvm:vm-412-disk-0,size=20G',
      smbios1: `uuid=${machine.spec.id}`,
      description: markOf(machine),
      ...config,
    },
  })
  vm.boots = 1
  const { name } = machine.metadata
  const boot = (status: 'True' | 'False' = 'True'): void => {
    world.tenant.api.change(Node, { name }, (node) => {
      const [condition] = node.status?.conditions ?? []
      if (condition) condition.status = status
      node.status = { ...node.status, nodeInfo: { bootID: `boot-${vm.boots}` } } as NonNullable<
        Node['status']
      >
    })
  }
  world.tenant.joins(machine)
  boot()
  const looks = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) {
      await world.look(machine)
      await settled()
    }
  }
  await looks(3)
  // It has served for a while: its VM was not started just now.
  await world.clock.advance(60_000)
  world.proxmox.writes.length = 0
  world.tenant.calls.length = 0
  /** Looks until something was written, slowly from then on. */
  const until = async (words: string): Promise<void> => {
    world.proxmox.slow = true
    for (let turn = 0; turn < 20 && !world.proxmox.writes.includes(words); turn += 1) await looks(1)
    assert.ok(world.proxmox.writes.includes(words), words)
  }
  const reshape = (shape: Shape, leave: string): void => {
    world.management.change(Machines, machine.metadata, (one) => {
      Object.assign(one.spec, shape)
      one.metadata.annotations = { [ANNOTATION_RESHAPE]: leave }
    })
  }
  const node = (): Node => {
    const found = world.tenant.api.read(Node, name)
    assert.ok(found)
    return found
  }
  return {
    world,
    machine,
    vm,
    boot,
    looks,
    until,
    reshape,
    node,
    leave: () => world.machine().metadata.annotations?.[ANNOTATION_RESHAPE],
    reason: (type = 'Ready') => world.condition(type)?.reason,
  }
}

test('other cores are configured, the Node is drained, the VM rebooted, and the Node let go once its kubelet is back', async () => {
  const { world, vm, boot, looks, reshape, node, leave, reason } = await serving()
  assert.equal(reason(), 'Ready')
  reshape({ cores: 4 }, 'reboot')
  await looks(4)
  assert.deepEqual(world.proxmox.writes, ['configure 412 cores', 'reboot 412'])
  assert.deepEqual(world.tenant.calls, ['cordon workers-x7k2b', 'drain workers-x7k2b'])
  assert.equal(node().spec?.unschedulable, true)
  await looks(4)
  assert.equal(vm.config['cores'], 4)
  assert.equal(reason(), 'Rebooting', 'what the kubelet said before its reboot does not count')
  assert.equal(leave(), 'reboot')
  boot()
  await looks(3)
  assert.deepEqual([reason(), leave(), node().spec?.unschedulable], ['Ready', undefined, undefined])
  assert.deepEqual(node().metadata.annotations?.['fochista.dev/reboot'], undefined)
  assert.deepEqual(world.proxmox.writes, ['configure 412 cores', 'reboot 412'])
  assert.ok((await world.events()).includes('Reshaped'))
})

test('a controller that dies again and again comes to the same end, with one reboot', async () => {
  const { world, vm, boot, looks, reshape, leave } = await serving()
  reshape({ cores: 4, memory: 8 * GIB, disk: 40 * GIB }, 'reboot')
  for (let turn = 0; turn < 8; turn += 1) {
    // A drain needs more than one look.
    await looks(2)
    world.dies()
  }
  boot()
  await looks(1)
  world.dies()
  await looks(2)
  assert.deepEqual([vm.config['cores'], vm.config['memory'], vm.boots], [4, '8192', 2])
  assert.match(String(vm.config['scsi0']), /size=40G/)
  assert.equal(leave(), undefined)
  assert.equal(world.proxmox.writes.filter((words) => words === 'reboot 412').length, 1)
})

test('a reboot that was asked for before a crash is found again', async () => {
  const { world, looks, until, reshape, boot, leave } = await serving()
  reshape({ cores: 4 }, 'reboot')
  await until('reboot 412')
  world.management.change(Machines, world.machine().metadata, ({ status }) => delete status?.task)
  world.dies()
  await looks(3)
  assert.equal(world.proxmox.writes.filter((words) => words === 'reboot 412').length, 1)
  world.proxmox.end()
  world.proxmox.slow = false
  world.proxmox.end()
  boot()
  await looks(4)
  assert.equal(leave(), undefined)
})

test('a Node that a person had cordoned stays so', async () => {
  const { world, boot, looks, reshape, node, leave } = await serving()
  world.tenant.api.change(
    Node,
    { name: 'workers-x7k2b' },
    (one) => (one.spec = { ...one.spec, unschedulable: true }),
  )
  reshape({ cores: 4 }, 'reboot')
  await looks(8)
  boot()
  await looks(3)
  assert.deepEqual([leave(), node().spec?.unschedulable], [undefined, true])
})

test('nothing is rebooted before the drain has ended, or its time is over', async () => {
  const { world, looks, reshape, reason } = await serving(
    {},
    { pool: aPool({ spec: { drain: { timeout: '5m' } } }) },
  )
  world.tenant.drain = () => new Promise(() => undefined)
  reshape({ cores: 4 }, 'reboot')
  await looks(4)
  assert.equal(reason(), 'Draining')
  assert.deepEqual(world.proxmox.writes, ['configure 412 cores'])
  await world.clock.advance(4 * 60_000)
  world.dies()
  await looks(2)
  assert.deepEqual(
    world.proxmox.writes,
    ['configure 412 cores'],
    'a restart gives it no time anew, and takes none',
  )
  await world.clock.advance(61_000)
  await looks(2)
  assert.ok(world.proxmox.writes.includes('reboot 412'))
})

test('a tenant cluster that does not answer is waited for: nothing is rebooted that was not drained', async () => {
  const { world, looks, reshape, reason } = await serving()
  world.tenant.isListed = false
  reshape({ cores: 4 }, 'reboot')
  await looks(3)
  assert.equal(reason(), 'ListingNodes')
  assert.deepEqual(world.proxmox.writes, ['configure 412 cores'])
})

test('a guest that does not end is switched off and started at once, as nobody else has stopped it', async () => {
  const { world, vm, looks, until, reshape } = await serving()
  reshape({ cores: 4 }, 'reboot')
  await until('reboot 412')
  world.proxmox.end('VM quit/powerdown failed - got timeout')
  world.proxmox.slow = false
  await looks(4)
  assert.deepEqual(world.proxmox.writes, ['configure 412 cores', 'reboot 412', 'shutdown 412', 'start 412'])
  assert.deepEqual([vm.status, vm.config['cores']], ['running', 4])
})

test('a Node is drained once, however often its reboot is refused', async () => {
  const { world, machine, looks, reshape } = await serving()
  const reboot = world.proxmox.hypervisor.reboot.bind(undefined)
  let refused = 0
  world.proxmox.hypervisor.reboot = (...given) => {
    refused += 1
    return refused <= 3 ? Promise.reject(new Error('not now')) : reboot(...given)
  }
  reshape({ cores: 4 }, 'reboot')
  for (let turn = 0; turn < 12 && refused < 3; turn += 1) {
    await world.look(machine).catch(() => undefined)
    await settled()
  }
  assert.equal(refused, 3)
  assert.equal(world.tenant.calls.filter((call) => call.startsWith('drain ')).length, 1)
  await looks(2)
  assert.equal(world.proxmox.writes.filter((words) => words === 'reboot 412').length, 1)
})

test('a reboot that fails is told with the next step, and tried again after a while', async () => {
  const { world, looks, until, reshape } = await serving()
  reshape({ cores: 4 }, 'reboot')
  await until('reboot 412')
  world.proxmox.end('VM quit/powerdown failed - got timeout')
  await looks(1)
  world.proxmox.end("can't lock file '/var/lock/qemu-server/lock-412.conf' - got timeout")
  await looks(4)
  const { status, reason, message = '' } = world.condition('Configured') ?? {}
  assert.deepEqual([status, reason], ['False', 'RebootFailed'])
  assert.match(message, /got timeout.*fochista vm terminal 412/)
  assert.equal(world.proxmox.writes.length, 3, 'no storm')
  assert.ok((await world.events()).includes('RebootFailed'))
  await world.clock.advance(300_000)
  world.proxmox.slow = false
  await looks(4)
  assert.equal(world.proxmox.writes.filter((words) => words === 'reboot 412').length, 2)
})

test('memory is plugged while the VM runs where it can be; the Node is neither drained nor said to be unready', async () => {
  const { world, vm, looks, reshape, leave, reason } = await serving({ hotplug: 'memory,network', numa: 1 })
  assert.deepEqual(world.machine().status?.live, { memory: true })
  reshape({ memory: 8 * GIB }, 'live')
  await looks(1)
  assert.equal(reason(), 'Ready')
  await looks(2)
  assert.deepEqual([vm.config['memory'], vm.boots, leave(), reason()], ['8192', 1, undefined, 'Ready'])
  assert.deepEqual(world.tenant.calls, [])
})

test('what a guest does not take while it runs waits for its pool’s leave, and the machine serves meanwhile', async () => {
  const { world, vm, looks, reshape, leave, reason } = await serving({ hotplug: 'memory,network', numa: 1 })
  reshape({ memory: 8 * GIB }, 'live')
  vm.config['hotplug'] = 'network'
  await looks(3)
  assert.deepEqual([leave(), reason()], ['refused', 'Ready'])
  const before = world.proxmox.writes.length
  await looks(3)
  assert.equal(world.proxmox.writes.length, before)
})

test('cores come and go while the VM runs within those that its template has, where processors can be plugged', async () => {
  const { world, vm, looks, reshape, leave } = await serving({ hotplug: 'cpu', cores: 8, vcpus: 2 })
  assert.deepEqual(world.machine().status?.live, { cores: 8 })
  reshape({ cores: 6 }, 'live')
  await looks(3)
  assert.deepEqual([vm.config['cores'], vm.config['vcpus'], vm.boots, leave()], [8, 6, 1, undefined])
})

test('a disk grows while its VM runs', async () => {
  const { world, vm, looks, reshape, leave, reason } = await serving()
  reshape({ disk: 40 * GIB }, 'live')
  world.proxmox.slow = true
  await looks(1)
  assert.deepEqual([reason('Configured'), reason()], ['Resizing', 'Ready'])
  world.proxmox.end()
  await looks(2)
  assert.match(String(vm.config['scsi0']), /size=40G/)
  assert.deepEqual([vm.boots, leave(), world.proxmox.writes], [1, undefined, ['resize 412 scsi0']])
})

test('a VM whose shape a person has changed is told of and left alone, until it is as it was', async () => {
  const { world, vm, looks, reason } = await serving()
  vm.config['cores'] = 6
  await looks(3)
  assert.deepEqual([reason('Configured'), reason()], ['ShapeDiffers', 'Ready'])
  assert.match(world.condition('Configured')?.message ?? '', /has 6 cores .* was given 2 cores/)
  assert.deepEqual(world.proxmox.writes, [])
  vm.config['cores'] = 2
  await looks(2)
  assert.equal(reason('Configured'), 'Configured')
})

test('a VM that its host has no room for is not touched, and the ways on are named', async () => {
  const { world, looks, reshape } = await serving()
  reshape({ memory: 100 * GIB }, 'reboot')
  await looks(3)
  const { reason, message = '' } = world.condition('Configured') ?? {}
  assert.equal(reason, 'InsufficientMemory')
  assert.match(message, /pve1 has 60GiB of memory free, and VM 412 needs 96GiB more.*vm migrate/)
  assert.deepEqual(world.proxmox.writes, [])
  assert.deepEqual(world.tenant.calls, [])
})

test('a shape that is taken back while the Node is drained costs no reboot', async () => {
  const { world, vm, looks, reshape, node, leave } = await serving()
  world.tenant.drain = () => new Promise(() => undefined)
  reshape({ cores: 4 }, 'reboot')
  await looks(3)
  reshape({ cores: 2 }, 'reboot')
  await looks(4)
  assert.deepEqual([vm.boots, leave(), node().spec?.unschedulable], [1, undefined, undefined])
  assert.deepEqual(world.proxmox.writes, ['configure 412 cores', 'configure 412 cores'])
})

test('a Node that is slow to come back after its reboot is not unhealthy before a start’s time is over', async () => {
  const { world, boot, looks, reshape } = await serving()
  reshape({ cores: 4 }, 'reboot')
  await looks(6)
  boot('False')
  await looks(2)
  await world.clock.advance(10 * 60_000)
  await looks(2)
  assert.equal(world.machine().status?.failure, undefined)
  await world.clock.advance(11 * 60_000)
  await looks(2)
  assert.equal(world.machine().status?.failure?.reason, 'NodeUnhealthy')
})

test('a pool that is paused stops a change half-way, and it goes on afterwards', async () => {
  const { world, vm, boot, looks, reshape } = await serving()
  const pause = (paused: boolean): void =>
    void world.management.change(NodePools, { name: 'workers', namespace: NAMESPACE }, ({ spec }) => {
      spec.paused = paused
    })
  reshape({ cores: 4 }, 'reboot')
  await looks(2)
  pause(true)
  await looks(4)
  assert.deepEqual(world.proxmox.writes, ['configure 412 cores'])
  pause(false)
  await looks(6)
  boot()
  await looks(2)
  assert.deepEqual([vm.boots, vm.config['cores']], [2, 4])
})

test('a pause ends a drain that is under way; afterwards it is begun anew', async () => {
  const { world, looks, reshape } = await serving()
  const pause = (paused: boolean): void =>
    void world.management.change(NodePools, { name: 'workers', namespace: NAMESPACE }, ({ spec }) => {
      spec.paused = paused
    })
  const drains = (): number => world.tenant.calls.filter((words) => words.startsWith('drain')).length
  world.tenant.drain = () => new Promise(() => undefined)
  reshape({ cores: 4 }, 'reboot')
  await looks(4)
  assert.equal(drains(), 1)
  pause(true)
  await looks(2)
  assert.equal(world.condition('Configured')?.reason, 'Paused')
  pause(false)
  await looks(2)
  assert.equal(drains(), 2)
})

test('a Node that was cordoned for a reboot whose Machine was brought back from an older backup is let go', async () => {
  const { world, looks, node } = await serving()
  world.tenant.api.change(Node, { name: 'workers-x7k2b' }, (one) => {
    one.metadata.annotations = {
      ...one.metadata.annotations,
      'fochista.dev/reboot': JSON.stringify({ since: new Date(world.clock.now()), cordoned: true }),
    }
    one.spec = { ...one.spec, unschedulable: true }
  })
  await looks(2)
  assert.equal(node().spec?.unschedulable, undefined)
})

test('a reboot that is over before the watch shows which boot was to end is waited for still', async () => {
  const { world, boot, looks, reshape, node, leave, reason } = await serving()
  reshape({ cores: 4 }, 'reboot')
  const { tenants } = world.tenant
  const live = tenants.node.bind(tenants)
  // What the cache shows: the cordon, and the boot that is to end not yet.
  tenants.node = (...given) => {
    const seen = live(...given)
    const text = seen?.metadata.annotations?.['fochista.dev/reboot']
    if (!seen || text === undefined) return seen
    const { bootID: _late, ...early } = JSON.parse(text) as { bootID?: string }
    const annotations = { ...seen.metadata.annotations, 'fochista.dev/reboot': JSON.stringify(early) }
    return { ...seen, metadata: { ...seen.metadata, annotations } }
  }
  await looks(8)
  assert.deepEqual(world.proxmox.writes, ['configure 412 cores', 'reboot 412'])
  assert.deepEqual([reason(), leave(), node().spec?.unschedulable], ['Rebooting', 'reboot', true])
  tenants.node = live
  boot()
  await looks(3)
  assert.deepEqual([reason(), leave(), node().spec?.unschedulable], ['Ready', undefined, undefined])
})

test('a Node that was let go a moment ago is not taken for one that is drained still', async () => {
  const { world, boot, looks, reshape, node } = await serving()
  reshape({ cores: 4 }, 'reboot')
  await looks(4)
  const before = node()
  await looks(4)
  boot()
  await looks(3)
  const { tenants } = world.tenant
  const live = tenants.node.bind(tenants)
  // What the cache shows still.
  tenants.node = () => ({ ...before, ...(node().status ? { status: node().status } : {}) }) as Node
  reshape({ cores: 6 }, 'reboot')
  await looks(4)
  const reboots = (): number => world.proxmox.writes.filter((one) => one === 'reboot 412').length
  assert.equal(reboots(), 1)
  tenants.node = live
  await looks(4)
  assert.equal(reboots(), 2)
  assert.equal(node().spec?.unschedulable, true)
})

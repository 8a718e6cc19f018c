import { die, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { spend, type Worker } from '../../tasks.ts'
import { volumeKey, type ProxmoxWorld, type Vm } from '../../world.ts'
import { memoryOf } from '../config/values.ts'
import { printBytes } from '../copy.ts'
import { rootOnly } from '../config/rights.ts'
import { storageNamed } from '../storage.ts'
import { startLockedTask, textOf } from '../task.ts'
import { TIMINGS } from '../timings.ts'
import { checkLock, vmOf } from '../vm.ts'
import { isLinked, localDisks, missingStorages, type LocalDisk } from './disks.ts'

/** Moves of a VM between hosts. */
export const migrateHandlers: Handlers = {
  'GET /nodes/{node}/qemu/{vmid}/migrate': preconditions,
  'POST /nodes/{node}/qemu/{vmid}/migrate': migrate,
  // The helper that carries D-Bus states along; the lab's machines have none.
  'POST /nodes/{node}/qemu/{vmid}/dbus-vmstate': (call) => {
    const vm = vmOf(call)
    return vm.running ? null : die(`VM ${vm.vmid} not running`)
  },
}

function preconditions(call: Call): unknown {
  const { world } = call
  const vm = vmOf(call)
  const allowed: string[] = []
  const refused: Record<string, unknown> = {}
  for (const [name, host] of world.hosts) {
    if (name === vm.node || !host.online) continue
    const missing = missingStorages(world, vm, name)
    if (missing.length === 0) allowed.push(name)
    else refused[name] = { unavailable_storages: missing }
  }
  return {
    running: vm.running ? 1 : 0,
    allowed_nodes: allowed,
    not_allowed_nodes: refused,
    local_disks: localDisks(world, vm).map(({ answer }) => answer),
    local_resources: localResources(vm),
    'mapped-resources': [],
    'mapped-resource-info': {},
    'has-dbus-vmstate': 1,
  }
}

/** Devices of the host that a VM uses. */
function localResources(vm: Vm): string[] {
  return Object.entries(vm.config)
    .filter(
      ([key, value]) =>
        /^(?:usb|hostpci|parallel)\d+$|^ivshmem$/.test(key) &&
        !/^(?:host=)?spice/.test(value) &&
        !value.includes('mapping='),
    )
    .concat(Object.entries(vm.config).filter(([key, value]) => /^serial\d+$/.test(key) && value !== 'socket'))
    .map(([key]) => key)
}

function migrate(call: Call): string {
  rootOnly(call, 'force', 'migration_type', 'migration_network')
  const { world } = call
  const vm = vmOf(call)
  const target = call.text('target')
  if (target === vm.node) parameterError({ target: 'target is local node.' })
  const host = world.hosts.get(target)
  if (!host) die(`no such cluster node '${target}'`)
  checkLock(vm)
  if (vm.running && !call.flag('online')) die("can't migrate running VM without --online")
  for (const name of missingStorages(world, vm, target))
    die(`storage '${name}' is not available on node '${target}'`)
  return startLockedTask(call, 'qmigrate', (now, worker) => move(call, now, target, host.address, worker))
}

async function move(call: Call, vm: Vm, target: string, address: string, worker: Worker): Promise<void> {
  const { world } = call
  const begun = world.clock.now()
  const say = (text: string): void =>
    worker.log(`${new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ')} ${text}`)
  const lasted = (): string =>
    new Date(Math.round((world.clock.now() - begun) * world.clock.speed)).toISOString().slice(11, 19)
  checkLock(vm)
  say(`starting migration of VM ${vm.vmid} to node '${target}' (${address})`)
  vm.config['lock'] = 'migrate'
  const copied: string[] = []
  try {
    const disks = checkLocal(call, vm, say)
    if (!world.hosts.get(target)?.online) throw new Error(`can't connect to node '${target}'`)
    for (const disk of disks) {
      say(`copying local disk '${disk.volid}'`)
      await copyDisk(world, disk, target, copied, worker)
    }
    if (vm.running) await moveMemory(world, vm, say, worker)
    for (const { volid } of disks) world.volumes.delete(volumeKey(world, vm.node, volid))
    vm.node = target
    delete vm.config['lock']
    say(`migration finished successfully (duration ${lasted()})`)
  } catch (error) {
    delete vm.config['lock']
    for (const key of copied) world.volumes.delete(key)
    if (error === worker.signal.reason) throw error
    say(`ERROR: migration aborted (duration ${lasted()}): ${textOf(error)}`)
    throw new Error('migration aborted', { cause: error })
  }
}

/** Judges what only the host has. Returns the disks to copy. */
function checkLocal(call: Call, vm: Vm, say: (text: string) => void): LocalDisk[] {
  const devices = localResources(vm)
  if (devices.length > 0) throw new Error(`can't migrate VM which uses local devices: ${devices.join(', ')}`)
  const disks = localDisks(call.world, vm)
  let isFine = true
  for (const { volid, volume, key, answer } of disks) {
    say(
      `found local disk '${volid}' (${answer['is_unused'] === 1 ? 'unused' : answer['is_attached'] === 1 ? 'attached' : 'in snapshot'})`,
    )
    const reason =
      answer['cdrom'] === 1 && answer['is_cloudinit'] === 0
        ? 'local cdrom image'
        : isLinked(call.world, vm, volume)
          ? 'clone of local base volume'
          : vm.running && !call.flag('with-local-disks') && answer['is_cloudinit'] === 0
            ? 'local disks without with-local-disks'
            : undefined
    if (reason === undefined) continue
    isFine = false
    say(`can't migrate local disk '${volid}': ${reason} (${key})`)
  }
  if (!isFine) throw new Error("can't migrate VM - check log")
  return disks
}

async function copyDisk(
  world: ProxmoxWorld,
  { volid, volume }: LocalDisk,
  target: string,
  copied: string[],
  worker: Worker,
): Promise<void> {
  const storage = storageNamed(world, volume.storage)
  const key = volumeKey(world, target, volid)
  if (world.volumes.has(key)) throw new Error(`volume '${volid}' already exists on node '${target}'`)
  await spend(world, worker, (volume.size / storage.speed) * 1000)
  world.volumes.set(key, { ...volume, node: target })
  copied.push(key)
}

async function moveMemory(
  world: ProxmoxWorld,
  vm: Vm,
  say: (text: string) => void,
  worker: Worker,
): Promise<void> {
  say('starting online/live migration')
  const memory = memoryOf(vm.config)
  await spend(world, worker, (memory / 1024 ** 3) * TIMINGS.migratePerGib)
  say(`average migration speed: ${printBytes((1024 ** 3 / TIMINGS.migratePerGib) * 1000)}/s - downtime 42 ms`)
  say('migration status: completed')
}

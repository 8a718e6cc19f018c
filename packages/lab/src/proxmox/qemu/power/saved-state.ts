import type { Worker } from '../../tasks.ts'
import type { ProxmoxWorld, Vm } from '../../world.ts'
import { memoryOf } from '../config/values.ts'
import { drivesOf, isCdrom, storageOf } from '../drive.ts'
import { isNicKey } from '../nic.ts'
import { runningMachine } from '../qemu-version.ts'
import { storageNamed, usableStorage } from '../storage.ts'
import { allocateVolume, freeVolume } from '../volumes.ts'

const MIB = 1024 * 1024

/** Keys that a saved state puts into the section it belongs to. */
const STATE_KEYS = ['vmstate', 'runningmachine', 'runningcpu', 'running-nets-host-mtu']

/** Name that a VM's process keeps its memory under while it is suspended to disk; no snapshot can have it. */
export const SUSPENDED = '0suspended'

/** Storage for the memory of a VM: the configured one, else a shared or local one that holds a disk, else `local`. */
export function stateStorage(world: ProxmoxWorld, vm: Vm): string {
  const configured = vm.config['vmstatestorage']
  if (configured !== undefined) return configured
  const names = drivesOf(vm.config)
    .filter((drive) => !isCdrom(drive))
    .flatMap((drive) => storageOf(drive.file) ?? [])
  return names.find((name) => world.storages.get(name)?.shared) ?? names[0] ?? 'local'
}

/** Makes the volume for a VM's memory and returns the keys of the section that it is saved with. */
export async function saveState(
  world: ProxmoxWorld,
  vm: Vm,
  storageName: string,
  suffix: string,
  worker: Worker,
): Promise<Record<string, string>> {
  const storage = usableStorage(world, storageNamed(world, storageName).name, vm.node)
  const size = memoryOf(vm.config) * 2 + 500 * MIB
  const volume = await allocateVolume(
    world,
    { vmid: vm.vmid, storage, node: vm.node, format: 'raw', size, name: `vm-${vm.vmid}-state-${suffix}` },
    worker,
  )
  const nics = Object.keys(vm.config).filter(isNicKey)
  return {
    vmstate: volume.volid,
    runningmachine: runningMachine(vm.config['machine']),
    runningcpu: 'max',
    ...(nics.length > 0 && { 'running-nets-host-mtu': nics.map((key) => `${key}=1500`).join(',') }),
  }
}

/** Forgets a VM that was suspended to disk: its lock, its keys and its volume. */
export async function dropSavedState(world: ProxmoxWorld, vm: Vm): Promise<void> {
  const volid = vm.config['vmstate']
  for (const key of ['lock', ...STATE_KEYS]) delete vm.config[key]
  if (volid !== undefined) await freeVolume(world, vm.node, volid)
  await world.machines?.dropSnapshot(vm, SUSPENDED)
}

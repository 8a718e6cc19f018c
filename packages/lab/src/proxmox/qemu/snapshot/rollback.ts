import { randomUUID } from 'node:crypto'
import { die } from '../../api-error.ts'
import { spend, type Worker } from '../../tasks.ts'
import { stopVm, type ProxmoxWorld, type Vm } from '../../world.ts'
import { keepAsUnused, ownsVolume } from '../config/unused.ts'
import { drivesOf, isCdrom, isUnusedKey } from '../drive.ts'
import { resumeSaved } from '../power/start.ts'
import { TIMINGS } from '../timings.ts'
import { checkLock, isTemplate } from '../vm.ts'

/** Keys of a section that say something of the snapshot, not of the VM. */
const OF_SNAPSHOT = new Set([
  'snaptime',
  'snapstate',
  'description',
  'parent',
  'vmstate',
  'runningmachine',
  'runningcpu',
  'running-nets-host-mtu',
])

/**
 * Goes back to a snapshot: the VM is stopped, its configuration replaced, and it runs again if the memory was kept.
 * The caller holds the configuration lock. True when it runs.
 */
export async function rollBack(world: ProxmoxWorld, vm: Vm, name: string, worker: Worker): Promise<boolean> {
  const section = vm.snapshots?.get(name) ?? die(`snapshot '${name}' does not exist`)
  if (isTemplate(vm)) die("you can't rollback if vm is a template")
  if (section['snapstate'] !== undefined)
    die(`unable to rollback to incomplete snapshot (snapstate = ${section['snapstate']})`)
  checkLock(vm)
  vm.config['lock'] = 'rollback'
  try {
    if (vm.running) {
      await spend(world, worker, TIMINGS.stop)
      stopVm(world, vm)
      vm.paused = false
    }
    await spend(world, worker, TIMINGS.monitor)
    restore(world, vm, name, section)
    await world.machines?.restoreDisks(vm, name)
    world.events.emit('rolledBack', vm, name)
  } finally {
    delete vm.config['lock']
  }
  if (section['vmstate'] === undefined) return false
  await resumeSaved(world, vm, worker, name)
  return true
}

/** Puts a snapshot's section in place. Disks that it does not know become `unusedN`; the description and those there stay. */
function restore(world: ProxmoxWorld, vm: Vm, name: string, section: Readonly<Record<string, string>>): void {
  const before = vm.config
  const kept = Object.entries(before).filter(([key]) => isUnusedKey(key) || key === 'description')
  const values = Object.entries(section).filter(([key]) => !OF_SNAPSHOT.has(key))
  vm.config = { ...Object.fromEntries(kept), ...Object.fromEntries(values), parent: name }
  if (vm.config['vmgenid'] !== undefined) vm.config['vmgenid'] = randomUUID()
  vm.pending.clear()
  vm.pendingForce?.clear()
  const now = new Set(drivesOf(vm.config).map((drive) => drive.file))
  for (const drive of drivesOf(before)) {
    if (!isCdrom(drive) && !now.has(drive.file) && ownsVolume(world, vm, drive.file))
      keepAsUnused(vm, drive.file)
  }
}

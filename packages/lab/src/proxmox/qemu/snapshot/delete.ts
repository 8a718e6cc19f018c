import { die } from '../../api-error.ts'
import { spend, type Worker } from '../../tasks.ts'
import type { ProxmoxWorld, Vm } from '../../world.ts'
import { TIMINGS } from '../timings.ts'
import { checkLock } from '../vm.ts'
import { freeVolume } from '../volumes.ts'

/** Removes a snapshot; those that stand on it then stand on its parent. The caller holds the configuration lock. */
export async function deleteSnapshot(
  world: ProxmoxWorld,
  vm: Vm,
  name: string,
  worker: Worker,
): Promise<void> {
  checkLock(vm)
  const section = vm.snapshots?.get(name) ?? die(`snapshot '${name}' does not exist`)
  vm.config['lock'] = 'snapshot-delete'
  section['snapstate'] = 'delete'
  try {
    await spend(world, worker, TIMINGS.monitor)
    if (section['vmstate'] !== undefined) await freeVolume(world, vm.node, section['vmstate'], worker)
    await world.machines?.dropSnapshot(vm, name)
    for (const other of [vm.config, ...(vm.snapshots?.values() ?? [])]) {
      if (other['parent'] !== name) continue
      if (section['parent'] === undefined) delete other['parent']
      else other['parent'] = section['parent']
    }
    vm.snapshots?.delete(name)
    world.events.emit('snapshotDropped', vm, name)
  } finally {
    delete vm.config['lock']
  }
}

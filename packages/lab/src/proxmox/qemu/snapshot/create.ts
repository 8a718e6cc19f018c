import { die } from '../../api-error.ts'
import { spend, type Worker } from '../../tasks.ts'
import { findVolume, type ProxmoxWorld, type Vm } from '../../world.ts'
import { drivesOf, isCdrom, isUnusedKey } from '../drive.ts'
import { disksCan } from '../feature.ts'
import { memoryOf } from '../config/values.ts'
import { saveState, stateStorage } from '../power/saved-state.ts'
import { TIMINGS } from '../timings.ts'
import { checkLock, isTemplate } from '../vm.ts'
import { freeVolumes } from '../volumes.ts'

/** What a snapshot is called and holds. */
interface SnapshotRequest {
  readonly name: string
  /** With the memory; means nothing for a VM that is off. */
  readonly withState: boolean
  readonly description: string | undefined
}

/** Takes a snapshot under the `snapshot` lock; a failure leaves none. The caller holds the configuration lock. */
export async function createSnapshot(
  world: ProxmoxWorld,
  vm: Vm,
  request: SnapshotRequest,
  worker: Worker,
): Promise<void> {
  if (isTemplate(vm)) die("you can't take a snapshot if it's a template")
  checkLock(vm)
  if (vm.snapshots?.has(request.name)) die(`snapshot name '${request.name}' already used`)
  if (!disksCan(world, vm.node, vm.config, 'snapshot')) die('snapshot feature is not available')
  vm.config['lock'] = 'snapshot'
  const state: Record<string, string> = {}
  try {
    await take(world, vm, request, state, worker)
  } catch (error) {
    if (state['vmstate'] !== undefined) await freeVolumes(world, vm.node, [state['vmstate']], worker)
    throw error
  } finally {
    delete vm.config['lock']
  }
}

async function take(
  world: ProxmoxWorld,
  vm: Vm,
  request: SnapshotRequest,
  state: Record<string, string>,
  worker: Worker,
): Promise<void> {
  if (request.withState && vm.running) {
    const storage = stateStorage(world, vm)
    Object.assign(state, await saveState(world, vm, storage, request.name, worker))
    worker.log(`saving VM state and RAM using storage '${storage}'`)
    const seconds = 1 + Math.ceil(memoryOf(vm.config) / 1024 ** 3)
    for (let second = 1; second <= seconds; second += 1) {
      await spend(world, worker, 1000)
      worker.log(`${((memoryOf(vm.config) * second) / seconds / 2 / 1024 ** 2).toFixed(2)} MiB in ${second}s`)
    }
    worker.log(
      `completed saving the VM state in ${seconds}s, saved ${(memoryOf(vm.config) / 2 / 1024 ** 2).toFixed(2)} MiB`,
    )
  }
  const section: Record<string, string> = {
    ...sectionToKeep(vm),
    ...state,
    snaptime: String(Math.floor(world.clock.now() / 1000)),
  }
  if (request.description !== undefined && request.description !== '')
    section['description'] = request.description.trimEnd()
  for (const drive of drivesOf(vm.config)) {
    if (isCdrom(drive)) continue
    worker.log(`snapshotting 'drive-${drive.key}' (${drive.file})`)
    if (vm.running && findVolume(world, vm.node, drive.file)?.format === 'qcow2')
      worker.log('internal qemu snapshot')
    await spend(world, worker, TIMINGS.monitor)
  }
  await world.machines?.takeSnapshot(vm, request.name, request.withState && vm.running)
  ;(vm.snapshots ??= new Map()).set(request.name, section)
  vm.config['parent'] = request.name
  world.events.emit('snapshotTaken', vm, request.name)
}

/** What of a configuration belongs into a snapshot: `parent` is the one before, the description is its own. */
function sectionToKeep(vm: Vm): Record<string, string> {
  return Object.fromEntries(
    Object.entries(vm.config).filter(([key]) => !isUnusedKey(key) && key !== 'lock' && key !== 'description'),
  )
}

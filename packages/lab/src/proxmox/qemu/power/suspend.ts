import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { spend } from '../../tasks.ts'
import { stopVm } from '../../world.ts'
import { need, rootOnly } from '../config/rights.ts'
import { startLockedTask, startVmTask } from '../task.ts'
import { TIMINGS } from '../timings.ts'
import { checkLock, findVm, vmidOf } from '../vm.ts'
import { saveState, stateStorage, SUSPENDED } from './saved-state.ts'
import { startVm } from './start.ts'

/** `status/suspend`, `status/resume` and `status/reset`. */
export const suspendHandlers: Handlers = {
  'POST /nodes/{node}/qemu/{vmid}/status/suspend': suspend,
  'POST /nodes/{node}/qemu/{vmid}/status/resume': resume,
  'POST /nodes/{node}/qemu/{vmid}/status/reset': reset,
}

function suspend(call: Call): string {
  rootOnly(call, 'skiplock')
  const { world } = call
  const vm = findVm(world, call.text('node'), vmidOf(call))
  if (!vm.running) die(`VM ${vm.vmid} not running`)
  if (call.flag('todisk')) return suspendToDisk(call)
  return startLockedTask(call, 'qmpause', async (now, worker) => {
    if (!call.flag('skiplock')) checkLock(now, 'backup')
    await spend(world, worker, TIMINGS.monitor)
    await world.machines?.of(now.vmid)?.pause()
    now.paused = now.running
  })
}

function suspendToDisk(call: Call): string {
  const { world } = call
  const [node, vmid] = [call.text('node'), vmidOf(call)]
  const before = findVm(world, node, vmid)
  need(call, `/vms/${vmid}`, ['VM.Config.Disk'])
  const storage = call.optional('statestorage') ?? stateStorage(world, before)
  need(call, `/storage/${storage}`, ['Datastore.AllocateSpace'])
  return startLockedTask(call, 'qmsuspend', async (vm, worker) => {
    if (!call.flag('skiplock')) checkLock(vm)
    vm.config['lock'] = 'suspending'
    const date = new Date(world.clock.now()).toISOString().slice(0, 10)
    try {
      Object.assign(vm.config, await saveState(world, vm, storage, `suspend-${date}`, worker))
      await world.machines?.takeSnapshot(vm, SUSPENDED, true)
    } catch (error) {
      delete vm.config['lock']
      throw error
    }
    worker.log('State saved, quitting')
    stopVm(world, vm)
    vm.paused = false
    vm.config['lock'] = 'suspended'
  })
}

function resume(call: Call): string {
  rootOnly(call, 'skiplock', 'nocheck')
  const { world } = call
  const vm = findVm(world, call.text('node'), vmidOf(call))
  const suspended = vm.config['lock'] === 'suspended'
  if (!vm.running && !suspended) die(`VM ${vm.vmid} not running`)
  if (suspended) return startVmTask(call, 'qmresume', (worker) => startVm(world, vm.node, vm.vmid, worker))
  return startLockedTask(call, 'qmresume', async (now, worker) => {
    if (!call.flag('skiplock')) checkLock(now, 'backup')
    await spend(world, worker, TIMINGS.monitor)
    await world.machines?.of(now.vmid)?.resume()
    now.paused = false
    now.asleep = false
  })
}

function reset(call: Call): string {
  rootOnly(call, 'skiplock')
  const { world } = call
  const vm = findVm(world, call.text('node'), vmidOf(call))
  if (!vm.running) die(`VM ${vm.vmid} not running`)
  return startLockedTask(call, 'qmreset', async (now, worker) => {
    if (!call.flag('skiplock')) checkLock(now)
    await spend(world, worker, TIMINGS.monitor)
    if (now.running) world.events.emit('reset', now)
  })
}

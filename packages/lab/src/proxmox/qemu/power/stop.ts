import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { spend, type Worker } from '../../tasks.ts'
import { stopVm, type ProxmoxWorld, type Vm } from '../../world.ts'
import { applyPending } from '../config/apply.ts'
import { rootOnly } from '../config/rights.ts'
import { lockConfig } from '../lock.ts'
import { startVmTask } from '../task.ts'
import { TIMINGS } from '../timings.ts'
import { checkLock, findVm, lookUpVm, vmidOf } from '../vm.ts'
import { askToShutDown } from './ask.ts'
import { startLater } from './start.ts'

/** How long a guest may take to be off when nothing says so, seconds. */
const SHUTDOWN_SECONDS = 60

/** What ends a VM: `status/stop`, `status/shutdown` and `status/reboot`. */
export const stopHandlers: Handlers = {
  'POST /nodes/{node}/qemu/{vmid}/status/stop': stop,
  'POST /nodes/{node}/qemu/{vmid}/status/shutdown': shutdown,
  'POST /nodes/{node}/qemu/{vmid}/status/reboot': reboot,
}

function stop(call: Call): string {
  rootOnly(call, 'skiplock', 'keepActive', 'migratedfrom')
  const [node, vmid] = [call.text('node'), vmidOf(call)]
  return startVmTask(call, 'qmstop', async (worker) => {
    if (call.flag('overrule-shutdown')) await overruleShutdowns(call.world, node, vmid, worker)
    await whileRunning(call, worker, async (vm) => {
      await spend(call.world, worker, TIMINGS.stop)
      await endVm(call.world, vm)
    })
  })
}

/** Ends the tasks that wait for a guest to be off, so that the stop need not wait for their lock. */
async function overruleShutdowns(
  world: ProxmoxWorld,
  node: string,
  vmid: number,
  worker: Worker,
): Promise<void> {
  const running = [...world.tasks.values()].filter(
    (task) =>
      task.type === 'qmshutdown' &&
      task.id === String(vmid) &&
      task.node === node &&
      task.exitstatus === undefined,
  )
  if (running.length === 0) return
  for (const task of running) task.abort.abort()
  await Promise.all(running.map((task) => task.done))
  worker.log(`overruled qmshutdown tasks: ${running.map((task) => task.upid).join(', ')}`)
}

function shutdown(call: Call): string {
  rootOnly(call, 'skiplock', 'keepActive')
  const vm = lookUpVm(call.world, call.text('node'), vmidOf(call))
  const force = call.flag('forceStop')
  if (vm?.running && vm.paused && !force) die('VM is paused - cannot shutdown')
  return startVmTask(call, 'qmshutdown', (worker) =>
    whileRunning(call, worker, async (now) => {
      const seconds = call.number('timeout') ?? downSeconds(now)
      if (!(await askToShutDown(call.world, now, seconds, worker))) {
        if (!force) die('VM quit/powerdown failed - got timeout')
        worker.log('VM still running - terminating now with SIGTERM')
      }
      await endVm(call.world, now)
    }),
  )
}

function reboot(call: Call): string {
  const vm = findVm(call.world, call.text('node'), vmidOf(call))
  if (!vm.running) die(`VM ${vm.vmid} not running`)
  if (vm.paused) die('VM is paused - cannot shutdown')
  return startVmTask(call, 'qmreboot', async (worker) => {
    await whileRunning(call, worker, async (now) => {
      if (!(await askToShutDown(call.world, now, call.number('timeout') ?? downSeconds(now), worker)))
        die('VM quit/powerdown failed - got timeout')
      await endVm(call.world, now)
    })
    // The host's event daemon starts it again, in a task of its own.
    startLater(call.world, vm.node, vm.vmid, 'root@pam')
  })
}

/** Runs `work` under the configuration lock while a VM runs; a VM that is off is left alone, whatever holds it. */
async function whileRunning(call: Call, worker: Worker, work: (vm: Vm) => Promise<void>): Promise<void> {
  const { world } = call
  const [node, vmid] = [call.text('node'), vmidOf(call)]
  if (!findVm(world, node, vmid).running) return
  await lockConfig(
    world,
    vmid,
    async () => {
      const vm = findVm(world, node, vmid)
      if (!vm.running) return
      if (!call.flag('skiplock')) checkLock(vm)
      await work(vm)
    },
    { worker },
  )
}

/** Takes the power and makes pending values real. */
async function endVm(world: ProxmoxWorld, vm: Vm): Promise<void> {
  stopVm(world, vm)
  vm.paused = false
  await applyPending(world, vm, {})
}

function downSeconds(vm: Vm): number {
  return Number(/(?:^|,)down=(\d+)/.exec(vm.config['startup'] ?? '')?.[1] ?? SHUTDOWN_SECONDS)
}

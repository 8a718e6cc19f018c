import { hasBridge } from '../../bridges.ts'
import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { spend, startTask, type Worker } from '../../tasks.ts'
import type { ProxmoxWorld, Vm, VmProcess } from '../../world.ts'
import { regenerateSeed } from '../cloudinit/seed.ts'
import { applyPending } from '../config/apply.ts'
import { rootOnly } from '../config/rights.ts'
import { drivesOf, storageOf } from '../drive.ts'
import { lockConfig } from '../lock.ts'
import { isNicKey, parseNic } from '../nic.ts'
import { machineProblem } from '../qemu-version.ts'
import { startVmTask, textOf } from '../task.ts'
import { TIMINGS } from '../timings.ts'
import { checkLock, isTemplate, loadVm, vmidOf } from '../vm.ts'
import { requireVolume } from '../volumes.ts'
import { dropSavedState, SUSPENDED } from './saved-state.ts'

const ROOT_ONLY = [
  'skiplock',
  'stateuri',
  'migratedfrom',
  'migration_type',
  'migration_network',
  'targetstorage',
  'force-cpu',
  'with-conntrack-state',
  'nets-host-mtu',
]

/** `status/start`: all is checked in the task. */
export const startHandlers: Handlers = {
  'POST /nodes/{node}/qemu/{vmid}/status/start': (call: Call) => {
    rootOnly(call, ...ROOT_ONLY)
    const [node, vmid, machine, skiplock] = [
      call.text('node'),
      vmidOf(call),
      call.optional('machine'),
      call.flag('skiplock'),
    ]
    return startVmTask(call, 'qmstart', (worker) =>
      startVm(call.world, node, vmid, worker, { skiplock, ...(machine !== undefined && { machine }) }),
    )
  },
}

/** How a VM is started. */
interface StartOptions {
  /** Machine for this run only. */
  readonly machine?: string
  /** Starts a locked VM. */
  readonly skiplock?: boolean
}

/** Starts a VM in a task of its own, as what starts one at the end of another task does. Returns the UPID. */
export function startLater(world: ProxmoxWorld, node: string, vmid: number, user: string): string {
  return startTask(world, { node, type: 'qmstart', id: String(vmid), user }, (worker) =>
    startVm(world, node, vmid, worker),
  )
}

/** Starts a VM under its configuration lock; returns when QEMU has come up. Throws the original's texts. */
export async function startVm(
  world: ProxmoxWorld,
  node: string,
  vmid: number,
  worker: Worker,
  options: StartOptions = {},
): Promise<void> {
  loadVm(world, node, vmid)
  await lockConfig(
    world,
    vmid,
    async () => {
      const vm = loadVm(world, node, vmid)
      if (isTemplate(vm)) die("you can't start a vm if it's a template")
      const suspended = vm.config['lock'] === 'suspended'
      if (!options.skiplock && !suspended) checkLock(vm)
      if (vm.running) die(`VM ${vmid} already running`)
      await boot(world, vm, worker, options.machine, suspended ? SUSPENDED : undefined)
      if (suspended) await dropSavedState(world, vm)
    },
    { worker },
  )
}

/** Starts a VM again from memory that was kept; the caller holds the lock. */
export async function resumeSaved(
  world: ProxmoxWorld,
  vm: Vm,
  worker: Worker,
  snapshot: string,
): Promise<void> {
  await boot(world, vm, worker, undefined, snapshot)
}

async function boot(
  world: ProxmoxWorld,
  vm: Vm,
  worker: Worker,
  machine: string | undefined,
  snapshot: string | undefined,
): Promise<void> {
  if (vm.config['lock'] === 'suspended') worker.log('Resuming suspended VM')
  else await applyPending(world, vm, {})
  if (drivesOf(vm.config).some((drive) => regenerateSeed(world, vm, drive)))
    worker.log('generating cloud-init ISO')
  const problem = machineProblem(machine ?? vm.config['machine'], vm.node)
  if (problem !== undefined) die(problem)
  for (const drive of drivesOf(vm.config))
    if (storageOf(drive.file) !== undefined) requireVolume(world, vm.node, drive.file)
  for (const [key, value] of Object.entries(vm.config)) {
    const bridge = isNicKey(key) ? parseNic(value).options['bridge'] : undefined
    if (bridge !== undefined && !hasBridge(world, vm.node, bridge)) die(`bridge '${bridge}' does not exist`)
  }
  if (vm.config['bios'] === 'ovmf' && vm.config['efidisk0'] === undefined)
    worker.warn('no efidisk configured! Using temporary efivars disk.')
  const process = await startProcess(world, vm, worker, snapshot)
  vm.pid = process?.pid ?? world.nextPid()
  vm.startedAt = world.clock.now()
  vm.paused = false
  vm.asleep = false
  vm.console = ''
  vm.running = true
  world.events.emit('started', vm)
  // It may have died as soon as it ran.
  if (process !== undefined && world.machines?.of(vm.vmid) !== process) world.guestStopped(vm)
  await spend(world, worker, TIMINGS.start)
}

/** Where VMs are processes, starts this one's. Throws the original's text. */
async function startProcess(
  world: ProxmoxWorld,
  vm: Vm,
  worker: Worker,
  snapshot: string | undefined,
): Promise<VmProcess | undefined> {
  try {
    return await world.machines?.start(
      vm,
      (line) => worker.log(`kvm: ${line.replace(/^qemu-system-\w+: /, '')}`),
      snapshot,
    )
  } catch (error) {
    return die(`start failed: ${textOf(error)}`)
  }
}

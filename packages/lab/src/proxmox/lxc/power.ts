import { die } from '../api-error.ts'
import { hasBridge } from '../bridges.ts'
import type { Container } from '../cluster/state.ts'
import type { Call, Handlers } from '../handler.ts'
import { rootOnly } from '../qemu/config/rights.ts'
import { requireVolume } from '../qemu/volumes.ts'
import { spend, startTask, type Worker } from '../tasks.ts'
import type { ProxmoxWorld } from '../world.ts'
import { applyPending } from './config/update.ts'
import {
  checkContainerLock,
  containerOf,
  isContainerTemplate,
  loadContainer,
  lockContainer,
  startContainerTask,
} from './container.ts'
import { mountsOf } from './mount-point.ts'

const PATH = '/nodes/{node}/lxc/{vmid}/status'

/** Milliseconds until a container's processes run, are gone, and have ended by themselves. */
const STARTING = 900
const STOPPING = 200
const SHUTDOWN = 1500

/** Turning containers on and off. Hosts have no program that could keep a running one on disk, as the original's have none. */
export const containerPowerHandlers: Handlers = {
  [`POST ${PATH}/start`]: (call) => {
    rootOnly(call, 'skiplock')
    const { vmid, running } = containerOf(call)
    if (running) die(`CT ${vmid} already running`)
    return startContainerTask(call, 'vzstart', (container, worker) =>
      startContainer(call.world, container, worker, call.flag('skiplock')),
    )
  },
  [`POST ${PATH}/stop`]: (call) => {
    rootOnly(call, 'skiplock')
    requireRunning(call)
    return startContainerTask(call, 'vzstop', async (container, worker) => {
      if (!call.flag('skiplock')) checkContainerLock(container)
      await stopContainer(call.world, container, worker)
    })
  },
  [`POST ${PATH}/shutdown`]: (call) => {
    requireRunning(call)
    return startContainerTask(call, 'vzshutdown', async (container, worker) => {
      checkContainerLock(container)
      await spend(call.world, worker, SHUTDOWN)
      await stopContainer(call.world, container, worker)
    })
  },
  [`POST ${PATH}/reboot`]: (call) => {
    requireRunning(call)
    return startContainerTask(call, 'vzreboot', async (container, worker) => {
      checkContainerLock(container)
      await spend(call.world, worker, SHUTDOWN)
      await stopContainer(call.world, container, worker)
      await startContainer(call.world, container, worker)
    })
  },
  [`POST ${PATH}/suspend`]: (call) => {
    requireRunning(call)
    return startContainerTask(call, 'vzsuspend', (container) => {
      checkContainerLock(container)
      return die(`command 'lxc-checkpoint -n ${container.vmid} -s -D /var/lib/vz/dump' failed: exit code 1`)
    })
  },
  [`POST ${PATH}/resume`]: (call) => {
    const { vmid, running } = containerOf(call)
    if (running) die(`CT ${vmid} already running`)
    return startContainerTask(call, 'vzresume', (container) => {
      checkContainerLock(container)
      return die(
        `command 'lxc-checkpoint -n ${container.vmid} -r --foreground -D /var/lib/vz/dump' failed: exit code 1`,
      )
    })
  },
}

function requireRunning(call: Call): void {
  const { vmid, running } = containerOf(call)
  if (!running) die(`CT ${vmid} not running`)
}

/** Starts a container whose configuration the caller holds. What waited for a start is applied first. */
export async function startContainer(
  world: ProxmoxWorld,
  container: Container,
  worker: Worker,
  skipLock = false,
): Promise<void> {
  if (isContainerTemplate(container)) die("you can't start a CT if it's a template")
  if (!skipLock) checkContainerLock(container)
  if (container.running) die(`CT ${container.vmid} already running`)
  await applyPending(world, container)
  for (const { volume } of mountsOf(container.config))
    if (!volume.startsWith('/')) requireVolume(world, container.node, volume)
  for (const [key, value] of Object.entries(container.config)) {
    const bridge = /^net\d+$/.test(key) ? /(?:^|,)bridge=([^,]+)/.exec(value)?.[1] : undefined
    if (bridge !== undefined && !hasBridge(world, container.node, bridge))
      die(`bridge '${bridge}' does not exist`)
  }
  await spend(world, worker, STARTING)
  container.running = true
  container.startedAt = world.clock.now()
  container.pid = world.nextPid()
}

/** Ends a container's processes. */
export async function stopContainer(
  world: ProxmoxWorld,
  container: Container,
  worker: Worker,
): Promise<void> {
  await spend(world, worker, STOPPING)
  await turnContainerOff(world, container)
}

/** A container's processes are gone, whoever ended them. */
export async function turnContainerOff(world: ProxmoxWorld, container: Container): Promise<void> {
  container.running = false
  container.pid = 0
  world.events.emit('containerStopped', container)
  await applyPending(world, container)
}

/** Starts a container in a task of its own, as its host does after its own start. */
export function startContainerLater(world: ProxmoxWorld, node: string, vmid: number, user: string): string {
  return startTask(world, { node, type: 'vzstart', id: String(vmid), user }, (worker) =>
    lockContainer(world, vmid, () => startContainer(world, loadContainer(world, node, vmid), worker), worker),
  )
}

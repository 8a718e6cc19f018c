import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Container } from '../cluster/state.ts'
import type { Call } from '../handler.ts'
import { configLock } from '../locks.ts'
import { startVmTask } from '../qemu/task.ts'
import type { Worker } from '../tasks.ts'
import type { ProxmoxWorld } from '../world.ts'

/** How long writers wait for a container's configuration, ms. */
const WAIT = 10_000

/** A container that is off and has only these values. */
export function newContainer(vmid: number, node: string, config: Record<string, string>): Container {
  return { vmid, node, config, pending: new Map(), running: false, startedAt: 0, pid: 0 }
}

/** Puts a container that holds nothing but a lock into the world. Throws when a guest has its number. */
export function takeNumber(world: ProxmoxWorld, node: string, vmid: number, lock: string): void {
  const vm = world.vms.get(vmid)
  if (vm) die(`VM ${vmid} already exists on node '${vm.node}'`)
  const other = world.cluster.containers.get(vmid)
  if (other) die(`CT ${vmid} already exists on node '${other.node}'`)
  world.cluster.containers.set(vmid, newContainer(vmid, node, { lock }))
}

/** The container of a host. Throws when there is none, or when it is on another host. */
export function loadContainer(world: ProxmoxWorld, node: string, vmid: number): Container {
  const container = world.cluster.containers.get(vmid)
  return container?.node === node
    ? container
    : die(`Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist`)
}

/** The container that a call's path names. */
export function containerOf(call: Call): Container {
  return loadContainer(call.world, call.text('node'), Number(call.text('vmid')))
}

/** Throws when the configuration has a lock. */
export function checkContainerLock({ config }: Container): void {
  if (config['lock'] !== undefined) die(`CT is locked (${config['lock']})`)
}

/** True for a template. */
export function isContainerTemplate({ config }: Container): boolean {
  return config['template'] === '1'
}

/** Runs `work` while holding a container's configuration. */
export function lockContainer<T>(
  world: ProxmoxWorld,
  vmid: number,
  work: () => Promise<T>,
  worker?: Worker,
): Promise<T> {
  const text = `can't lock file '/run/lock/lxc/pve-config-${vmid}.lock' - got timeout`
  return world.locks.hold(configLock(vmid), WAIT, text, work, worker && { signal: worker.signal })
}

/** Starts a task that works on the call's container while holding its configuration, with the container as it is then. */
export function startContainerTask(
  call: Call,
  type: string,
  work: (container: Container, worker: Worker) => Promise<void>,
): string {
  const [node, vmid] = [call.text('node'), Number(call.text('vmid'))]
  return startVmTask(call, type, async (worker) => {
    loadContainer(call.world, node, vmid)
    await lockContainer(call.world, vmid, () => work(loadContainer(call.world, node, vmid), worker), worker)
  })
}

/** Runs `work` under a lock that the configuration shows. */
export async function whileLocked(
  container: Container,
  lock: string,
  work: () => Promise<void>,
): Promise<void> {
  container.config['lock'] = lock
  try {
    await work()
  } finally {
    delete container.config['lock']
  }
}

/** SHA-1 over the configuration with its pending values and snapshots. */
export function containerDigest({ config, pending, snapshots }: Container): string {
  const text = JSON.stringify([config, [...pending], [...(snapshots ?? [])]])
  return createHash('sha1').update(text).digest('hex')
}

/** Refuses a change that was made of an older configuration. */
export function checkContainerDigest(call: Call, container: Container): void {
  const digest = call.optional('digest')
  if (digest !== undefined && digest !== containerDigest(container))
    die('detected modified configuration - file changed by other user? Try again.')
}

import { configLock, storageLock } from '../locks.ts'
import { stopVm, volumeKey, type ProxmoxWorld } from '../world.ts'
import { killTask } from '../tasks.ts'
import { applyAgent } from './agent.ts'
import type { Facts } from './recorded.ts'
import { addTask, addVolume, entries, finishTask, text, vmFrom } from './seed.ts'

/**
 * Makes a change that no recorded exchange makes.
 * @param upidOf UPID that the exchange of a number was answered with here.
 */
export async function applyChange(
  world: ProxmoxWorld,
  change: Facts,
  upidOf: (n: number) => string | undefined,
): Promise<void> {
  for (const [id, part] of entries(change['vms'])) changeVm(world, Number(id), part)
  for (const volume of (change['volumes_add'] as Facts[] | undefined) ?? []) addVolume(world, volume)
  for (const pattern of (change['volumes_remove'] as string[] | undefined) ?? [])
    removeVolumes(world, pattern)
  for (const task of (change['tasks_add'] as Facts[] | undefined) ?? []) addTask(world, task)
  for (const task of (change['tasks_end'] as Facts[] | undefined) ?? []) {
    const running = [...world.tasks.values()].find(
      (each) => each.exitstatus === undefined && each.type === task['type'] && each.id === task['id'],
    )
    if (running !== undefined) finishTask(world, running, text(task['status']))
  }
  const killed = change['kill_task_of_n']
  if (typeof killed === 'number') {
    const task = world.tasks.get(upidOf(killed) ?? '')
    if (task !== undefined) killTask(world, task)
  }
  const lock = change['hold_lock'] as { kind: string; name: string | number; seconds: number } | undefined
  if (lock !== undefined) await holdLock(world, lock)
  if (change['wait_until'] !== undefined) await world.clock.sleep(12_000)
}

function changeVm(world: ProxmoxWorld, vmid: number, part: Facts | null): void {
  if (part === null) {
    world.vms.delete(vmid)
    return
  }
  const vm = world.vms.get(vmid)
  if (vm === undefined) {
    if (part['node'] !== undefined) {
      const made = vmFrom(world, vmid, part)
      world.vms.set(vmid, made)
      applyAgent(world, made, part)
    }
    return
  }
  for (const [key, value] of entries(part['config'])) vm.config[key] = text(value)
  for (const [key, value] of entries(part['pending'])) vm.pending.set(key, text(value))
  if (typeof part['lock'] === 'string') vm.config['lock'] = part['lock']
  if (part['lock'] === null) delete vm.config['lock']
  if (part['status'] === 'stopped') stopVm(world, vm)
  applyAgent(world, vm, part)
}

function removeVolumes(world: ProxmoxWorld, pattern: string): void {
  const node = [...world.hosts.keys()][0] ?? ''
  if (!pattern.endsWith('*')) world.volumes.delete(volumeKey(world, node, pattern))
  else
    for (const [key, { volid }] of world.volumes)
      if (volid.startsWith(pattern.slice(0, -1))) world.volumes.delete(key)
}

const held = new WeakMap<ProxmoxWorld, Map<string, () => void>>()

/** Another process takes a lock for a while; a new hold of the same lock replaces the old one. */
async function holdLock(
  world: ProxmoxWorld,
  { kind, name, seconds }: { kind: string; name: string | number; seconds: number },
): Promise<void> {
  const node = [...world.hosts.keys()][0] ?? ''
  const storage = world.storages.get(String(name))
  const lock =
    kind === 'config'
      ? configLock(Number(name))
      : kind === 'storage' && storage !== undefined
        ? storageLock(storage, node)
        : String(name)
  const releases = held.get(world) ?? new Map<string, () => void>()
  held.set(world, releases)
  releases.get(lock)?.()
  await new Promise<void>((entered) => {
    void world.locks.hold(lock, 60_000, 'lock of another process', () => {
      entered()
      return new Promise<void>((done) => {
        releases.set(lock, done)
        world.clock.setTimeout(done, seconds * 1000)
      })
    })
  })
}

import { createCall } from '../../call.ts'
import type { Call } from '../../handler.ts'
import { lxcHandlers } from '../../lxc/index.ts'
import { qemuHandlers } from '../../qemu/index.ts'
import { sectionsOf } from '../../sections.ts'
import type { ProxmoxWorld } from '../../world.ts'
import { FAILED, forgetFailures, hasFailed, managedGuest } from './managed.ts'

/** Milliseconds until the cluster's manager does what it was asked for. */
const MANAGER_LOOKS = 5000

/** Milliseconds between two looks that nobody asked for. */
const PERIOD = 10_000

/** Where the manager acts, and the host that it acts on. */
type Place = Pick<Call, 'world' | 'contact'>

/** Who acts for the cluster. */
const MANAGER = { user: 'root@pam' }

/** Does something to a resource's guest for the cluster's manager; resolves to the task's UPID. */
export async function act(
  place: Place,
  sid: string,
  what: string,
  params: Readonly<Record<string, string>>,
): Promise<unknown> {
  const guest = managedGuest(place.world, sid)
  if (guest === undefined) return undefined
  const path = `POST /nodes/{node}/${guest.type}/{vmid}/${what}`
  const handler = (guest.type === 'lxc' ? lxcHandlers : qemuHandlers)[path]
  return handler?.(createCall(place, MANAGER, {}, { ...params, node: guest.node, vmid: String(guest.vmid) }))
}

/** Does something for the manager when it looks next. What then cannot be done, for the guest is gone or as wanted already, is no matter. */
export function soon({ world }: Call, work: () => Promise<unknown>): void {
  world.clock.setTimeout(() => {
    void work().catch(() => {})
  }, MANAGER_LOOKS)
}

/** Turns a resource's guest on or off as its state says, unless something is being done to it. */
export async function pursue(place: Place, sid: string): Promise<void> {
  const { world } = place
  const resource = world.cluster.haResources.get(sid)
  const guest = managedGuest(world, sid)
  if (resource === undefined || guest === undefined || guest.isHeld) return
  if (!world.hosts.get(guest.node)?.online) return
  for (const task of world.tasks.values())
    if (task.exitstatus === undefined && task.id === String(guest.vmid)) return
  const { state = 'started' } = resource
  if (!guest.running && (state === 'started' || state === 'enabled') && !hasFailed(world, sid))
    noteStart(world, sid, await act(place, sid, 'status/start', {}))
  if (guest.running && (state === 'stopped' || state === 'disabled'))
    await act(place, sid, 'status/shutdown', { forceStop: '1' })
}

/** Counts a start that failed; one that goes well makes all before it forgotten. */
function noteStart(world: ProxmoxWorld, sid: string, upid: unknown): void {
  const task = world.tasks.get(String(upid as string))
  void task?.done.then(() => {
    const failures = Number(sectionsOf(world, FAILED).get(sid)?.['failures'] ?? 0)
    if (task.exitstatus === 'OK') forgetFailures(world, sid)
    else sectionsOf(world, FAILED).set(sid, { failures: String(failures + 1) })
  })
}

/** Looks after all resources from now on, unless fencing is switched off. Returns what ends that. */
export function keepManaging(world: ProxmoxWorld): () => void {
  let cancel: () => void
  const look = (): void => {
    const [contact] = world.hosts.keys()
    if (contact !== undefined && world.cluster.files.get('ha/manager')?.has('disarmed') !== true)
      for (const sid of world.cluster.haResources.keys()) void pursue({ world, contact }, sid).catch(() => {})
    cancel = world.clock.setTimeout(look, PERIOD)
  }
  cancel = world.clock.setTimeout(look, PERIOD)
  return () => cancel()
}

/** Moves a resource to a host: VMs running when that is asked for, or by way of a stop, containers by a restart. Resolves before anything has moved. */
export async function moveResource(call: Call, sid: string, node: string, online: boolean): Promise<void> {
  const guest = managedGuest(call.world, sid)
  if (guest === undefined || guest.node === node) return
  const migrate = (how: Record<string, string>): Promise<unknown> =>
    act(call, sid, 'migrate', { target: node, ...how })
  if (guest.type === 'lxc') await migrate(guest.running ? { restart: '1' } : {})
  else if (!guest.running) await migrate({})
  else if (online) await migrate({ online: '1', 'with-local-disks': '1' })
  else {
    const stopping = await act(call, sid, 'status/shutdown', { forceStop: '1' })
    void restart(call, sid, stopping, () => migrate({})).catch(() => {
      // The guest may be gone meanwhile: then there is nothing to move.
    })
  }
}

/** Moves a VM as soon as it is off, and starts it where it then is. */
async function restart(
  call: Call,
  sid: string,
  stopping: unknown,
  migrate: () => Promise<unknown>,
): Promise<void> {
  const ended = async (upid: unknown): Promise<boolean> => {
    const task = call.world.tasks.get(String(upid as string))
    await task?.done
    return task?.exitstatus === 'OK'
  }
  if (await ended(stopping)) await ended(await migrate())
  await act(call, sid, 'status/start', {})
}

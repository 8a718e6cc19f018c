import { die } from '../../api-error.ts'
import { createCall } from '../../call.ts'
import type { Call, Handlers } from '../../handler.ts'
import { lxcHandlers } from '../../lxc/index.ts'
import { qemuHandlers } from '../../qemu/index.ts'
import { managedGuest, sidOf } from './managed.ts'

/** Who moves guests for the cluster. */
const MANAGER = { user: 'root@pam' }

/** Moves of resources to another host: `migrate` keeps a VM running meanwhile, `relocate` stops it and starts it there. */
export const haMoveHandlers: Handlers = {
  'POST /cluster/ha/resources/{sid}/migrate': (call) => move(call, true),
  'POST /cluster/ha/resources/{sid}/relocate': (call) => move(call, false),
}

/** Answers before anything has moved. */
async function move(call: Call, online: boolean): Promise<unknown> {
  const { world } = call
  const sid = sidOf(call, call.text('sid'))
  const node = call.text('node')
  const guest = managedGuest(world, sid)
  if (!world.cluster.haResources.has(sid) || guest === undefined) return die(`no such resource '${sid}'`)
  if (!world.hosts.has(node)) return die(`node '${node}' does not exist`)
  const answer = { sid, 'requested-node': node }
  if (guest.node === node) return answer
  const { running } = guest
  const migrate = (how: Record<string, string>): Promise<unknown> =>
    act(call, guest.node, 'migrate', { target: node, ...how })
  if (guest.type === 'lxc') await migrate(running ? { restart: '1' } : {})
  else if (!running) await migrate({})
  else if (online) await migrate({ online: '1', 'with-local-disks': '1' })
  else {
    const stopped = await act(call, guest.node, 'status/shutdown', { forceStop: '1' })
    void restart(call, stopped, () => migrate({})).catch(() => {
      // The guest may be gone meanwhile: then there is nothing to move.
    })
  }
  return answer
}

/** Moves a VM as soon as it is off, and starts it where it then is. */
async function restart(call: Call, stopping: unknown, migrate: () => Promise<unknown>): Promise<void> {
  const { world } = call
  const ended = async (upid: unknown): Promise<boolean> => {
    const task = world.tasks.get(String(upid as string))
    await task?.done
    return task?.exitstatus === 'OK'
  }
  if (await ended(stopping)) await ended(await migrate())
  const guest = managedGuest(world, sidOf(call, call.text('sid')))
  if (guest !== undefined) await act(call, guest.node, 'status/start', {})
}

/** Does something to the guest of a call for the cluster's manager. */
async function act(call: Call, node: string, what: string, params: Record<string, string>): Promise<unknown> {
  const guest = managedGuest(call.world, sidOf(call, call.text('sid')))
  if (guest === undefined) return undefined
  const path = `POST /nodes/{node}/${guest.type}/{vmid}/${what}`
  const handler = (guest.type === 'lxc' ? lxcHandlers : qemuHandlers)[path]
  return handler?.(createCall(call, MANAGER, {}, { ...params, node, vmid: String(guest.vmid) }))
}

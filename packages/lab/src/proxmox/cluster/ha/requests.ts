import type { Call, Handler, Handlers } from '../../handler.ts'
import { startTask } from '../../tasks.ts'
import { managedGuest, managedState } from './managed.ts'
import { act, moveResource, pursue, soon } from './manager.ts'

/** What a call asks the manager for. */
interface Request {
  readonly type: 'hastart' | 'hastop' | 'hamigrate'
  readonly says: string
  /** State of the resource from then on. */
  readonly state?: 'started' | 'stopped'
  readonly work: (call: Call, sid: string) => Promise<unknown>
}

const STOP: Request = {
  type: 'hastop',
  says: 'stop',
  state: 'stopped',
  work: pursue,
}

/** Calls that are the manager's to do for a guest that it manages. */
const REQUESTS: Readonly<Record<string, Request>> = {
  'status/start': {
    type: 'hastart',
    says: 'start',
    state: 'started',
    work: pursue,
  },
  'status/stop': { ...STOP, work: (call, sid) => act(call, sid, 'status/stop', {}) },
  'status/shutdown': STOP,
  migrate: {
    type: 'hamigrate',
    says: 'migration',
    work: (call, sid) => moveResource(call, sid, call.text('target'), call.flag('online')),
  },
}

/** Guests' calls as they are for guests that the cluster's manager keeps running: a task that only asks it, and what it does then. */
export function throughManager(handlers: Handlers): Handlers {
  return Object.fromEntries(
    Object.entries(handlers).map(([key, handler]) => {
      const [, type, what = ''] = /^POST \/nodes\/\{node\}\/(qemu|lxc)\/\{vmid\}\/(.+)$/.exec(key) ?? []
      const request = REQUESTS[what]
      return [key, request === undefined ? handler : asking(type === 'lxc' ? 'ct' : 'vm', request, handler)]
    }),
  )
}

function asking(kind: 'vm' | 'ct', request: Request, handler: Handler): Handler {
  return (call) => {
    const { world } = call
    const [vmid, node] = [call.text('vmid'), call.text('node')]
    const sid = `${kind}:${vmid}`
    if (managedState(world, sid)['managed'] !== 1 || managedGuest(world, sid)?.node !== node)
      return handler(call)
    return startTask(world, { node, type: request.type, id: vmid, user: call.user }, (worker) => {
      worker.log(
        `Requesting HA ${request.says} for ${kind === 'ct' ? 'CT' : 'VM'} ${vmid}${request.type === 'hamigrate' ? ` to node ${call.text('target')}` : ''}`,
      )
      const resource = world.cluster.haResources.get(sid)
      if (resource !== undefined && request.state !== undefined) resource['state'] = request.state
      soon(call, () => request.work(call, sid))
      return Promise.resolve()
    })
  }
}

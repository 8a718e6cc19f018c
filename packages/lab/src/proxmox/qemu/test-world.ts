import { createLabClock } from '../../clock.ts'
import { ApiError, forbidden, parameterError } from '../api-error.ts'
import { createCall } from '../call.ts'
import { judge, type Identity } from '../permissions.ts'
import { findRoute } from '../routes.ts'
import type { Task } from '../tasks.ts'
import { verifyParams } from '../verify/params.ts'
import { createProxmoxWorld, type ProxmoxWorld } from '../world.ts'
import { noteCalled } from '../called.ts'
import { proxmoxHandlers } from '../handlers.ts'

/** A cluster of two hosts without HTTP, and what calls it. */
export interface TestWorld {
  readonly world: ProxmoxWorld
  /** Makes a call as root, or as somebody else; throws the ApiError that would be the answer. */
  readonly call: (
    request: string,
    params?: Record<string, string | string[]>,
    identity?: Identity,
  ) => Promise<unknown>
  /** Makes a call that starts a task and waits for its end. */
  readonly task: (
    request: string,
    params?: Record<string, string | string[]>,
    identity?: Identity,
  ) => Promise<Task>
}

const GIB = 1024 ** 3

/** Hosts pve1 and pve2 with `local` (directory), `local-lvm` (thin) and `shared` (NFS); time runs `speed` times faster. */
export function testWorld(speed = 200): TestWorld {
  const world = createProxmoxWorld(createLabClock(speed))
  const now = world.clock.now()
  for (const [index, name] of ['pve1', 'pve2'].entries())
    world.hosts.set(name, {
      name,
      id: index + 1,
      address: `192.0.2.${11 + index}`,
      online: true,
      cores: 8,
      memory: 32 * GIB,
      bootedAt: now - 86_400_000,
    })
  const storage = { capacity: 500 * GIB, speed: GIB }
  world.storages.set('local', {
    name: 'local',
    type: 'dir',
    content: ['images', 'iso', 'import', 'backup', 'vztmpl'],
    shared: false,
    path: '/var/lib/vz',
    ...storage,
  })
  world.storages.set('local-lvm', {
    name: 'local-lvm',
    type: 'lvmthin',
    content: ['images', 'rootdir'],
    shared: false,
    ...storage,
  })
  world.storages.set('shared', {
    name: 'shared',
    type: 'nfs',
    content: ['images', 'iso', 'rootdir'],
    shared: true,
    ...storage,
  })
  const call = async (
    request: string,
    params: Record<string, string | string[]> = {},
    identity: Identity = { user: 'root@pam' },
  ): Promise<unknown> => {
    const [method = '', path = ''] = request.split(' ')
    const route = findRoute(method, path)
    const handler = route && proxmoxHandlers[route.key]
    if (!handler) throw new ApiError(501, `Method '${request}' not implemented`)
    const raw = { ...params, ...route.uriParams }
    const failure = judge(world, identity, route.call.perm, raw)
    if (failure !== undefined) forbidden(failure)
    const verified = verifyParams(route.call, raw)
    if (verified.errors) parameterError(verified.errors)
    const answered = await handler(createCall({ world, contact: 'pve1' }, identity, {}, verified.params))
    noteCalled(route.key)
    return answered
  }
  return {
    world,
    call,
    task: async (...request) => {
      const upid = await call(...request)
      const task = world.tasks.get(String(upid))
      if (!task) throw new TypeError(`${request[0]} answered no task but ${JSON.stringify(upid)}`)
      await task.done
      return task
    },
  }
}

import { die, forbidden } from '../api-error.ts'
import { changeConfig } from '../access/lock.ts'
import { guestResource, storageResources } from '../cluster/resources.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { splitList } from '../verify/string-formats.ts'
import type { ProxmoxWorld } from '../world.ts'

type Pool = ProxmoxWorld['pools'] extends Map<string, infer Value> ? Value : never

/** Pools of guests and storages: by query, as new clients call them, and by path. */
export const poolHandlers: Handlers = {
  'GET /pools': (call) => {
    const poolid = call.optional('poolid')
    if (poolid !== undefined) return [{ poolid, ...show(call, poolid) }]
    return [...call.world.pools]
      .filter(([id]) => can(call.world, call.identity, `/pool/${id}`, ['Pool.Audit', 'Pool.Allocate'], true))
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([id, { comment }]) => ({ poolid: id, comment }))
  },
  'GET /pools/{poolid}': (call) => ({ poolid: call.text('poolid'), ...show(call, call.text('poolid')) }),
  'POST /pools': (call) =>
    changeConfig(call.world, 'user_cfg', 'create pool failed', () => {
      const { pools } = call.world
      const poolid = call.text('poolid')
      if (pools.has(poolid)) die(`pool '${poolid}' already exists`)
      if (!/^[A-Za-z]/.test(poolid)) die('pool name must start with a letter')
      const parent = parentOf(poolid)
      if (parent !== undefined && !pools.has(parent))
        die(`parent '${parent}' of pool '${poolid}' does not exist`)
      const comment = call.optional('comment')
      pools.set(poolid, { vms: new Set(), storages: new Set(), ...(comment !== undefined && { comment }) })
      return null
    }),
  'PUT /pools': update,
  'PUT /pools/{poolid}': update,
  'DELETE /pools': remove,
  'DELETE /pools/{poolid}': remove,
}

/** The pool that a nested one is in. */
function parentOf(poolid: string): string | undefined {
  const at = poolid.lastIndexOf('/')
  return at < 0 ? undefined : poolid.slice(0, at)
}

function requirePool(world: ProxmoxWorld, poolid: string): Pool {
  return world.pools.get(poolid) ?? die(`pool '${poolid}' does not exist`)
}

function show(call: Call, poolid: string): Record<string, unknown> {
  const { world, identity } = call
  if (!can(world, identity, `/pool/${poolid}`, ['Pool.Audit'])) forbidden(`/pool/${poolid}, Pool.Audit`)
  const pool = requirePool(world, poolid)
  const type = call.optional('type')
  const members: Record<string, unknown>[] = []
  if (type !== 'storage')
    for (const vmid of pool.vms) {
      const guest = guestResource(world, vmid)
      if (guest !== undefined && (type === undefined || guest['type'] === type)) {
        // The pool is the one that is asked for, and tags are not shown here.
        const { pool: _, tags: _tags, ...rest } = guest
        members.push(rest)
      }
    }
  if (type === undefined || type === 'storage')
    for (const name of pool.storages) {
      const storage = world.storages.get(name)
      if (storage !== undefined) members.push(...storageResources(world, storage))
    }
  return { comment: pool.comment, members }
}

/** Members change only by who may allocate both pools and them. */
function requirePrivilege(call: Call, path: string, privilege: string): void {
  if (!can(call.world, call.identity, path, [privilege])) forbidden(`${path}, ${privilege}`)
}

function update(call: Call): Promise<null> {
  return changeConfig(call.world, 'user_cfg', 'update pools failed', () => {
    const pool = requirePool(call.world, call.text('poolid'))
    const comment = call.optional('comment')
    if (comment !== undefined) pool.comment = comment
    const removes = call.flag('delete')
    for (const vmid of splitList(call.optional('vms') ?? '').map(Number)) {
      requirePrivilege(call, `/vms/${vmid}`, 'VM.Allocate')
      if (removes) {
        if (!pool.vms.delete(vmid)) die(`VM ${vmid} is not a pool member`)
      } else addVm(call, pool, vmid)
    }
    for (const storage of splitList(call.optional('storage') ?? '')) {
      requirePrivilege(call, `/storage/${storage}`, 'Datastore.Allocate')
      if (removes) {
        if (!pool.storages.delete(storage)) die(`Storage '${storage}' is not a pool member`)
      } else {
        if (pool.storages.has(storage)) die(`Storage '${storage}' is already a pool member`)
        pool.storages.add(storage)
      }
    }
    return null
  })
}

function addVm(call: Call, pool: Pool, vmid: number): void {
  if (pool.vms.has(vmid)) die(`VM ${vmid} is already a pool member`)
  for (const [other, { vms }] of call.world.pools) {
    if (!vms.has(vmid)) continue
    if (!call.flag('allow-move'))
      die(`VM ${vmid} belongs already to pool '${other}' and 'allow-move' is not set`)
    vms.delete(vmid)
  }
  pool.vms.add(vmid)
}

function remove(call: Call): Promise<null> {
  return changeConfig(call.world, 'user_cfg', 'delete pool failed', () => {
    const { pools, access } = call.world
    const poolid = call.text('poolid')
    const pool = requirePool(call.world, poolid)
    const [vmid] = pool.vms
    const [storage] = pool.storages
    const child = [...pools.keys()].find((id) => parentOf(id) === poolid)
    if (child !== undefined) die(`pool '${poolid}' is not empty (contains pool '${child}')`)
    if (vmid !== undefined) die(`pool '${poolid}' is not empty (contains VM ${vmid})`)
    if (storage !== undefined) die(`pool '${poolid}' is not empty (contains storage '${storage}')`)
    pools.delete(poolid)
    access.acl = access.acl.filter(({ path }) => path !== `/pool/${poolid}`)
    return null
  })
}

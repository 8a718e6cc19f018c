import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import { changeConfig } from '../access/lock.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { isBlock } from '../qemu/storage.ts'
import { splitList } from '../verify/string-formats.ts'
import type { ProxmoxWorld, Storage } from '../world.ts'

/** Space of a storage that is made by a call, bytes; a second of its copies moves a fifth of a gigabyte. */
const CAPACITY = 1024 ** 4
const SPEED = 200e6

/** Configuration of storages. */
export const storageConfigHandlers: Handlers = {
  'GET /storage': (call) => {
    const type = call.optional('type')
    return [...call.world.storages.values()]
      .filter(
        (storage) =>
          (type === undefined || storage.type === type) &&
          can(
            call.world,
            call.identity,
            `/storage/${storage.name}`,
            ['Datastore.Audit', 'Datastore.AllocateSpace'],
            true,
          ),
      )
      .map((storage) => show(call.world, storage))
  },
  'GET /storage/{storage}': (call) => {
    const name = call.text('storage')
    return show(call.world, call.world.storages.get(name) ?? die(`storage '${name}' does not exist`))
  },
  'POST /storage': (call) => {
    const name = call.text('storage')
    const type = call.text('type')
    const required = REQUIRED[type]
    if (required !== undefined && call.optional(required) === undefined)
      die(`missing value for required option '${required}'`)
    return changeConfig(call.world, 'storage_cfg', 'create storage failed', () => {
      if (call.world.storages.has(name)) die(`storage ID '${name}' already defined`)
      if (!isType(type)) return die(`the lab has no storages of type '${type}'`)
      const base: Storage = {
        name,
        type,
        content: ['images', 'rootdir'],
        shared: isSharedByNature(type),
        capacity: CAPACITY,
        speed: SPEED,
      }
      call.world.storages.set(name, changed(call, base))
      return { storage: name, type }
    })
  },
  'PUT /storage/{storage}': (call) =>
    changeConfig(call.world, 'storage_cfg', 'update storage failed', () => {
      const name = call.text('storage')
      const digest = call.optional('digest')
      if (digest !== undefined && digest !== digestOf(call.world))
        die('detected modified configuration - file changed by other user? Try again.')
      const storage = call.world.storages.get(name) ?? die(`storage '${name}' does not exist`)
      call.world.storages.set(name, changed(call, storage))
      return { storage: name, type: storage.type }
    }),
  'DELETE /storage/{storage}': (call) =>
    changeConfig(call.world, 'storage_cfg', 'delete storage failed', () => {
      const name = call.text('storage')
      if (!call.world.storages.delete(name)) die(`storage '${name}' does not exist`)
      const { access } = call.world
      access.acl = access.acl.filter(({ path }) => path !== `/storage/${name}`)
      return null
    }),
}

/** What kinds of storages there are here. */
const TYPES = new Set(['dir', 'nfs', 'lvm', 'lvmthin', 'zfspool', 'rbd'])
/** What storages of a kind must say. */
const REQUIRED: Readonly<Record<string, string>> = { dir: 'path', lvm: 'vgname', zfspool: 'pool' }

/** Whether every host has a storage because of what it is. */
function isSharedByNature(type: Storage['type']): boolean {
  return type === 'nfs' || type === 'rbd'
}

function isType(type: string): type is Storage['type'] {
  return TYPES.has(type)
}

/** Options that have a place of their own; the others are kept as text. */
const OWN = new Set(['storage', 'type', 'digest', 'delete', 'content', 'path', 'nodes', 'disable', 'shared'])

/** A storage with the options of a call, and without those it deletes. */
function changed(call: Call, storage: Storage): Storage {
  const removed = new Set(splitList(call.optional('delete') ?? ''))
  const options: Record<string, string> = { ...storage.options }
  for (const name of removed) delete options[name]
  for (const name in call.params) if (!OWN.has(name)) options[name] = call.text(name)
  const { nodes: oldNodes, path: oldPath, disabled: oldDisabled, ...rest } = storage
  const content = call.optional('content')
  const nodes = call.optional('nodes') ?? (removed.has('nodes') ? undefined : oldNodes?.join(','))
  // Where a block storage's volumes are is told by its group or pool.
  const path = call.optional('path') ?? options['pool'] ?? options['vgname'] ?? oldPath
  const disabled = call.flag('disable', removed.has('disable') ? false : oldDisabled === true)
  return {
    ...rest,
    content: content === undefined ? storage.content : splitList(content),
    shared:
      isSharedByNature(storage.type) || call.flag('shared', removed.has('shared') ? false : storage.shared),
    options,
    ...(nodes !== undefined && { nodes: splitList(nodes) }),
    ...(path !== undefined && { path }),
    ...(disabled && { disabled }),
  }
}

function show(world: ProxmoxWorld, storage: Storage): Record<string, unknown> {
  const { name, type, content, path, nodes, disabled, shared, options } = storage
  return {
    ...options,
    storage: name,
    type,
    content: content.join(','),
    path: isBlock(storage) ? undefined : path,
    nodes: nodes?.join(','),
    ...(disabled && { disable: 1 }),
    // What is shared by its nature does not say so.
    ...(shared && !isSharedByNature(type) && { shared: 1 }),
    digest: digestOf(world),
  }
}

function digestOf(world: ProxmoxWorld): string {
  const text = JSON.stringify([...world.storages.values()], (key, value: unknown) =>
    key === 'data' ? undefined : value,
  )
  return createHash('sha1').update(text).digest('hex')
}

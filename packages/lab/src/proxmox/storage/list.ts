import { parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { splitList } from '../verify/string-formats.ts'
import type { Storage } from '../world.ts'
import { isEnabledOn, usageOf } from './usage.ts'

/** Storages as a host has them. */
export const storageListHandlers: Handlers = {
  'GET /nodes/{node}/storage': listStorages,
  'GET /nodes/{node}/storage/{storage}': () =>
    'content download-url file-restore import-metadata oci-registry-pull prunebackups rrd rrddata status upload'
      .split(' ')
      .map((subdir) => ({ subdir })),
  'GET /nodes/{node}/storage/{storage}/status': (call) => {
    const storage = call.world.storages.get(call.text('storage'))
    return storage === undefined ? noSuchStorage() : stateOf(call, storage)
  },
}

function noSuchStorage(): never {
  return parameterError({ storage: 'No such storage.' })
}

function listStorages(call: Call): unknown {
  const { world, identity } = call
  const node = call.text('node')
  const wanted = call.optional('storage')
  const contents = splitList(call.optional('content') ?? '')
  if (wanted !== undefined && !world.storages.has(wanted)) noSuchStorage()
  const list: Record<string, unknown>[] = []
  for (const storage of world.storages.values()) {
    const { name } = storage
    if (wanted !== undefined && name !== wanted) continue
    if (call.flag('enabled') && storage.disabled) continue
    // Who asks for a content wants to use it: what cannot be used here is hidden.
    if (
      contents.length > 0 &&
      (!isEnabledOn(storage, node) || !contents.some((each) => storage.content.includes(each)))
    )
      continue
    if (!can(world, identity, `/storage/${name}`, ['Datastore.Audit', 'Datastore.AllocateSpace'], true))
      continue
    const state = stateOf(call, storage)
    const { total, used } = state
    list.push({
      storage: name,
      ...state,
      ...(total > 0 && { used_fraction: used / total }),
      ...(call.flag('format') && storage.content.includes('images') && formatsOf(storage)),
    })
  }
  return list
}

interface State {
  readonly total: number
  readonly used: number
  readonly [fact: string]: unknown
}

function stateOf(
  { world, text }: { world: Call['world']; text: (name: string) => string },
  storage: Storage,
): State {
  const node = text('node')
  const usage = usageOf(world, node, storage)
  return {
    type: storage.type,
    content: storage.content.join(','),
    shared: storage.shared ? 1 : 0,
    enabled: isEnabledOn(storage, node) ? 1 : 0,
    active: usage === undefined ? 0 : 1,
    total: usage?.total ?? 0,
    used: usage?.used ?? 0,
    avail: usage?.avail ?? 0,
  }
}

/** Image formats of a storage, in the old and the new shape. */
function formatsOf({ type }: Storage): Record<string, unknown> {
  const supported =
    type === 'lvmthin' || type === 'lvm' || type === 'rbd'
      ? ['raw']
      : type === 'zfspool'
        ? ['raw', 'subvol']
        : type === 'dir'
          ? ['qcow2', 'raw', 'subvol', 'vmdk']
          : ['qcow2', 'raw', 'vmdk']
  return {
    formats: { supported, default: 'raw' },
    format: [Object.fromEntries(supported.map((format) => [format, 1])), 'raw'],
  }
}

import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { storageNamed, usableStorage } from '../qemu/storage.ts'
import { spend, startTask } from '../tasks.ts'
import { findVolume, volumeKey } from '../world.ts'
import { parseName, volumeOf } from './names.ts'
import { requireSpace } from './usage.ts'

/** `POST …/content/{volume}`: a copy of a volume under another name, here or on another host. */
export const volumeCopyHandlers: Handlers = {
  'POST /nodes/{node}/storage/{storage}/content/{volume}': copy,
}

function copy(call: Call): string {
  const { world } = call
  const node = call.text('node')
  const targetNode = call.optional('target_node') ?? node
  const { storage, volume } = volumeOf(call)
  const target = call.text('target')
  const [, targetStorage = storage.name, name = ''] = /^(?:([^/:\s]+):)?(.+)$/.exec(target) ?? []
  const wanted = parseName(storageNamed(world, targetStorage), name)
  if (!world.hosts.has(targetNode)) die(`no such cluster node '${targetNode}'`)
  return startTask(world, { node, type: 'imgcopy', id: '', user: call.user }, async (worker) => {
    usableStorage(world, storage.name, node)
    const source = findVolume(world, node, volume.volid) ?? die(`volume '${volume.volid}' does not exist`)
    const place = usableStorage(world, targetStorage, targetNode)
    if (!place.content.includes(wanted.content))
      die(`storage '${place.name}' does not support content-type '${wanted.content}'`)
    if (findVolume(world, targetNode, wanted.volid)) die(`volume '${wanted.volid}' already exists`)
    requireSpace(
      world,
      targetNode,
      place,
      source.size,
      `copy of '${volume.volid}' failed: No space left on device`,
    )
    await spend(world, worker, (source.size / Math.min(storage.speed, place.speed)) * 1000)
    const { parent: _, vmid: __, ...rest } = source
    world.volumes.set(volumeKey(world, targetNode, wanted.volid), {
      ...rest,
      volid: wanted.volid,
      storage: place.name,
      node: place.shared ? '' : targetNode,
      content: wanted.content,
      ctime: Math.floor(world.clock.now() / 1000),
      ...(wanted.vmid !== undefined && { vmid: wanted.vmid }),
    })
    worker.log(`copied '${volume.volid}' to '${wanted.volid}'`)
  })
}

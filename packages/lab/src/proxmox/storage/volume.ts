import { die, forbidden } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { pathOf, usableStorage } from '../qemu/storage.ts'
import { freeVolume } from '../qemu/volumes.ts'
import { startTask } from '../tasks.ts'
import { findVolume, type Storage } from '../world.ts'
import { usedOf } from './content.ts'
import { parseName, volumeOf, type VolumeName } from './names.ts'

const ONE = '/nodes/{node}/storage/{storage}/content/{volume}'

/** One volume: what it is, its notes, and its end. */
export const volumeHandlers: Handlers = {
  [`GET ${ONE}`]: (call) => {
    const { storage, volume } = volumeOf(call)
    requireAccess(call, storage, volume)
    const found = findVolume(call.world, call.text('node'), volume.volid)
    if (found === undefined) return die(`volume_size_info on '${volume.volid}' failed - no format`)
    const isImage = found.content === 'images'
    return {
      path: pathOf(storage, volume.volid),
      // A file is seen as an image of whole sectors.
      size: isImage ? found.size : Math.ceil(found.size / 512) * 512,
      used: usedOf(found),
      format: isImage || found.content === 'import' ? found.format : 'raw',
      notes: found.notes,
      ...(found.protected && { protected: 1 }),
    }
  },
  [`PUT ${ONE}`]: (call) => {
    const { storage, volume } = volumeOf(call)
    requireAccess(call, storage, volume)
    const notes = call.optional('notes')
    if (volume.content !== 'backup') {
      if (notes !== undefined) die('only backups can have notes')
      if (call.optional('protected') !== undefined) die('only backups can be protected')
    }
    const found = findVolume(call.world, call.text('node'), volume.volid)
    if (found === undefined) return die(`volume '${volume.volid}' does not exist`)
    if (notes !== undefined) found.notes = notes
    if (call.optional('protected') !== undefined) found.protected = call.flag('protected')
    return null
  },
  [`DELETE ${ONE}`]: remove,
  'GET /nodes/{node}/storage/{storage}/import-metadata': (call) => {
    // With its storage before it, a name is none.
    parseName(usableStorage(call.world, call.text('storage'), call.text('node')), call.text('volume'))
    return die('invalid format')
  },
  'GET /nodes/{node}/storage/{storage}/file-restore/list': (call) => {
    const volume = call.text('volume')
    return die(`unable to parse directory volume name '${volume.slice(volume.indexOf(':') + 1)}'`)
  },
}

/** Images need the right to change their guest's disks, other volumes the sight of their storage. */
function requireAccess({ world, identity }: Call, storage: Storage, { vmid }: VolumeName): void {
  const path = `/storage/${storage.name}`
  if (can(world, identity, path, ['Datastore.Allocate'])) return
  if (vmid !== undefined && !can(world, identity, `/vms/${vmid}`, ['VM.Config.Disk']))
    forbidden(`/vms/${vmid}, VM.Config.Disk`)
  if (!can(world, identity, path, ['Datastore.Audit', 'Datastore.AllocateSpace'], true))
    forbidden(`${path}, Datastore.Audit|Datastore.AllocateSpace`)
}

async function remove(call: Call): Promise<string | null> {
  const { world } = call
  const node = call.text('node')
  const { storage, volume } = volumeOf(call)
  requireRemoval(call, storage, volume)
  usableStorage(world, storage.name, node)
  const owner = volume.vmid === undefined || volume.content !== 'images' ? '' : `${volume.vmid}@`
  const upid = startTask(
    world,
    { node, type: 'imgdel', id: `${owner}${storage.name}`, user: call.user },
    async (worker) => {
      if (findVolume(world, node, volume.volid) === undefined)
        worker.log(`disk image '${pathOf(storage, volume.volid)}' does not exist`)
      else if (findVolume(world, node, volume.volid)?.protected)
        die(`cannot remove protected archive '${pathOf(storage, volume.volid)}'`)
      else await freeVolume(world, node, volume.volid, worker)
      worker.log(`Removed volume '${volume.volid}'`)
    },
  )
  const delay = call.number('delay')
  const task = world.tasks.get(upid)
  if (delay === undefined || task === undefined) return upid
  await Promise.race([task.done, world.clock.sleep(delay * 1000)])
  if (task.exitstatus === undefined) return upid
  return task.exitstatus === 'OK' ? null : die(task.exitstatus)
}

function requireRemoval({ world, identity }: Call, storage: Storage, { vmid, content }: VolumeName): void {
  const path = `/storage/${storage.name}`
  if (content !== 'backup' || vmid === undefined) {
    if (!can(world, identity, path, ['Datastore.Allocate'])) forbidden(`${path}, Datastore.Allocate`)
    return
  }
  if (can(world, identity, path, ['Datastore.Allocate'])) return
  if (!can(world, identity, path, ['Datastore.AllocateSpace'])) forbidden(`${path}, Datastore.AllocateSpace`)
  if (!can(world, identity, `/vms/${vmid}`, ['VM.Backup'])) forbidden(`/vms/${vmid}, VM.Backup`)
}

import { die, parameterError } from '../api-error.ts'
import { kindOfArchive } from '../backup/archive.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { isBlock, usableStorage } from '../qemu/storage.ts'
import { allocateVolume } from '../qemu/volumes.ts'
import { volumesOf, type ProxmoxWorld, type Storage, type Volume } from '../world.ts'

/** What a storage holds, and making an empty image in it. */
export const contentHandlers: Handlers = {
  'GET /nodes/{node}/storage/{storage}/content': (call) => {
    const node = call.text('node')
    const storage = usable(call)
    const content = call.optional('content')
    const vmid = call.number('vmid')
    return volumesOf(call.world, node, storage)
      .filter(
        (volume) =>
          storage.content.includes(contentOf(call.world, volume)) &&
          (content === undefined || contentOf(call.world, volume) === content) &&
          (vmid === undefined ||
            volume.vmid === vmid ||
            (volume.vmid === undefined && volume.content === 'import')) &&
          maySee(call, storage, volume),
      )
      .sort((one, other) => (one.volid < other.volid ? -1 : 1))
      .map((volume) => ({ ...show(volume), content: contentOf(call.world, volume) }))
  },
  'POST /nodes/{node}/storage/{storage}/content': allocate,
}

/** The storage of a call, as its host can use it now. */
function usable(call: Call): Storage {
  const storage = usableStorage(call.world, call.text('storage'), call.text('node'))
  if (storage.fault !== undefined) die(storage.fault)
  return storage
}

/** Images are shown to who may change their guest's disks, backups to who may make them. */
function maySee({ world, identity }: Call, storage: Storage, { vmid, content }: Volume): boolean {
  if (can(world, identity, `/storage/${storage.name}`, ['Datastore.Allocate'])) return true
  if (vmid === undefined) return true
  return can(world, identity, `/vms/${vmid}`, content === 'backup' ? ['VM.Backup'] : ['VM.Config.Disk'])
}

/** What a volume holds: an image of a container is its directory. */
function contentOf({ cluster }: ProxmoxWorld, { content, vmid }: Volume): string {
  return content === 'images' && vmid !== undefined && cluster.containers.has(vmid) ? 'rootdir' : content
}

function show(volume: Volume): Record<string, unknown> {
  const { volid, content, format, size, vmid, ctime, parent, notes } = volume
  const base = { volid, content, format, size, ctime, vmid }
  if (content === 'images') return { ...base, used: usedOf(volume), parent: parent ?? null }
  return content === 'backup'
    ? { ...base, subtype: kindOfArchive(volid), notes, ...(volume.protected && { protected: 1 }) }
    : base
}

/** Bytes that a volume takes: an image that was just made takes little. */
export function usedOf({ content, size, data }: Volume): number {
  if (content !== 'images') return Math.ceil(size / 4096) * 4096
  return Math.min(size, Math.max(331_776, data?.length ?? 0))
}

const UNITS: Readonly<Record<string, number>> = { '': 1024, M: 1024 ** 2, G: 1024 ** 3 }

async function allocate(call: Call): Promise<string> {
  const storage = usable(call)
  const filename = call.text('filename')
  const vmid = call.number('vmid') ?? 0
  const [, stem = filename, extension] = /^(.+)\.(raw|qcow2|vmdk|subvol)$/.exec(filename) ?? []
  const wanted = call.optional('format')
  if (extension !== undefined && wanted !== undefined && wanted !== extension)
    parameterError({ format: `different storage formats (${wanted} != ${extension})` })
  if (isBlock(storage) && !filename.startsWith(`vm-${vmid}-`))
    die(`illegal name '${filename}' - should be 'vm-${vmid}-*'`)
  const [, number = '0', unit = ''] = /^(\d+)([MG]?)$/.exec(call.text('size')) ?? []
  const { volid } = await allocateVolume(call.world, {
    vmid,
    storage,
    node: call.text('node'),
    format: extension ?? wanted ?? 'raw',
    size: Number(number) * (UNITS[unit] ?? 1),
    name: isBlock(storage) ? filename : stem,
  })
  return volid
}

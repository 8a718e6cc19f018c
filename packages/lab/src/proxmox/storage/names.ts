import { die } from '../api-error.ts'
import type { Call } from '../handler.ts'
import { isBlock, isLvm, storageNamed } from '../qemu/storage.ts'
import type { Storage } from '../world.ts'

/** A volume as its name says: what it holds, and whose it is. */
export interface VolumeName {
  readonly volid: string
  /** What stands behind the storage. */
  readonly name: string
  readonly content: string
  readonly vmid?: number
}

/** The volume that a call's path names, with or without its storage. Throws what the storage's plugin says of a name it cannot read. */
export function volumeOf(call: Call): { storage: Storage; volume: VolumeName } {
  const storage = storageNamed(call.world, call.text('storage'))
  const given = call.text('volume')
  const name = given.startsWith(`${storage.name}:`) ? given.slice(storage.name.length + 1) : given
  return { storage, volume: parseName(storage, name) }
}

/** Reads a volume's name. Throws what the storage's plugin says of one it cannot read. */
export function parseName(storage: Storage, name: string): VolumeName {
  const volid = `${storage.name}:${name}`
  if (isBlock(storage)) {
    const vmid = /^(?:base-\d+-[^/\s]+\/)?(?:vm|base)-(\d+)-[^/\s]+$/.exec(name)?.[1]
    return vmid === undefined
      ? die(
          `unable to parse ${isLvm(storage) ? 'lvm' : storage.type === 'rbd' ? 'rbd' : 'zfs'} volume name '${name}'`,
        )
      : { volid, name, content: 'images', vmid: Number(vmid) }
  }
  const image = /^(?:\d+\/base-[^/]+\/)?(\d+)\/[^/\s]+\.(?:raw|qcow2|vmdk|subvol)$/.exec(name)?.[1]
  if (image !== undefined) return { volid, name, content: 'images', vmid: Number(image) }
  const content = /^(iso|vztmpl|snippets|import|backup)\/[^/]+$/.exec(name)?.[1]
  if (content === undefined) return die(`unable to parse directory volume name '${name}'`)
  const vmid = content === 'backup' ? /^backup\/vzdump-\w+-(\d+)-/.exec(name)?.[1] : undefined
  return { volid, name, content, ...(vmid !== undefined && { vmid: Number(vmid) }) }
}

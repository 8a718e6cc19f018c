import { die } from '../api-error.ts'
import { volumesOf, type ProxmoxWorld, type Storage, type Volume } from '../world.ts'

/** Image formats that a storage can hold; the first is its default. */
function formatsOf(storage: Storage): readonly string[] {
  return isBlock(storage) ? ['raw'] : ['raw', 'qcow2', 'vmdk']
}

/** Whether a storage's volumes are block devices, not files. */
export function isBlock({ type }: Pick<Storage, 'type'>): boolean {
  return type !== 'dir' && type !== 'nfs'
}

/** Whether a storage's volumes are those of LVM. */
export function isLvm({ type }: Pick<Storage, 'type'>): boolean {
  return type === 'lvm' || type === 'lvmthin'
}

/** Format of a new volume: the wanted one where the storage has it, else its default. */
export function formatOn(storage: Storage, wanted: string | undefined): string {
  const formats = formatsOf(storage)
  return wanted !== undefined && formats.includes(wanted) ? wanted : (formats[0] ?? 'raw')
}

/** A storage of the configuration. Throws `storage 'x' does not exist`. */
export function storageNamed(world: ProxmoxWorld, name: string): Storage {
  return world.storages.get(name) ?? die(`storage '${name}' does not exist`)
}

/** A storage that a host may use now. Throws what is wrong with it. */
export function usableStorage(world: ProxmoxWorld, name: string, node: string): Storage {
  const storage = storageNamed(world, name)
  if (storage.disabled) die(`storage '${name}' is disabled`)
  if (!isOnNode(storage, node)) die(`storage '${name}' is not available on node '${node}'`)
  if (storage.fault !== undefined) die(storage.fault)
  return storage
}

/** True when the configuration gives a storage to a host. */
export function isOnNode(storage: Storage, node: string): boolean {
  return storage.nodes === undefined || storage.nodes.includes(node)
}

/** Path of a volume on its host, as logs and errors print it. */
export function pathOf(storage: Storage, volid: string): string {
  const name = volid.slice(volid.indexOf(':') + 1)
  if (isLvm(storage)) return `/dev/${storage.path ?? 'pve'}/${name}`
  if (storage.type === 'rbd') return `rbd:${storage.path ?? storage.name}/${name.split('/').at(-1) ?? name}`
  // A linked volume is named `{base}/{name}`, and lies beside its base.
  if (isBlock(storage)) return `/dev/zvol/${storage.path ?? 'rpool'}/${name.split('/').at(-1) ?? name}`
  const root = rootOf(storage)
  const kind = /^(iso|vztmpl|snippets|import|backup)\//.exec(name)?.[1]
  if (kind === 'iso') return `${root}/template/${name}`
  if (kind === 'vztmpl') return `${root}/template/cache/${name.slice(7)}`
  if (kind === 'backup') return `${root}/dump/${name.slice(7)}`
  if (kind !== undefined) return `${root}/${name}`
  // A linked volume is named `{base}/{vmid}/{file}`: only the end is its own path.
  return `${root}/images/${name.split('/').slice(-2).join('/')}`
}

function rootOf(storage: Storage): string {
  return storage.path ?? (storage.type === 'nfs' ? `/mnt/pve/${storage.name}` : `/mnt/${storage.name}`)
}

/** Volid of an image of a VM. */
export function imageVolid(storage: Storage, vmid: number, name: string, format: string): string {
  return isBlock(storage) ? `${storage.name}:${name}` : `${storage.name}:${vmid}/${name}.${format}`
}

/** The first free `vm-100-disk-N` of a storage; base volumes and all formats count. */
export function freeDiskName(world: ProxmoxWorld, node: string, storage: Storage, vmid: number): string {
  const taken = new Set<number>()
  const own = new RegExp(`(?:vm|base)-${vmid}-disk-(\\d+)(?:\\.\\w+)?$`)
  for (const volume of volumesOf(world, node, storage)) {
    const match = volume.vmid === vmid ? own.exec(volume.volid) : null
    if (match) taken.add(Number(match[1]))
  }
  let number = 0
  while (taken.has(number)) number += 1
  return `vm-${vmid}-disk-${number}`
}

/** What `qemu-img create` prints. */
export function formattingLine(path: string, format: string, size: number, backing?: string): string {
  if (format === 'raw') return `Formatting '${path}', fmt=raw size=${size} preallocation=off`
  if (format === 'vmdk') return `Formatting '${path}', fmt=vmdk size=${size}`
  const [cluster, extended, file] = backing
    ? [131072, 'on', ` backing_file=${backing} backing_fmt=qcow2`]
    : [65536, 'off', '']
  return `Formatting '${path}', fmt=qcow2 cluster_size=${cluster} extended_l2=${extended} preallocation=metadata compression_type=zlib size=${size}${file} lazy_refcounts=off refcount_bits=16`
}

/** True for a volume that linked clones can stand on. */
export function isBase(volid: string): boolean {
  return /(?:^|[:/])base-\d+-disk-\d+(?:\.\w+)?$/.test(volid)
}

/** Volumes that stand on a base volume, where the storage keeps the base for them. */
export function clonesOf(world: ProxmoxWorld, node: string, storage: Storage, volid: string): Volume[] {
  return storage.type === 'lvmthin'
    ? []
    : volumesOf(world, node, storage).filter((volume) => volume.volid.startsWith(`${volid}/`))
}

/** What a volume can do where it is. */
export function canDo(
  storage: Storage,
  volume: Volume,
  feature: 'snapshot' | 'clone' | 'copy',
  ofSnapshot = false,
): boolean {
  if (storage.type === 'lvmthin') return feature !== 'clone' || isBase(volume.volid) || ofSnapshot
  if (storage.type === 'lvm') return feature === 'copy' && !ofSnapshot
  if (isBlock(storage))
    return feature === 'clone' ? isBase(volume.volid) : feature === 'snapshot' || !ofSnapshot
  if (feature === 'clone') return isBase(volume.volid) && !ofSnapshot
  if (feature === 'copy') return !ofSnapshot || volume.format === 'qcow2'
  return volume.format === 'qcow2' && !isBase(volume.volid)
}

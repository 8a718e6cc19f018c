import { createHash } from 'node:crypto'
import { volumeKey } from '../proxmox/world.ts'
import type { ProxmoxWorld, Vm } from '../proxmox/world.ts'

const GiB = 1024 ** 3
const HOUR = 3_600_000

/** A VM that a world has from the start. */
export interface VmFacts {
  readonly vmid: number
  readonly node: string
  readonly name: string
  /** GiB of each disk, `scsi0` first; all on `storage`. */
  readonly disks: readonly number[]
  /** Default `local-lvm`. */
  readonly storage?: string
  readonly cores: number
  /** MiB. */
  readonly memory: number
  readonly isTemplate?: boolean
  readonly isRunning?: boolean
  /** Further keys of its configuration. */
  readonly config?: Readonly<Record<string, string>>
}

/** Adds a VM with its disks. Addresses and UUIDs come from the VMID: the same in each lab. */
export function addVm(world: ProxmoxWorld, facts: VmFacts): Vm {
  const { vmid, node, isTemplate = false, isRunning = false, storage = 'local-lvm' } = facts
  const created = world.clock.now() - 30 * 24 * HOUR
  const file = world.storages.get(storage)?.type !== 'lvmthin'
  const disks: Record<string, string> = {}
  facts.disks.forEach((size, index) => {
    const name = `${isTemplate ? 'base' : 'vm'}-${vmid}-disk-${index}`
    const volid = `${storage}:${file ? `${vmid}/${name}.qcow2` : name}`
    disks[`scsi${index}`] = `${volid},discard=on,iothread=1,size=${size}G,ssd=1`
    world.volumes.set(volumeKey(world, node, volid), {
      volid,
      storage,
      node: world.storages.get(storage)?.shared ? '' : node,
      size: size * GiB,
      format: file ? 'qcow2' : 'raw',
      content: 'images',
      vmid,
      ctime: Math.floor(created / 1000),
    })
  })
  const config: Record<string, string> = {
    agent: '1',
    boot: 'order=scsi0',
    cores: String(facts.cores),
    cpu: 'x86-64-v2-AES',
    memory: String(facts.memory),
    meta: `creation-qemu=10.1.2,ctime=${Math.floor(created / 1000)}`,
    name: facts.name,
    net0: `virtio=${macOf(vmid)},bridge=vmbr0`,
    ostype: 'l26',
    scsihw: 'virtio-scsi-single',
    smbios1: `uuid=${uuidOf(`smbios ${vmid}`)}`,
    sockets: '1',
    vmgenid: uuidOf(`generation ${vmid}`),
    ...disks,
    ...(isTemplate ? { template: '1' } : {}),
    ...facts.config,
  }
  const vm: Vm = {
    vmid,
    node,
    config,
    pending: new Map(),
    running: isRunning,
    startedAt: isRunning ? world.clock.now() - 26 * HOUR : 0,
    pid: isRunning ? world.nextPid() : 0,
    published: undefined,
    agent: undefined,
    console: '',
    onShutdownRequest: undefined,
  }
  world.vms.set(vmid, vm)
  return vm
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** A MAC address with the prefix that Proxmox gives out. */
function macOf(vmid: number): string {
  return `BC:24:11:${(hash(`mac ${vmid}`).slice(0, 6).toUpperCase().match(/../g) ?? []).join(':')}`
}

function uuidOf(text: string): string {
  const hex = hash(text)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

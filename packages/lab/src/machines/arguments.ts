import { bootOrder, memoryOf } from '../proxmox/qemu/config/values.ts'
import { drivesOf, isCdrom, type Drive } from '../proxmox/qemu/drive.ts'
import { isNicKey, parseNic } from '../proxmox/qemu/nic.ts'
import { nameOf } from '../proxmox/qemu/vm.ts'
import type { Vm } from '../proxmox/world.ts'

/** Files of a VM that runs as a process. */
export interface VmFiles {
  readonly qmp: string
  readonly vnc: string
  /** Socket of a serial port, by its key. */
  serial(key: string): string
  /** Image of a drive; undefined for one with nothing in it. */
  image(drive: Drive): string | undefined
  /** Where the memory of snapshots goes. */
  readonly memory: string
}

/** Words for QEMU that make a VM of its configuration: processors, memory, drives, cards, screen and serial ports; no KVM. */
export function qemuArguments(vm: Vm, files: VmFiles, snapshot: string | undefined): string[] {
  const { config } = vm
  const isQ35 = /^(?:type=)?(?:pc-)?q35/.test(config['machine'] ?? '')
  const serials = Object.keys(config)
    .filter((key) => /^serial\d$/.test(key) && config[key] === 'socket')
    .toSorted()
  const uuid = /(?:^|,)uuid=([0-9a-fA-F-]{36})/.exec(config['smbios1'] ?? '')?.[1]
  return [
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
    '-name',
    `guest=${nameOf(vm)}`,
    // Without graphics the firmware speaks on the serial port too; the card below is there all the same.
    '-machine',
    `${isQ35 ? 'q35' : 'pc'},accel=tcg${serials.length > 0 ? ',graphics=off' : ''}`,
    ...(uuid === undefined ? [] : ['-uuid', uuid]),
    '-smp',
    smp(config),
    '-m',
    `${Math.max(16, Math.floor(memoryOf(config) / 1024 ** 2))}M`,
    '-chardev',
    `socket,id=qmp,path=${quoted(files.qmp)},server=on,wait=off`,
    '-mon',
    'chardev=qmp,mode=control',
    '-device',
    'VGA',
    '-vnc',
    `unix:${quoted(files.vnc)}`,
    ...serials.flatMap((key) => [
      '-chardev',
      `socket,id=${key},path=${quoted(files.serial(key))},server=on,wait=off`,
      '-device',
      `isa-serial,chardev=${key}`,
    ]),
    ...drives(vm, files, isQ35),
    ...Object.keys(config)
      .filter(isNicKey)
      .toSorted()
      .flatMap((key) => card(key, config[key] ?? '')),
    '-drive',
    `if=none,id=memory,format=qcow2,file=${quoted(files.memory)}`,
    ...(snapshot === undefined ? [] : ['-loadvm', snapshot]),
  ]
}

/** A path inside an option: there a comma is written twice. */
function quoted(path: string): string {
  return path.replaceAll(',', ',,')
}

function smp(config: Readonly<Record<string, string>>): string {
  const [sockets, cores] = [Number(config['sockets'] ?? 1), Number(config['cores'] ?? 1)]
  const all = sockets * cores
  return `${Number(config['vcpus'] ?? all)},sockets=${sockets},cores=${cores},maxcpus=${all}`
}

const IS_BUS_DRIVE = /^(?:ide|sata|scsi|virtio)\d+$/

function drives(vm: Vm, files: VmFiles, isQ35: boolean): string[] {
  const wanted = drivesOf(vm.config).filter(({ key }) => IS_BUS_DRIVE.test(key))
  const order = bootOrder(vm.config['boot']) ?? wanted.map(({ key }) => key)
  const words: string[] = []
  if (wanted.some(({ key }) => key.startsWith('scsi'))) words.push('-device', 'virtio-scsi-pci,id=scsihw0')
  if (wanted.some(({ key }) => key.startsWith('sata'))) words.push('-device', 'ahci,id=ahci0')
  for (const drive of wanted) {
    const { key } = drive
    const image = files.image(drive)
    const isCd = isCdrom(drive)
    if (image === undefined && !isCd) continue
    if (image !== undefined)
      words.push(
        '-drive',
        `if=none,id=drive-${key},file=${quoted(image)},${isCd ? 'format=raw,readonly=on' : 'format=qcow2,cache=unsafe'}`,
      )
    const at = order.indexOf(key)
    const media = image === undefined ? '' : `,drive=drive-${key}`
    words.push(
      '-device',
      `${device(key, isCd, isQ35)},id=${key}${media}${at < 0 ? '' : `,bootindex=${at + 100}`}`,
    )
  }
  return words
}

/** Device of a drive's key. */
function device(key: string, isCd: boolean, isQ35: boolean): string {
  const number = Number(/\d+$/.exec(key)?.[0] ?? 0)
  const kind = isCd ? 'cd' : 'hd'
  if (key.startsWith('scsi')) return `scsi-${kind},bus=scsihw0.0,scsi-id=${number}`
  if (key.startsWith('sata')) return `ide-${kind},bus=ahci0.${number}`
  if (key.startsWith('virtio')) return 'virtio-blk-pci'
  return isQ35 ? `ide-${kind},bus=ide.${number}` : `ide-${kind},bus=ide.${number >> 1},unit=${number & 1}`
}

const MODELS: Readonly<Record<string, string>> = {
  virtio: 'virtio-net-pci',
  vmxnet3: 'vmxnet3',
  rtl8139: 'rtl8139',
}

/** A card that is connected to nothing, and boots nothing. */
function card(key: string, text: string): string[] {
  const { model, macaddr } = parseNic(text)
  const mac = macaddr === undefined ? '' : `,mac=${macaddr}`
  return [
    '-netdev',
    `hubport,id=${key},hubid=${Number(key.slice(3))}`,
    '-device',
    `${MODELS[model ?? ''] ?? 'e1000'},netdev=${key}${mac},romfile=`,
  ]
}

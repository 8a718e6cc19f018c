import { die, forbidden, parameterError } from '../../api-error.ts'
import { pathOfBridge } from '../../bridges.ts'
import type { Call } from '../../handler.ts'
import { can, isRoot, privilegesOn } from '../../permissions.ts'
import { allocationOf, isCdrom, isCloudInit, isDriveKey, storageOf, type Drive } from '../drive.ts'
import { isNicKey, parseNic } from '../nic.ts'
import { storageNamed } from '../storage.ts'
import { findVolume } from '../../world.ts'

/** A VM whose options are changed, and the pool that it is made in. */
export interface Subject {
  readonly vmid: number
  readonly pool?: string | undefined
}

const GROUPS: readonly (readonly [privilege: string, keys: RegExp])[] = [
  ['VM.Config.CPU', /^(?:cores|cpu|cpulimit|cpuunits|numa\d*|smp|sockets|vcpus)$/],
  ['VM.Config.Memory', /^(?:memory|balloon|shares|allow-ksm)$/],
  ['VM.Config.HWType', /^(?:acpi|hotplug|kvm|machine|scsihw|smbios1|tablet|vga|watchdog|audio0|rng0)$/],
  [
    'VM.Config.Options',
    /^(?:agent|autostart|bios|description|keyboard|localtime|migrate_downtime|migrate_speed|name|onboot|ostype|protection|reboot|startdate|startup|tdf|template|tags)$/,
  ],
  ['VM.Config.Disk', /^(?:boot|bootdisk|vmstatestorage)$/],
  ['VM.Config.Network', /^net\d+$/],
  ['VM.PowerMgmt', /^freeze$/],
]

const CLOUD_INIT =
  /^(?:ciuser|cipassword|sshkeys|nameserver|searchdomain|cicustom|citype|ciupgrade|ipconfig\d+)$/

/** Options whose right depends on the value: judged where it is known. */
const BY_VALUE = /^(?:cdrom|usb\d+|hostpci\d+|serial\d+|virtiofs\d+|unused\d+)$/

/** Requires privileges on a VM, or on the pool that it is made in. */
function needOnVm(call: Call, subject: Subject, privileges: readonly string[], any = false): void {
  const { world, identity } = call
  if (subject.pool !== undefined && can(world, identity, `/pool/${subject.pool}`, privileges, any)) return
  need(call, `/vms/${subject.vmid}`, privileges, any)
}

/** Requires the rights to make a guest of this number, in a pool if one is given. Throws 403. */
export function checkMayCreate(call: Call, vmid: number, pool: string | undefined): void {
  const { world, identity } = call
  if (pool !== undefined && !world.pools.has(pool)) forbidden(`pool '${pool}' does not exist`)
  const allowed =
    can(world, identity, `/vms/${vmid}`, ['VM.Allocate']) ||
    (pool !== undefined && can(world, identity, `/pool/${pool}`, ['VM.Allocate']))
  if (!allowed) forbidden()
  if (call.flag('ha-managed')) need(call, '/', ['Sys.Console'])
}

/** Requires privileges on a path. Throws 403 with the first missing one. */
export function need(call: Call, path: string, privileges: readonly string[], any = false): void {
  const { world, identity } = call
  if (can(world, identity, path, privileges, any)) return
  const has = privilegesOn(world, identity, path)
  forbidden(
    any
      ? `${path}, ${privileges.join('|')}`
      : `${path}, ${privileges.find((one) => !has.has(one)) ?? privileges[0]}`,
  )
}

/** Refuses a hook script that is not there; the original looks before it asks who calls. */
export function checkHookscript(call: Call): void {
  const script = call.optional('hookscript')
  if (script !== undefined && findVolume(call.world, call.text('node'), script) === undefined)
    parameterError({ hookscript: `script '${script}' does not exist\n` })
}

/** Requires the right for each option that is set or deleted; drives are judged by `checkDriveRights`. */
export function checkOptionRights(call: Call, subject: Subject, keys: readonly string[]): void {
  if (isRoot(call.identity)) return
  for (const key of keys) {
    if (isDriveKey(key) || BY_VALUE.test(key)) continue
    const group = GROUPS.find(([, pattern]) => pattern.test(key))
    if (group) {
      needOnVm(call, subject, [group[0]])
      if (key === 'startup') need(call, '/', ['Sys.Modify'])
    } else if (CLOUD_INIT.test(key))
      needOnVm(call, subject, ['VM.Config.Cloudinit', 'VM.Config.Network'], true)
    else die(`only root can set '${key}' config`)
  }
}

/** Requires the rights for values of devices of the host: only mapped ones are open to others than root. */
export function checkDeviceRights(
  call: Call,
  subject: Subject,
  values: Readonly<Record<string, string>>,
): void {
  if (isRoot(call.identity)) return
  for (const [key, value] of Object.entries(values)) {
    if (/^serial\d+$/.test(key)) {
      if (value !== 'socket') die(`only root can modify '${key}' config for real devices`)
      needOnVm(call, subject, ['VM.Config.HWType'])
    }
    const fields = /^(?:usb|hostpci)\d+$/.test(key)
      ? new Map(value.split(',').map((part) => [part.split('=')[0] ?? '', part.split('=')[1] ?? '']))
      : undefined
    if (!fields) continue
    const mapping = fields.get('mapping')
    if (mapping !== undefined) {
      need(call, `/mapping/${key.startsWith('usb') ? 'usb' : 'pci'}/${mapping}`, ['Mapping.Use'])
      needOnVm(call, subject, ['VM.Config.HWType'])
    } else if (key.startsWith('usb') && /^(?:host=)?spice/.test(value))
      needOnVm(call, subject, ['VM.Config.HWType'])
    else die(`only root can set '${key}' config for ${key.startsWith('usb') ? 'real' : 'non-mapped'} devices`)
  }
}

/** Requires the right for a drive: by what it is. */
export function checkDriveRights(call: Call, subject: Subject, drive: Drive): void {
  if (isCloudInit(drive)) needOnVm(call, subject, ['VM.Config.Cloudinit', 'VM.Config.CDROM'])
  else if (isCdrom(drive)) needOnVm(call, subject, ['VM.Config.CDROM'])
  else needOnVm(call, subject, ['VM.Config.Disk'])
}

/** Requires that the caller may use the storage or the volume of each drive. An unknown storage is refused here. */
export function checkStorageAccess(call: Call, vmid: number, drives: readonly Drive[]): void {
  for (const drive of drives) {
    if (drive.file === 'none' || (drive.file === 'cdrom' && isRoot(call.identity))) continue
    if (drive.file === 'cdrom') {
      need(call, '/', ['Sys.Console'])
      continue
    }
    const wanted =
      isCloudInit(drive) && !/vm-\d+-/.test(drive.file)
        ? { storage: storageOf(drive.file), gib: 0 }
        : allocationOf(drive)
    if (wanted) {
      const name = wanted.storage ?? die('no storage ID specified (and no default storage)')
      need(call, `/storage/${name}`, ['Datastore.AllocateSpace'])
      if (!storageNamed(call.world, name).content.includes('images'))
        parameterError({ storage: `storage '${name}' does not support vm images` })
      const source = drive.options['import-from']
      if (source !== undefined) checkVolumeAccess(call, vmid, source)
    } else checkVolumeAccess(call, vmid, drive.file)
  }
}

/** Requires that the caller may use a volume for a VM. */
function checkVolumeAccess(call: Call, vmid: number, volid: string): void {
  const name = storageOf(volid)
  if (name === undefined) {
    if (!isRoot(call.identity))
      die('Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 633.')
    return
  }
  storageNamed(call.world, name)
  if (isRoot(call.identity)) return
  if (/:(?:iso|vztmpl|import)\//.test(volid)) {
    need(call, `/storage/${name}`, ['Datastore.AllocateSpace', 'Datastore.Audit'], true)
    return
  }
  const owner =
    findVolume(call.world, call.text('node'), volid)?.vmid ??
    Number(/(?:vm|base)-(\d+)-/.exec(volid)?.[1] ?? vmid)
  if (owner === vmid) return
  need(call, `/storage/${name}`, ['Datastore.Audit'])
  need(call, `/vms/${owner}`, ['VM.Config.Disk'])
}

/** Requires that the caller may use the bridges of some cards. */
export function checkBridgeAccess(call: Call, values: Readonly<Record<string, string>>): void {
  if (isRoot(call.identity)) return
  for (const [key, value] of Object.entries(values)) {
    if (!isNicKey(key)) continue
    const { bridge, tag } = parseNic(value).options
    if (bridge !== undefined)
      need(call, `${pathOfBridge(call.world, bridge)}${tag === undefined ? '' : `/${tag}`}`, ['SDN.Use'])
  }
}

/** Refuses parameters that only root may use; a switch that is off asks for nothing. */
export function rootOnly(call: Call, ...names: readonly string[]): void {
  if (isRoot(call.identity)) return
  const used = names.filter((name) => call.params[name] !== undefined && call.optional(name) !== '0')
  if (used.length > 0)
    parameterError(Object.fromEntries(used.map((name) => [name, 'Only root may use this option.'])))
}

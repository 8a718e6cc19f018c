import { hasBridge } from '../../bridges.ts'
import type { ProxmoxWorld, Vm } from '../../world.ts'
import { isCdrom, isDriveKey, parseDrive, type Drive } from '../drive.ts'
import { isNicKey, parseNic } from '../nic.ts'
import { textOf } from '../task.ts'
import { applyKey, orderedKeys } from './apply.ts'

/** Options that no process of a running VM holds, and those of a seed. */
const ANYTIME =
  /^(?:description|hookscript|hotplug|lock|migrate_downtime|migrate_speed|name|onboot|protection|shares|startup|tags|vmstatestorage|ciuser|cipassword|citype|ciupgrade|cicustom|nameserver|searchdomain|sshkeys|ipconfig\d+|unused\d+)$/

/** Options that QEMU or the host changes while a VM runs. */
const LIVE = /^(?:cpulimit|cpuunits|balloon)$/

/**
 * Applies to a running VM what can be applied to one of the keys that a call changed; the rest stays pending, and what
 * fails is told by key. Older pending values are left as they are.
 */
export async function hotplugPending(
  world: ProxmoxWorld,
  vm: Vm,
  changed: ReadonlySet<string>,
  errors: Record<string, string>,
): Promise<void> {
  for (const key of orderedKeys(vm)) {
    if (!changed.has(key)) continue
    try {
      if (canApply(world, vm, key)) await applyKey(world, vm, key)
    } catch (error) {
      errors[key] = `hotplug problem - ${textOf(error)}\n`
    }
  }
}

/** Kinds of devices that may come and go; the defaults when nothing is configured. */
function features(vm: Vm): ReadonlySet<string> {
  const text = vm.config['hotplug'] ?? '1'
  if (text === '0') return new Set()
  return new Set(text === '1' ? ['network', 'disk', 'usb'] : text.split(/[,;\s]+/))
}

/** Whether a pending value can be applied now. Throws when trying it fails. */
function canApply(world: ProxmoxWorld, vm: Vm, key: string): boolean {
  const value = vm.pending.get(key)
  const before = vm.config[key]
  const plug = features(vm)
  if (ANYTIME.test(key) || LIVE.test(key)) return true
  if (key === 'tablet') return true
  if (/^usb\d+$/.test(key)) return plug.has('usb')
  if (key === 'vcpus') return plug.has('cpu')
  if (key === 'memory') return plug.has('memory')
  if (isNicKey(key)) return plug.has('network') && canPlugNic(world, vm.node, before, value)
  if (key === 'agent') return value !== undefined && before !== undefined && sameAgent(before, value)
  if (isDriveKey(key)) return canPlugDrive(plug.has('disk'), key, before, value)
  return false
}

/** A card comes with its bridge: a card cannot be put on one that the host lacks. */
function canPlugNic(
  world: ProxmoxWorld,
  node: string,
  before: string | undefined,
  value: string | undefined,
): true {
  const bridge = value === undefined ? undefined : parseNic(value).options['bridge']
  if (bridge === undefined || hasBridge(world, node, bridge)) return true
  if (before !== undefined) throw new Error(`interface ${bridge} does not exist`)
  throw new Error(
    `VM qmp command 'netdev_add' failed - network script /usr/libexec/qemu-server/pve-bridge-hotplug failed with status 512`,
  )
}

/** Only what the agent is asked for may change; not whether and how it is there. */
function sameAgent(before: string, value: string): boolean {
  const facts = (text: string): string => {
    const fields = text.split(',').map((part) => (part.includes('=') ? part : `enabled=${part}`))
    return fields
      .filter((part) => /^(?:enabled|type)=/.test(part))
      .toSorted()
      .join(',')
  }
  return facts(before) === facts(value)
}

/** Fields of a drive that QEMU sets on a live one. */
const LIVE_FIELDS = /^(?:bps|mbps|iops)|^(?:backup|replicate|shared)$/

function canPlugDrive(
  plug: boolean,
  key: string,
  before: string | undefined,
  value: string | undefined,
): boolean {
  const pluggable = plug && /^(?:scsi|virtio)\d+$/.test(key)
  const old = before === undefined ? undefined : parseDrive(key, before)
  if (value === undefined) return pluggable && !(old && isCdrom(old))
  const next = parseDrive(key, value)
  if (!old) return pluggable && !isCdrom(next)
  if (isCdrom(old) || isCdrom(next)) return isCdrom(old) && isCdrom(next)
  if (old.file === next.file) return changedFields(old, next).every((name) => LIVE_FIELDS.test(name))
  return pluggable
}

function changedFields(old: Drive, next: Drive): string[] {
  const names = new Set([...Object.keys(old.options), ...Object.keys(next.options)])
  return [...names].filter((name) => old.options[name] !== next.options[name])
}

import { apiSchema, type Param } from '@fochista/proxmox/schema'
import { isDriveKey, isTrue, parseDrive, printDrive } from '../drive.ts'
import { isNicKey, withMac } from '../nic.ts'

const params = apiSchema.paths['/nodes/{node}/qemu/{vmid}/config']?.PUT?.params ?? {}

/** Parameters of config calls that are no options. */
const EXTRA = new Set([
  'node',
  'vmid',
  'digest',
  'delete',
  'revert',
  'force',
  'skiplock',
  'background_delay',
  'import-working-storage',
  'skip_cloud_init',
])

/** Integers of a file that no call sets. */
const OWN_INTEGERS = new Set(['snaptime', 'running'])

/** What the schema says of an option: `net[n]` for `net0`. Undefined for an option that does not exist. */
export function optionOf(key: string): Param | undefined {
  if (EXTRA.has(key)) return undefined
  const own = params[key]
  if (own) return own
  const match = /^([a-z]+)(\d+)$/.exec(key)
  const indexed = match && params[`${match[1]}[n]`]
  if (!match || !indexed) return undefined
  const [low, high] = indexed.idx ?? [0, 0]
  const index = Number(match[2])
  return index >= low && index <= high ? indexed : undefined
}

/** True for a parameter that is no option of a VM. */
export function isExtraParameter(key: string): boolean {
  return EXTRA.has(key)
}

/** A value as answers give it: switches and integers are numbers, all else text. */
export function typedValue(key: string, value: string): string | number {
  const type = OWN_INTEGERS.has(key) ? 'integer' : optionOf(key)?.type
  return (type === 'boolean' || type === 'integer') && /^-?\d+$/.test(value) ? Number(value) : value
}

/** A value as the file keeps it. `now` chooses what only an update does: sorted tags. Drives are made elsewhere. */
export function normalised(key: string, value: string, updating: boolean): string {
  const type = optionOf(key)?.type
  if (type === 'boolean') return isTrue(value) ? '1' : '0'
  if (type === 'integer' && /^[+-]?\d+$/.test(value)) return String(Number(value))
  if (isNicKey(key)) return withMac(value)
  if (isDriveKey(key)) return printDrive(parseDrive(key, value))
  if (key === 'description') return value.trimEnd()
  if (key === 'tags' && updating) return sortedTags(value)
  return value
}

function sortedTags(text: string): string {
  const tags = text
    .toLowerCase()
    .split(/[;,\s]+/)
    .filter(Boolean)
  return [...new Set(tags)].toSorted().join(';')
}

/** Devices of a boot order; undefined for the old form without `order=`. */
export function bootOrder(boot: string | undefined): string[] | undefined {
  const match = /^order=(.*)$/.exec(boot ?? '')
  return match ? (match[1] ?? '').split(';').filter(Boolean) : undefined
}

/** Writes a boot order; without devices it is a single space. */
export function printBootOrder(devices: readonly string[]): string {
  return devices.length === 0 ? ' ' : `order=${devices.join(';')}`
}

/** Memory of a configuration in bytes; 512 MiB without a value. */
export function memoryOf(config: Readonly<Record<string, string>>): number {
  const text = config['memory'] ?? ''
  return Number(/(?:^|current=)(\d+)/.exec(text)?.[1] ?? 512) * 1024 * 1024
}

/** True when a configuration says that the guest has an agent. */
export function hasAgent(config: Readonly<Record<string, string>>): boolean {
  const text = config['agent']
  if (text === undefined) return false
  const first = text.split(',').find((part) => !part.includes('=') || part.startsWith('enabled='))
  return isTrue(first?.replace('enabled=', ''))
}

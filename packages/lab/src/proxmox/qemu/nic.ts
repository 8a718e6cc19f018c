import { randomBytes } from 'node:crypto'
import { apiSchema } from '@fochista/proxmox/schema'
import { isTrue } from './drive.ts'

/** A network card, as its property string says. */
interface Nic {
  readonly model: string
  readonly macaddr: string | undefined
  /** The other fields by name: `bridge`, `tag`, `firewall`. */
  readonly options: Readonly<Record<string, string>>
}

const MAC_PREFIX = 'BC:24:11'

const fields = apiSchema.formats['qm.net'] ?? {}

/** True for a key that holds a card. */
export function isNicKey(key: string): boolean {
  return /^net\d+$/.test(key)
}

/** Reads a card's property string; `virtio=MAC` gives model and address in one. */
export function parseNic(text: string): Nic {
  let model = ''
  let macaddr: string | undefined
  const options: Record<string, string> = {}
  for (const part of text.split(',')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const name = at < 0 ? 'model' : part.slice(0, at)
    const value = at < 0 ? part : part.slice(at + 1)
    if (name === 'model') model = value
    else if (name === 'macaddr') macaddr = value
    else if (fields[name]?.alias === 'macaddr') {
      model = name
      macaddr = value
    } else options[name] = fields[name]?.type === 'boolean' ? (isTrue(value) ? '1' : '0') : value
  }
  return { model, macaddr, options }
}

/** Writes a card as the configuration keeps it: model and address, then the other fields sorted by name. */
export function printNic({ model, macaddr, options }: Nic): string {
  const rest = Object.keys(options)
    .toSorted()
    .map((name) => `${name}=${options[name]}`)
  return [macaddr === undefined ? model : `${model}=${macaddr}`, ...rest].join(',')
}

/** A random address under the cluster's prefix. */
export function newMac(): string {
  const bytes = [...randomBytes(3)].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  return [MAC_PREFIX, ...bytes].join(':')
}

/** A card's value with the address that it lacks. A given one keeps its case. */
export function withMac(text: string): string {
  const nic = parseNic(text)
  return printNic({ ...nic, macaddr: nic.macaddr ?? newMac() })
}

import { apiSchema, type Param } from '../schema/index.ts'

/** A property string's fields, typed as its format says. Keys that the format does not know are kept as they came. */
export type PropertyValues = Record<string, string | number | boolean | undefined>

/** Names of the common formats; any other of the schema's formats goes by its own name. */
const names: Record<string, string> = {
  net: 'qm.net',
  ipconfig: 'pve-qm-ipconfig',
  agent: 'qm.agent',
  smbios1: 'pve-qm-smbios1',
  boot: 'pve-qm-boot',
  scsi: 'qm.scsi',
  sata: 'qm.sata',
  ide: 'qm.ide',
  virtio: 'qm.virtio',
  efidisk: 'qm.efidisk',
  tpmstate: 'qm.tpmstate',
  unused: 'qm.unused',
  vga: 'qm.vga',
  numa: 'qm.numa',
  usb: 'qm.usb',
  hostpci: 'pve-qm-hostpci',
  cpu: 'pve-vm-cpu-conf',
  memory: 'qm.memory',
  machine: 'qm.machine',
  meta: 'qm.meta',
  rng: 'pve-qm-rng',
  watchdog: 'pve-qm-watchdog',
  cicustom: 'pve-qm-cicustom',
  audio: 'qm.audio',
  virtiofs: 'qm.virtiofs',
}

const formatOf = (name: string): Readonly<Record<string, Param>> => {
  const fields = apiSchema.formats[names[name] ?? name]
  if (!fields) throw new TypeError(`"${name}" is not a format of the schema`)
  return fields
}

/**
 * Reads a property string such as `virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1`. The field whose key may be left out is found by
 * the format, `virtio=MAC` becomes `model: 'virtio', macaddr: MAC`. Throws a TypeError for a text that is none.
 */
export function parsePropertyString(format: string, text: string): PropertyValues {
  const fields = formatOf(format)
  const values: PropertyValues = {}
  for (const part of text.split(',')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const [given, raw] = at < 0 ? [defaultKey(format, fields), part] : [part.slice(0, at), part.slice(at + 1)]
    const param = fields[given]
    const alias = param?.alias
    // `virtio=MAC`: the key is a value of the field that `keyAlias` names, and what it holds is another field's.
    if (param && typeof param.keyAlias === 'string' && typeof alias === 'string')
      values[param.keyAlias] = given
    const name = typeof alias === 'string' ? alias : given
    if (values[name] !== undefined) throw new TypeError(`${format}: "${name}" is given twice in "${text}"`)
    values[name] = decode(fields[name], raw)
  }
  return values
}

/** Prints a property string that Proxmox reads as the same values: the default key first and without its name, the others in the format's order. */
export function printPropertyString(format: string, values: PropertyValues): string {
  const fields = formatOf(format)
  const printed: string[] = []
  const rest = { ...values }
  const first = Object.entries(fields).find(([, param]) => param.defKey)?.[0]
  const aliasing = Object.entries(fields).find(
    ([, param]) => typeof param.keyAlias === 'string' && typeof param.alias === 'string',
  )?.[1]
  const keyField = String(aliasing?.keyAlias ?? '')
  const valueField = String(aliasing?.alias ?? '')
  if (aliasing && rest[keyField] !== undefined && rest[valueField] !== undefined) {
    printed.push(`${encode(rest[keyField])}=${encode(rest[valueField])}`)
    delete rest[keyField]
    delete rest[valueField]
  } else if (first !== undefined && rest[first] !== undefined) {
    printed.push(encode(rest[first]))
    delete rest[first]
  }
  for (const [name, value] of Object.entries(rest))
    if (value !== undefined) printed.push(`${name}=${encode(value)}`)
  return printed.join(',')
}

/** A drive: which volume, and its options. */
export interface Drive {
  /** `storage:volume`, `none`, or `cdrom`. */
  readonly file: string
  readonly options: PropertyValues
}

/** Reads a drive such as `local-lvm:vm-100-disk-0,size=32G`; `bus` is its kind: scsi, virtio, sata, ide. */
export function parseDrive(bus: string, text: string): Drive {
  const { file, ...options } = parsePropertyString(bus, text)
  return { file: String(file ?? ''), options }
}

/** Bytes of a size such as `32G` or `4M`; undefined if it is none. */
export function parseSize(size: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([KMGT])?$/.exec(size)
  const power = { '': 0, K: 1, M: 2, G: 3, T: 4 }[match?.[2] ?? '']
  return match?.[1] && power !== undefined ? Math.round(Number(match[1]) * 1024 ** power) : undefined
}

function defaultKey(format: string, fields: Readonly<Record<string, Param>>): string {
  const found = Object.entries(fields).find(([, param]) => param.defKey)?.[0]
  if (!found) throw new TypeError(`${format}: a value without a key, and the format has no default key`)
  return found
}

function decode(param: Param | undefined, raw: string): string | number | boolean {
  if (param?.type === 'boolean')
    return /^(1|on|yes|true)$/i.test(raw) ? true : /^(0|off|no|false)$/i.test(raw) ? false : raw
  if (
    (param?.type === 'integer' || param?.type === 'number') &&
    /^-?\d+(\.\d+)?$/.test(raw) &&
    String(Number(raw)) === raw
  )
    return Number(raw)
  return raw
}

function encode(value: string | number | boolean | undefined): string {
  const text = typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
  if (/[,\n\r]/.test(text))
    throw new TypeError(`"${text}" cannot stand in a property string: it has a comma or a line break`)
  return text
}

import { apiSchema, type Param } from '../schema/index.ts'
import type { PropertyStrings } from './generated/formats.ts'
import { shortNames } from './property-formats.ts'

/** A property string's fields where its format is known at run time only. */
export type PropertyValues = Record<string, string | number | boolean | undefined>

/** A format as the functions below need it. */
interface Format {
  readonly name: string
  readonly fields: Readonly<Record<string, Param>>
  /** The field whose key may be left out. */
  readonly defaultKey: string | undefined
}

const formats = new Map<string, Format>()

function formatOf(name: string): Format {
  const known = formats.get(name)
  if (known) return known
  const fullName = Object.hasOwn(shortNames, name) ? shortNames[name as keyof typeof shortNames] : name
  const fields = Object.hasOwn(apiSchema.formats, fullName) ? apiSchema.formats[fullName] : undefined
  if (!fields) throw new TypeError(`"${name}" is not a format of the schema`)
  const defaultKey = Object.entries(fields).find(([, param]) => param.defKey)?.[0]
  const format = { name, fields, defaultKey }
  formats.set(name, format)
  return format
}

const fieldOf = ({ fields }: Format, key: string): Param | undefined =>
  Object.hasOwn(fields, key) ? fields[key] : undefined

/**
 * Reads a property string such as `virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1`. `format` is a key of a VM's configuration without its
 * number (`net`, `scsi`), or a name from the schema. Aliases are resolved: `virtio=MAC` becomes `model: 'virtio', macaddr: MAC`. Fields
 * that the format does not know are kept as text, and so is a value that is not of its field's type: what is printed again is never less.
 * Throws a TypeError for a text that is none: a key without a value, a value without a key, a key given twice.
 */
export function parsePropertyString<F extends keyof PropertyStrings>(
  format: F,
  text: string,
): PropertyStrings[F]
export function parsePropertyString(format: string, text: string): PropertyValues
export function parsePropertyString(name: string, text: string): PropertyValues {
  const format = formatOf(name)
  const values: PropertyValues = {}
  const set = (key: string, value: string | number | boolean): void => {
    if (Object.hasOwn(values, key)) throw new TypeError(`${name}: "${key}" is given twice in "${text}"`)
    if (key === '__proto__') throw new TypeError(`${name}: "${key}" is no key`)
    values[key] = value
  }
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const at = part.indexOf('=')
    const given = at < 0 ? format.defaultKey : part.slice(0, at)
    const raw = at < 0 ? part : part.slice(at + 1)
    if (given === undefined)
      throw new TypeError(`${name}: a value without a key, and the format has no default key: "${text}"`)
    if (given === '' || raw === '') throw new TypeError(`${name}: a key or a value is missing in "${text}"`)
    const { alias, keyAlias } = fieldOf(format, given) ?? {}
    // `virtio=MAC`: the key is a value of the field that `keyAlias` names, and what it holds is another field's.
    if (keyAlias !== undefined) set(keyAlias, given)
    const key = alias ?? given
    set(key, decode(fieldOf(format, key), raw))
  }
  return values
}

/**
 * Prints a property string that Proxmox reads as the same values: the default key first and without its name, the others in the order given.
 * Throws a TypeError for a required field that is missing and for a value that has no place in a property string.
 */
export function printPropertyString<F extends keyof PropertyStrings>(
  format: F,
  values: PropertyStrings[F],
): string
export function printPropertyString<F extends string>(
  format: F extends keyof PropertyStrings ? never : F,
  values: PropertyValues,
): string
export function printPropertyString(name: string, values: PropertyValues): string {
  const format = formatOf(name)
  const rest = new Map(Object.entries(values).filter(([, value]) => value !== undefined))
  for (const [key, { opt, alias }] of Object.entries(format.fields)) {
    const isGiven = rest.has(key) || [...rest.keys()].some((given) => fieldOf(format, given)?.alias === key)
    if (!opt && alias === undefined && !isGiven) throw new TypeError(`${name}: "${key}" is missing`)
  }
  const printed: string[] = []
  const pair = shortPair(format, rest)
  if (pair) {
    printed.push(pair.text)
    for (const key of pair.keys) rest.delete(key)
  } else if (format.defaultKey !== undefined && rest.has(format.defaultKey)) {
    const text = encode(name, format.defaultKey, rest.get(format.defaultKey))
    // A value with `=` in it would be read as key and value.
    printed.push(text.includes('=') ? `${format.defaultKey}=${text}` : text)
    rest.delete(format.defaultKey)
  }
  for (const [key, value] of rest) {
    if (!/^[^=,\s]+$/.test(key)) throw new TypeError(`${name}: ${JSON.stringify(key)} is no key`)
    printed.push(`${key}=${encode(name, key, value)}`)
  }
  return printed.join(',')
}

/** `virtio=MAC` for `model: 'virtio', macaddr: MAC`, where the format has such a short form for the value. */
function shortPair(
  format: Format,
  values: ReadonlyMap<string, string | number | boolean | undefined>,
): { text: string; keys: string[] } | undefined {
  for (const [key, { alias, keyAlias }] of Object.entries(format.fields)) {
    if (alias === undefined || keyAlias === undefined) continue
    if (values.get(keyAlias) !== key || !values.has(alias)) continue
    return { text: `${key}=${encode(format.name, alias, values.get(alias))}`, keys: [keyAlias, alias] }
  }
  return undefined
}

function decode(param: Param | undefined, raw: string): string | number | boolean {
  if (param?.type === 'boolean') {
    if (/^(?:1|on|yes|true)$/i.test(raw)) return true
    return /^(?:0|off|no|false)$/i.test(raw) ? false : raw
  }
  const isNumber = param?.type === 'integer' || param?.type === 'number'
  if (isNumber && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(raw)) return Number(raw)
  return raw
}

function encode(format: string, key: string, value: string | number | boolean | undefined): string {
  const text = typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
  if (text.trim() === '' || /[,\n\r]/.test(text)) {
    // The value itself may be a secret (a password, a token's).
    throw new TypeError(`${format}: the value of "${key}" is empty, or has a comma or a line break in it`)
  }
  return text
}

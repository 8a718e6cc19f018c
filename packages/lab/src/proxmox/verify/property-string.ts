import type { Param } from '@fochista/proxmox/schema'

/** Fields of a property string's format. */
export type Fields = Readonly<Record<string, Param>>

const defaultKeys = new WeakMap<Fields, string | undefined>()

/** The fields of a property string, booleans as 0 and 1; or what is wrong with its form. */
export function readProperties(fields: Fields, text: string): Record<string, string> | string {
  const read: Record<string, string> = {}
  let defaultKey: string | undefined
  for (const part of text.split(',')) {
    if (/^\s*$/.test(part)) continue
    const pair = /^([^=]+)=([^]+)$/.exec(part)
    if (pair) {
      let [, key = '', value = ''] = pair
      if (read[key] !== undefined) return `duplicate key in comma-separated list property: ${key}`
      let field = fields[key]
      if (field?.alias !== undefined) {
        if (field.keyAlias !== undefined) {
          if (read[field.keyAlias] !== undefined) return `key alias '${field.keyAlias}' is already defined`
          read[field.keyAlias] = key
        }
        key = field.alias
        field = fields[key]
      }
      if (field?.type === 'boolean') value = booleanOf(value)
      read[key] = value
    } else if (!part.includes('=')) {
      if (defaultKey !== undefined) return `duplicate key in comma-separated list property: ${defaultKey}`
      defaultKey = defaultKeyOf(fields)
      if (defaultKey === undefined) return 'value without key, but schema does not define a default key'
      if (read[defaultKey] !== undefined)
        return `duplicate key in comma-separated list property: ${defaultKey}`
      read[defaultKey] = fields[defaultKey]?.type === 'boolean' ? booleanOf(part) : part
    } else return 'missing key in comma-separated list property'
  }
  return read
}

function defaultKeyOf(fields: Fields): string | undefined {
  if (!defaultKeys.has(fields))
    defaultKeys.set(
      fields,
      Object.keys(fields).find((key) => fields[key]?.defKey === 1),
    )
  return defaultKeys.get(fields)
}

function booleanOf(value: string): string {
  if (/^(?:1|on|yes|true)$/i.test(value)) return '1'
  return /^(?:0|off|no|false)$/i.test(value) ? '0' : value
}

/** What is wrong with a CPU's model: only models that exist are allowed, and custom ones are not known here. */
export function checkCpu(fields: Fields, read: Readonly<Record<string, string>>): string | undefined {
  const type = read['cputype']
  if (type === undefined || type.startsWith('x86-64-v')) return undefined
  if (type.startsWith('custom-')) return `Custom cputype '${type.slice('custom-'.length)}' not found\n`
  return fields['reported-model']?.enum?.includes(type)
    ? undefined
    : `Built-in cputype '${type}' is not defined (missing 'custom-' prefix?)\n`
}

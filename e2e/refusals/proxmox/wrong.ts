import { apiSchema, type Param } from '@fochista/proxmox/schema'
import { itemFormat, matches, rightOf, rightProperties, rightText } from './right.ts'

/** A text that has not the form of a named format, and what is said of it. */
export interface Wrong {
  readonly value: string
  readonly text: string
}

/** Texts of every named format whose wording is recorded, or stands in the schema: one that is wrong each. */
const NAMED: Readonly<Record<string, readonly [value: string, text: string]>> = {
  CIDR: ['192.0.2.0', 'value does not look like a valid CIDR network'],
  CIDRv4: ['192.0.2.0/33', 'value does not look like a valid IPv4 CIDR network'],
  CIDRv6: ['192.0.2.0/24', 'value does not look like a valid IPv6 CIDR network'],
  IPorCIDR: ['foo', 'value does not look like a valid IP address or CIDR network'],
  address: ['a_b', 'value does not look like a valid address: a_b'],
  'disk-size': ['lots', 'value does not look like a valid disk size: lots'],
  'dns-name': ['a_b', 'value does not look like a valid DNS name'],
  email: ['nobody', 'value does not look like a valid email address'],
  ip: ['192.0.2.256', 'value does not look like a valid IP address'],
  ipv4: ['2001:db8::1', 'value does not look like a valid IPv4 address'],
  ipv4mask: ['255.0.255.0', 'value does not look like a valid IP netmask'],
  ipv6: ['192.0.2.1', 'value does not look like a valid IPv6 address'],
  'ldap-simple-attr': ['a-b', "value 'a-b' does not look like a simple ldap attribute name"],
  'mac-addr': ['01:00:5e:00:00:01', 'value does not look like a valid unicast MAC address'],
  'pve-bridge-id': ['vm/br', "invalid bridge ID 'vm/br'"],
  'pve-configid': ['1abc', "invalid configuration ID '1abc'"],
  'pve-cpuset': ['x', 'unable to parse cpuset option'],
  'pve-fw-addr-spec': ['foo!', 'invalid IP address: Invalid chars in IP foo!'],
  'pve-groupid': ['o/ps', "group name 'o/ps' contains invalid characters"],
  'pve-hotplug-features': ['x', "invalid hotplug feature 'x'"],
  'pve-iface': ['0', "invalid network interface name '0'"],
  'pve-node': ['-x', 'value does not look like a valid node name'],
  'pve-poolid': ['pr od', "pool name 'pr od' contains invalid characters"],
  'pve-priv': ['VM.Monitor', "invalid privilege 'VM.Monitor'"],
  'pve-qm-bootdisk': ['net0', "invalid boot disk 'net0'"],
  'pve-realm': ['1', 'value does not look like a valid realm'],
  'pve-roleid': ['a/b', "role name 'a/b' contains invalid characters"],
  'pve-startup-order': ['x', 'unable to parse startup options'],
  'pve-storage-content': ['foo', "invalid content type 'foo'"],
  'pve-storage-id': ['1x', "storage ID '1x' contains illegal characters"],
  'pve-tag': ['a!', 'invalid characters in tag'],
  'pve-task-status-type': ['foo', "invalid status 'foo'"],
  'pve-userid': ['alice', "value 'alice' does not look like a valid user name"],
  'pve-vlan-id-or-range': ['x', "invalid VLAN configuration 'x'"],
  'pve-vmid': ['50', 'value does not look like a valid VM ID'],
  'pve-volume-id': ['x', "unable to parse volume ID 'x'"],
  'pve-volume-id-or-qm-path': ['x', "unable to parse volume ID 'x'"],
  urlencoded: ['a b', 'invalid urlencoded string: a b'],
}

/** What is said of a parameter that has to be there. */
export const MISSING = 'property is missing and it is not optional'
/** What is said of a parameter that nobody knows. */
export const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties'

/** A text that a named format refuses; undefined where nobody has recorded the words. */
function wrongText(format: string): Wrong | undefined {
  const [value, text] = NAMED[itemFormat(format)] ?? []
  return value === undefined || text === undefined ? undefined : { value, text: `invalid format - ${text}\n` }
}

/** A text that a pattern of the schema does not allow; undefined for one that allows all. */
function unmatched(pattern: string, flags?: string): string | undefined {
  return ['!', '#', 'ü', ' ', ''].find((text) => !matches(pattern, text, flags))
}

type Fields = Readonly<Record<string, Param>>

/** Every mistake that a property string's fields can have, each alone. `name` is the parameter's. */
export function wrongFields(format: string, name: string): Wrong[] {
  const fields: Fields = apiSchema.formats[format] ?? {}
  return [
    ...Object.entries(fields).flatMap(([key, field]) => wrongField(format, name, key, field)),
    ...wrongForms(format, name, fields),
    // Of a processor's model more is said than its description knows.
    ...(format === 'pve-vm-cpu-conf'
      ? [
          {
            value: 'nope',
            text: "invalid format - Built-in cputype 'nope' is not defined (missing 'custom-' prefix?)\n",
          },
          { value: 'custom-nope', text: "invalid format - Custom cputype 'nope' not found\n" },
        ]
      : []),
  ]
}

const ofField = (name: string, field: string, problem: string): string =>
  `invalid format - format error\n${name}.${field}: ${problem}\n`

/** What can be wrong with one field, the others being right. */
function wrongField(format: string, name: string, key: string, field: Param): Wrong[] {
  if (field.alias !== undefined || Object.keys(field).length === 0) return []
  const { req } = field
  const fields: Fields = apiSchema.formats[format] ?? {}
  const others = rightProperties(format, key)
  const withNeeded = req === undefined ? others : [...others, `${req}=${rightText(fields[req] ?? {})}`]
  const values = wrongValues(field).filter(
    ({ value }) =>
      value !== '' &&
      !/[,=]/.test(value) &&
      // A switch in a property string may be written in words.
      !(field.type === 'boolean' && /^(?:yes|true|on|off|no|false)$/.test(value)),
  )
  return [
    ...values.map(({ value, text }) => ({
      value: [...withNeeded, `${key}=${value}`].join(','),
      text: ofField(name, key, text),
    })),
    ...(field.opt === 1 ? [] : [{ value: others.join(','), text: ofField(name, key, MISSING) }]),
    ...(req === undefined
      ? []
      : [
          {
            value: [...others, `${key}=${rightText(field)}`].join(','),
            text: ofField(name, req, `missing property required by '${name}.${key}'`),
          },
        ]),
  ]
}

/** What can be wrong with the form of a property string. */
function wrongForms(format: string, name: string, fields: Fields): Wrong[] {
  const whole = rightProperties(format)
  const [first = ''] = whole
  const [firstKey = ''] = first.split('=')
  const hasDefault = Object.values(fields).some(({ defKey }) => defKey === 1)
  const form = (more: string, text: string): Wrong => ({
    value: [...whole, more].join(','),
    text: `invalid format - ${text}\n`,
  })
  return [
    { value: [...whole, 'nosuch=1'].join(','), text: ofField(name, 'nosuch', UNKNOWN) },
    ...(first === ''
      ? []
      : [
          form(first, `duplicate key in comma-separated list property: ${firstKey}`),
          form('=x', 'missing key in comma-separated list property'),
        ]),
    ...(hasDefault ? [] : [form('word', 'value without key, but schema does not define a default key')]),
  ]
}

/** What is wrong with single values of a parameter or field, as texts: type, range, length, list, pattern, format. */
export function wrongValues(param: Param): Wrong[] {
  const { type, min, max, minLen, maxLen, pat, patFlags, fmt } = param
  const typed = (value: string): Wrong => ({ value, text: `type check ('${type}') failed - got '${value}'` })
  const found: Wrong[] = []
  if (type === 'integer') found.push(typed('abc'), typed('1.5'), typed(''))
  if (type === 'number') found.push(typed('abc'), typed(''))
  if (type === 'boolean') found.push(typed('true'), typed('yes'), typed('2'), typed(''))
  if (fmt !== undefined && !fmt.startsWith('#')) {
    const wrong = wrongText(fmt)
    if (wrong) found.push(wrong)
    // The format is looked at before the rest, which only a text of its form comes to.
    if (fmt === 'pve-storage-content' && param.enum)
      found.push({
        value: 'backup',
        text: `value 'backup' does not have a value in the enumeration '${param.enum.join(', ')}'`,
      })
    const right = rightOf(fmt) ?? ''
    if (maxLen !== undefined && /^[a-z]+$/.test(right))
      found.push({
        value: right.padEnd(maxLen + 1, 'x'),
        text: `value may only be ${maxLen} characters long`,
      })
    return found
  }
  if (fmt !== undefined) return found
  if (min !== undefined)
    found.push({ value: String(min - 1), text: `value must have a minimum value of ${min}` })
  if (max !== undefined)
    found.push({ value: String(max + 1), text: `value must have a maximum value of ${max}` })
  if (param.enum) {
    const words = param.enum
    const first = type !== 'string' ? '3' : (maxLen ?? 99) < 6 ? 'zz' : 'nosuch'
    found.push({
      value: first,
      text: `value '${first}' does not have a value in the enumeration '${words.join(', ')}'`,
    })
    return found
  }
  if (pat !== undefined) {
    const value = unmatched(pat, patFlags)
    if (value !== undefined) found.push({ value, text: 'value does not match the regex pattern' })
    return found
  }
  if (maxLen !== undefined)
    found.push({ value: 'x'.repeat(maxLen + 1), text: `value may only be ${maxLen} characters long` })
  if (minLen !== undefined && minLen > 0)
    found.push({ value: 'x'.repeat(minLen - 1), text: `value must be at least ${minLen} characters long` })
  return found
}

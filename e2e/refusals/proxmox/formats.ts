import { apiSchema, type Param } from '@fochista/proxmox/schema'

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

/** A text that is right of the same formats, where another one has to be there. */
const RIGHT: Readonly<Record<string, string>> = {
  CIDR: '192.0.2.0/24',
  CIDRv4: '192.0.2.0/24',
  CIDRv6: '2001:db8::/64',
  IPorCIDR: '192.0.2.0/24',
  IPorCIDRorAlias: '192.0.2.0/24',
  address: 'a.example',
  'bridge-pair': 'vmbr0',
  'disk-size': '4G',
  'dns-name': 'web',
  email: 'a@b.example',
  'email-or-username': 'a@b.example',
  'graphite-path': 'abc',
  ip: '192.0.2.1',
  ipv4: '192.0.2.1',
  ipv4mask: '255.255.255.0',
  ipv6: '2001:db8::1',
  'mac-addr': 'BC:24:11:00:00:01',
  'mac-prefix': 'BC:24:11',
  'pem-certificate-chain': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
  'pem-string': '-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n',
  'pve-calendar-event': 'sat 03:00',
  'pve-command-batch': '[]',
  'pve-day-of-week': 'mon',
  'pve-configid': 'abc',
  'pve-groupid': 'abc',
  'pve-ha-node': 'pve1',
  'pve-ha-resource-id': 'vm:100',
  'pve-ha-resource-or-vm-id': 'vm:100',
  'pve-iface': 'vmbr9',
  'pve-ipv4-config': 'dhcp',
  'pve-ipv6-config': 'dhcp',
  'pve-node': 'pve2',
  'pve-poolid': 'pool',
  'pve-priv': 'VM.Audit',
  'pve-realm': 'pve',
  'pve-replication-job-id': '100-0',
  'pve-roleid': 'abc',
  'pve-storage-id': 'local',
  'pve-storage-path': '/srv',
  'pve-storage-portal-dns': 'a.example',
  'pve-storage-server': 'a.example',
  'pve-storage-vgname': 'vg0',
  'pve-tokenid': 'root@pam!all',
  'pve-userid': 'root@pam',
  'pve-vmid': '555',
  'pve-volume-id': 'local:iso/a.iso',
  'pve-volume-id-or-qm-path': 'local-lvm:1',
  'storage-pair': 'local',
  'pve-sdn-controller-id': 'abc',
  'pve-sdn-dns-id': 'abc',
  'pve-sdn-fabric-id': 'abc',
  'pve-sdn-ipam-id': 'abc',
  'pve-sdn-subnet-id': 'abc-192.0.2.0-24',
  'pve-sdn-vnet-id': 'abc',
  'pve-sdn-zone-id': 'abc',
}

const base = (format: string): string => format.replace(/-(?:list|opt)$/, '')

/**
 * A text that a named format refuses; undefined where nobody has recorded the words.
 * @param format of a text, or `#name` of a property string, where a field is wrong: all of them are in `wrongFields`.
 */
export function wrongText(format: string): Wrong | undefined {
  const [value, text] = NAMED[base(format)] ?? []
  return value === undefined || text === undefined ? undefined : { value, text: `invalid format - ${text}\n` }
}

/** A value that a parameter's description allows. */
export function rightText(param: Param): string {
  const { fmt, type, min, minLen = 0, pat } = param
  if (param.enum) return param.enum[0] ?? ''
  if (fmt?.startsWith('#') === true) return rightProperties(fmt.slice(1)).join(',')
  const named = fmt === undefined ? undefined : RIGHT[base(fmt)]
  if (named !== undefined) return named
  if (type === 'array') return rightText(param.items ?? {})
  if (type === 'boolean') return '1'
  if (type === 'integer' || type === 'number') return String(Math.max(1, min ?? 1))
  if (pat !== undefined) {
    const found = [
      'abc',
      '0',
      '1G',
      '12:00',
      'pve1c-0123456789',
      `${'AA:'.repeat(31)}AA`,
      'https://a.example/a.iso',
      'a/b:c',
      'socket',
      'net0=1500',
      '/dev/parport0',
      '/a',
    ].find((each) => matches(pat, each))
    if (found !== undefined) return found
  }
  return 'x'.repeat(Math.max(1, minLen))
}

/** Whether a whole text matches a pattern of the schema. */
export function matches(pattern: string, text: string, flags?: string): boolean {
  return new RegExp(`^(?:${pattern})$`, flags ?? '').test(text)
}

/** A text that no pattern of the schema allows; undefined for one that allows all. */
export function unmatched(pattern: string, flags?: string): string | undefined {
  return ['!', '#', 'ü', ' ', ''].find((text) => !matches(pattern, text, flags))
}

type Fields = Readonly<Record<string, Param>>

function rightProperties(name: string, without?: string): string[] {
  const fields = apiSchema.formats[name] ?? {}
  return Object.entries(fields)
    .filter(
      ([key, field]) =>
        field.opt !== 1 && field.alias === undefined && Object.keys(field).length > 0 && key !== without,
    )
    .map(([key, field]) => `${key}=${rightText(field)}`)
}

/** Every mistake that a property string's fields can have, each alone. `name` is the parameter's. */
export function wrongFields(format: string, name: string): Wrong[] {
  const fields: Fields = apiSchema.formats[format] ?? {}
  const inner = (field: string, problem: string): string =>
    `invalid format - format error\n${name}.${field}: ${problem}\n`
  const found: Wrong[] = []
  for (const [key, field] of Object.entries(fields)) {
    if (field.alias !== undefined || Object.keys(field).length === 0) continue
    const others = rightProperties(format, key)
    for (const { value, text } of wrongValues(field)) {
      if (value === '' || /[,=]/.test(value)) continue
      // A switch in a property string may be written in words.
      if (field.type === 'boolean' && /^(?:yes|true|on|off|no|false)$/.test(value)) continue
      const others2 =
        field.req === undefined ? others : [...others, `${field.req}=${rightText(fields[field.req] ?? {})}`]
      found.push({ value: [...others2, `${key}=${value}`].join(','), text: inner(key, text) })
    }
    if (field.opt !== 1)
      found.push({
        value: others.length > 0 ? others.join(',') : '',
        text: inner(key, 'property is missing and it is not optional'),
      })
    if (field.req !== undefined)
      found.push({
        value: [...others, `${key}=${rightText(field)}`].join(','),
        text: inner(field.req, `missing property required by '${name}.${key}'`),
      })
  }
  // Of a processor's model more is said than its description knows.
  if (format === 'pve-vm-cpu-conf')
    found.push(
      {
        value: 'nope',
        text: "invalid format - Built-in cputype 'nope' is not defined (missing 'custom-' prefix?)\n",
      },
      { value: 'custom-nope', text: "invalid format - Custom cputype 'nope' not found\n" },
    )
  const whole = rightProperties(format)
  const [first = ''] = whole
  const [firstKey = ''] = first.split('=')
  if (first !== '') {
    found.push({
      value: [...whole, first].join(','),
      text: `invalid format - duplicate key in comma-separated list property: ${firstKey}\n`,
    })
    found.push({
      value: [...whole, '=x'].join(','),
      text: 'invalid format - missing key in comma-separated list property\n',
    })
  }
  found.push({
    value: [...whole, 'nosuch=1'].join(','),
    text: inner(
      'nosuch',
      'property is not defined in schema and the schema does not allow additional properties',
    ),
  })
  if (!Object.values(fields).some(({ defKey }) => defKey === 1))
    found.push({
      value: [...whole, 'word'].join(','),
      text: 'invalid format - value without key, but schema does not define a default key\n',
    })
  return found
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
    const right = RIGHT[base(fmt)] ?? ''
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

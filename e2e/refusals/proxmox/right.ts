import { apiSchema, type Param } from '@fochista/proxmox/schema'

/** A text that is right of each format, where one has to be there. */
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

/** Texts that patterns of the schema are tried with. */
const TEXTS = [
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
]

/** The format of a list's items, or of a text that may be empty. */
export const itemFormat = (format: string): string => format.replace(/-(?:list|opt)$/, '')

/** A text of a named format; undefined where none is known. */
export const rightOf = (format: string): string | undefined => RIGHT[itemFormat(format)]

/** A value that a parameter's description allows. */
export function rightText(param: Param): string {
  const { fmt, type, min, minLen = 0, pat } = param
  if (param.enum) return param.enum[0] ?? ''
  if (fmt?.startsWith('#') === true) return rightProperties(fmt.slice(1)).join(',')
  const named = fmt === undefined ? undefined : rightOf(fmt)
  if (named !== undefined) return named
  if (type === 'array') return rightText(param.items ?? {})
  if (type === 'boolean') return '1'
  if (type === 'integer' || type === 'number') return String(Math.max(1, min ?? 1))
  const found = pat === undefined ? undefined : TEXTS.find((each) => matches(pat, each))
  return found ?? 'x'.repeat(Math.max(1, minLen))
}

/** The fields that a property string must have, with right values; but for one. */
export function rightProperties(format: string, without?: string): string[] {
  return Object.entries(apiSchema.formats[format] ?? {})
    .filter(
      ([key, field]) =>
        field.opt !== 1 && field.alias === undefined && Object.keys(field).length > 0 && key !== without,
    )
    .map(([key, field]) => `${key}=${rightText(field)}`)
}

/** Whether a whole text matches a pattern of the schema. */
export function matches(pattern: string, text: string, flags?: string): boolean {
  return new RegExp(`^(?:${pattern})$`, flags ?? '').test(text)
}

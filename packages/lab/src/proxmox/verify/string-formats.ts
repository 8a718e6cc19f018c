import { isIPv4, isIPv6 } from 'node:net'
import { apiSchema } from '@fochista/proxmox/schema'
import { PRIVILEGES } from '../access/privileges.ts'
import { parseCalendar } from '../jobs/calendar.ts'

/** Judges a text: undefined when it has the form, else what the original says. */
type Check = (value: string) => string | undefined

const known = new Map<string, Check>()

/**
 * Judges a text by a named string format, `-list` and `-opt` forms included.
 * @returns undefined when it has the form, else the original's sentence without its line end.
 */
export function checkStringFormat(name: string, value: string): string | undefined {
  let check = known.get(name)
  if (check === undefined) {
    check = makeCheck(name)
    known.set(name, check)
  }
  return check(value)
}

/** Splits a list value as the original does: at commas, semicolons, white space and NUL. */
export function splitList(value: string): string[] {
  return value.split(/[,;\0\s]+/).filter((item) => item !== '')
}

function makeCheck(name: string): Check {
  const opt = /^(.+)-opt$/.exec(name)?.[1]
  if (opt !== undefined) return (value) => (value === '' ? undefined : checkStringFormat(opt, value))
  const list = /^(.+)-list$/.exec(name)?.[1]
  if (list !== undefined)
    return (value) => {
      for (const item of splitList(value)) {
        const problem = checkStringFormat(list, item)
        if (problem !== undefined) return problem
      }
      return undefined
    }
  return SPECIAL[name] ?? fromSchema(name)
}

const ACCEPT: Check = () => undefined

/** A check by the pattern and text that the schema has for a format; formats without a usable pattern accept all. */
function fromSchema(name: string): Check {
  const format = apiSchema.stringFormats[name]
  const { pat } = format ?? {}
  // Where the schema's pattern is a description, it holds a space.
  if (pat === undefined || / /.test(pat)) return ACCEPT
  const pattern = new RegExp(`^(?:${pat})$`, format?.flags ?? '')
  const text = format?.err ?? 'value does not match the regex pattern'
  return (value) => (pattern.test(value) ? undefined : text.replace('%s', value))
}

function form(test: (value: string) => boolean, text: string): Check {
  return (value) => (test(value) ? undefined : text.replace('%s', value))
}

const isIp = (value: string): boolean => isIPv4(value) || isIPv6(value)

function isCidr(value: string, family: 4 | 6): boolean {
  const [, address = '', bits = ''] = /^([^/]+)\/(\d+)$/.exec(value) ?? []
  const width = Number(bits)
  return family === 4
    ? isIPv4(address) && width >= 8 && width <= 32
    : isIPv6(address) && width >= 8 && width <= 128
}

const isDnsName = (value: string): boolean => checkStringFormat('dns-name', value) === undefined
const isStorageId = (value: string): boolean => /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i.test(value)

/** A format of pairs `A:B`, or one value for all, or `1`. */
function pair(test: (value: string) => boolean): Check {
  return (value) => {
    if (value === '1') return undefined
    const bad = value.split(':', 2).find((part) => !test(part))
    return bad === undefined ? undefined : `entry '${value}' contains invalid ID - ${bad}`
  }
}

const privileges = new Set(PRIVILEGES)
const MAC_FREE_BUS = /^(?:(?:ide|sata|scsi|virtio|net|usb|hostpci)\d+)$/

/** Addresses, networks, ranges, aliases and sets, by their characters. */
const FIREWALL_ADDRESS =
  /^(?:\+?(?:(?:dc|guest|sdn)\/)?[A-Za-z][A-Za-z0-9\-_]+|[\da-fA-F.:]+(?:\/\d+|-[\da-fA-F.:]+)?)$/

const SPECIAL: Readonly<Record<string, Check>> = {
  CIDR: form(
    (value) => isCidr(value, 4) || isCidr(value, 6),
    'value does not look like a valid CIDR network',
  ),
  CIDRv4: form((value) => isCidr(value, 4), 'value does not look like a valid IPv4 CIDR network'),
  CIDRv6: form((value) => isCidr(value, 6), 'value does not look like a valid IPv6 CIDR network'),
  IPorCIDR: form(
    (value) => isIp(value) || isCidr(value, 4) || isCidr(value, 6),
    'value does not look like a valid IP address or CIDR network',
  ),
  IPorCIDRorAlias: form(
    (value) => isIp(value) || isCidr(value, 4) || isCidr(value, 6) || /^((dc|guest)\/)?[A-Za-z]/.test(value),
    'value does not look like a valid CIDR network',
  ),
  ip: form(isIp, 'value does not look like a valid IP address'),
  ipv4: form(isIPv4, 'value does not look like a valid IPv4 address'),
  ipv6: form(isIPv6, 'value does not look like a valid IPv6 address'),
  ipv4mask: form(
    (value) => isIPv4(value) && /^1*0*$/.test(value.split('.').map(binary).join('')),
    'value does not look like a valid IP netmask',
  ),
  address: form((value) => isIp(value) || isDnsName(value), 'value does not look like a valid address: %s'),
  email: form(
    (value) => /^[\w+\-~]+(\.[\w+\-~]+)*@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*$/.test(value),
    'value does not look like a valid email address',
  ),
  'bridge-pair': pair((value) => /^[-_.\w]+$/.test(value)),
  'storage-pair': pair(isStorageId),
  'pve-storage-id': (value) => {
    if (value.length < 2) return `storage ID '${value}' cannot be shorter than 2 characters`
    return isStorageId(value) ? undefined : `storage ID '${value}' contains illegal characters`
  },
  'pve-poolid': (value) => {
    if (value.split('/').length > 3) return `pool name '${value}' nested too deeply (max levels = 3)`
    return /^[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+)*$/.test(value)
      ? undefined
      : `pool name '${value}' contains invalid characters`
  },
  'pve-userid': (value) => {
    if (value.length < 3) return `user name '${value}' is too short`
    if (value.length > 64) return `user name '${value}' is too long (${value.length} > 64)`
    return /^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+$/.test(value)
      ? undefined
      : `value '${value}' does not look like a valid user name`
  },
  'pve-priv': form((value) => privileges.has(value), "invalid privilege '%s'"),
  'pve-ipv4-config': form(
    (value) => value === 'dhcp' || value === 'manual' || isCidr(value, 4),
    'value does not look like a valid ipv4 network configuration',
  ),
  'pve-ipv6-config': form(
    (value) => ['auto', 'dhcp', 'manual'].includes(value) || isCidr(value, 6),
    'value does not look like a valid ipv6 network configuration',
  ),
  'pve-storage-server': form(
    (value) => isIp(value) || isDnsName(value),
    'value does not look like a valid server name or IP address',
  ),
  'pve-qm-bootdev': form((value) => MAC_FREE_BUS.test(value), "invalid boot device '%s'"),
  'pve-hotplug-features': (value) => {
    if (value === '0' || value === '1' || value === '') return undefined
    const bad = splitList(value).find(
      (item) => !['network', 'disk', 'cpu', 'memory', 'usb', 'cloudinit'].includes(item),
    )
    return bad === undefined ? undefined : `invalid hotplug feature '${bad}'`
  },
  'pve-startup-order': form(
    (value) => value.split(',').every((part) => /^(?:(?:order=)?\d+|up=\d+|down=\d+)$/.test(part.trim())),
    'unable to parse startup options',
  ),
  'pve-phys-bits': form(
    (value) => value === 'host' || (/^\d+$/.test(value) && Number(value) >= 8 && Number(value) <= 64),
    'value must be an integer between 8 and 64 or the string "host"',
  ),
  'pve-fw-addr-spec': (value) => {
    const bad = splitList(value).find((item) => !FIREWALL_ADDRESS.test(item))
    return bad === undefined ? undefined : `invalid IP address: Invalid chars in IP ${bad}`
  },
  'pve-calendar-event': form(
    (value) => parseCalendar(value) !== undefined,
    "invalid calendar event '%s' - unable to parse calendar event",
  ),
  'pem-string': form((value) => pem('[A-Z ]+').test(value), 'not a valid PEM-formatted string.'),
  'pem-certificate': form(
    (value) => pem('CERTIFICATE').test(value),
    'not a valid PEM-formatted certificate.',
  ),
  'pem-certificate-chain': form(
    (value) => pem('CERTIFICATE').test(value),
    'not a valid PEM-formatted certificate chain.',
  ),
  'graphite-path': ACCEPT,
}

/** Texts that hold blocks of a label, and nothing else. */
function pem(label: string): RegExp {
  return new RegExp(`^\\s*(?:-----BEGIN (${label})-----[A-Za-z0-9+/=\\s]+-----END \\1-----\\s*)+$`)
}

function binary(part: string): string {
  return Number(part).toString(2).padStart(8, '0')
}

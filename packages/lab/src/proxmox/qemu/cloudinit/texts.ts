import { createHash } from 'node:crypto'
import type { Vm } from '../../world.ts'
import { isNicKey, parseNic } from '../nic.ts'
import { decodeKeys } from './ssh-keys.ts'

/** The user-data that Proxmox makes of a configuration. */
export function userData(vm: Vm): string {
  const { config } = vm
  const { hostname, fqdn } = namesOf(vm)
  const user = config['ciuser']
  const password = config['cipassword']
  const keys = decodeKeys(config['sshkeys'] ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  return [
    '#cloud-config',
    `hostname: ${hostname}`,
    'manage_etc_hosts: true',
    `fqdn: ${fqdn}`,
    ...(user === undefined ? [] : [`user: ${user}`]),
    ...(user === 'root' ? ['disable_root: False'] : []),
    ...(password === undefined ? [] : [`password: ${password}`]),
    ...(keys.length === 0 ? [] : ['ssh_authorized_keys:', ...keys.map((key) => `  - ${key}`)]),
    'chpasswd:',
    '  expire: False',
    ...(user === 'root' ? [] : ['users:', '  - default']),
    ...(config['ciupgrade'] === '0' ? [] : ['package_upgrade: true']),
    '',
  ].join('\n')
}

function namesOf(vm: Vm): { hostname: string; fqdn: string } {
  const name = vm.config['name'] ?? `VM${vm.vmid}`
  const dot = name.indexOf('.')
  if (dot > 0) return { hostname: name.slice(0, dot), fqdn: name }
  const domain = vm.config['searchdomain']
  return { hostname: name, fqdn: domain === undefined ? name : `${name}.${domain}` }
}

/** The network-config of version 1 that Proxmox makes of a configuration. */
export function networkConfig(vm: Vm): string {
  const { config } = vm
  const lines = ['version: 1', 'config:']
  const nics = Object.keys(config)
    .filter(isNicKey)
    .toSorted((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
  for (const key of nics) {
    const ip = config[`ipconfig${key.slice(3)}`]
    if (ip === undefined) continue
    lines.push(
      '    - type: physical',
      `      name: eth${key.slice(3)}`,
      `      mac_address: '${parseNic(config[key] ?? '').macaddr?.toLowerCase() ?? ''}'`,
      '      subnets:',
      ...subnets(ip),
    )
  }
  const servers = (config['nameserver'] ?? '').split(/[\s,;]+/).filter(Boolean)
  const domains = (config['searchdomain'] ?? '').split(/[\s,;]+/).filter(Boolean)
  if (servers.length > 0 || domains.length > 0) {
    lines.push('    - type: nameserver')
    if (servers.length > 0) lines.push('      address:', ...servers.map((server) => `      - '${server}'`))
    if (domains.length > 0) lines.push('      search:', ...domains.map((domain) => `      - '${domain}'`))
  }
  return [...lines, ''].join('\n')
}

function subnets(text: string): string[] {
  const fields = new Map(
    text.split(',').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  )
  const lines: string[] = []
  const ip = fields.get('ip')
  if (ip === 'dhcp') lines.push('      - type: dhcp4')
  else if (ip !== undefined && ip !== 'manual') {
    const [address, prefix] = ip.split('/')
    lines.push(
      '      - type: static',
      `        address: '${address}'`,
      `        netmask: '${netmask(Number(prefix))}'`,
    )
    if (fields.has('gw')) lines.push(`        gateway: '${fields.get('gw')}'`)
  }
  const ip6 = fields.get('ip6')
  if (ip6 === 'dhcp') lines.push('      - type: dhcp6')
  else if (ip6 === 'auto') lines.push('      - type: ipv6_slaac')
  else if (ip6 !== undefined && ip6 !== 'manual') {
    lines.push('      - type: static6', `        address: '${ip6}'`)
    if (fields.has('gw6')) lines.push(`        gateway: '${fields.get('gw6')}'`)
  }
  return lines
}

function netmask(prefix: number): string {
  const bits = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 0xff).join('.')
}

/** The meta-data: an instance of its own for each content of the others. */
export function metaData(vm: Vm): string {
  const id = createHash('sha1')
    .update(`${userData(vm)}${networkConfig(vm)}`)
    .digest('hex')
  return `instance-id: ${id}\n`
}

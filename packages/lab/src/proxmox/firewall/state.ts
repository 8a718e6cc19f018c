import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call } from '../handler.ts'
import type { ProxmoxWorld } from '../world.ts'

/** A rule, its values as they were given. */
export type Rule = Record<string, string>

/** A set of addresses: comment and `nomatch` of each by its network. */
export interface IpSet {
  comment?: string
  readonly entries: Map<string, { comment?: string; nomatch?: boolean }>
}

/** What a firewall's file holds: of the cluster, a host, a guest, a network, or a security group, which has rules alone. */
export interface Firewall {
  readonly options: Record<string, string>
  readonly rules: Rule[]
  readonly aliases: Map<string, { cidr: string; comment?: string }>
  readonly ipsets: Map<string, IpSet>
  comment?: string
}

/** Which firewall a call is about. */
export type Scope = (call: Call) => string

/** The firewall of a name, to read: an empty one while there is none. */
export function firewallOf(world: ProxmoxWorld, key: string): Firewall {
  return world.cluster.firewalls.get(key) ?? { options: {}, rules: [], aliases: new Map(), ipsets: new Map() }
}

/** The firewall of a name, to change; it begins empty. */
export function writableFirewall(world: ProxmoxWorld, key: string): Firewall {
  const { firewalls } = world.cluster
  if (!firewalls.has(key)) firewalls.set(key, firewallOf(world, key))
  return firewallOf(world, key)
}

/** Name of a guest's firewall. It is there or not whether or not a guest has the number. */
export function guestFirewall(vmid: number | string): string {
  return `guest/${vmid}`
}

/** Gives a clone the firewall of its source. */
export function copyFirewall(world: ProxmoxWorld, from: number, to: number): void {
  const source = world.cluster.firewalls.get(guestFirewall(from))
  if (source === undefined) return
  const { options, rules, aliases, ipsets } = source
  world.cluster.firewalls.set(guestFirewall(to), {
    options: { ...options },
    rules: rules.map((rule) => ({ ...rule })),
    aliases: new Map([...aliases].map(([name, alias]) => [name, { ...alias }])),
    ipsets: new Map(
      [...ipsets].map(([name, set]) => [
        name,
        { ...set, entries: new Map([...set.entries].map(([cidr, entry]) => [cidr, { ...entry }])) },
      ]),
    ),
  })
}

/** Removes the firewall of a guest's number. */
export function dropFirewall(world: ProxmoxWorld, vmid: number): void {
  world.cluster.firewalls.delete(guestFirewall(vmid))
}

/** SHA-1 of a firewall's part; that of an empty file while it holds nothing. */
export function digestOf(part: unknown): string {
  const text = JSON.stringify(part, (_, value: unknown) => (value instanceof Map ? [...value] : value)) ?? ''
  return createHash('sha1')
    .update(/^[[{]*[}\]]*$/.test(text) ? '' : text)
    .digest('hex')
}

/** Refuses a change that was made of an older state. */
export function checkDigest(call: Call, part: unknown): void {
  const digest = call.optional('digest')
  if (digest !== undefined && digest !== digestOf(part))
    die('detected modified configuration - file changed by other user? Try again.')
}

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

/** What a firewall's file holds: of the cluster, a host, or a security group, which has rules alone. */
export interface Firewall {
  readonly options: Record<string, string>
  readonly rules: Rule[]
  readonly aliases: Map<string, { cidr: string; comment?: string }>
  readonly ipsets: Map<string, IpSet>
  comment?: string
}

/** Which firewall a call is about. */
export type Scope = (call: Call) => string

/** The firewall of a name; it begins empty. */
export function firewallOf(world: ProxmoxWorld, key: string): Firewall {
  const { firewalls } = world.cluster
  let firewall = firewalls.get(key)
  if (firewall === undefined) {
    firewall = { options: {}, rules: [], aliases: new Map(), ipsets: new Map() }
    firewalls.set(key, firewall)
  }
  return firewall
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

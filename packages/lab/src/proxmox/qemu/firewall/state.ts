import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import { ApiError } from '../../api-error.ts'
import type { Call } from '../../handler.ts'
import type { ProxmoxWorld } from '../../world.ts'
import { vmidOf } from '../vm.ts'

/** A named address. */
export interface Alias {
  readonly name: string
  readonly cidr: string
  readonly comment: string | undefined
}

/** A named set of addresses. */
export interface IpSet {
  readonly comment: string | undefined
  readonly entries: Map<string, { nomatch: boolean; comment: string | undefined }>
}

/** The firewall file of a number; it is there or not whether or not a VM has the number. */
export interface Firewall {
  readonly options: Map<string, string>
  /** Fields of each rule, the first one first. */
  rules: Record<string, string>[]
  readonly aliases: Map<string, Alias>
  readonly sets: Map<string, IpSet>
}

const files = new WeakMap<ProxmoxWorld, Map<number, Firewall>>()

/** The firewall files of a world's guests, by number. */
export function firewallFilesOf(world: ProxmoxWorld): Map<number, Firewall> {
  const all = files.get(world) ?? new Map<number, Firewall>()
  files.set(world, all)
  return all
}

/** Keeps the firewall files of a world's guests in another map from now on. */
export function useFirewallFiles(world: ProxmoxWorld, map: Map<number, Firewall>): void {
  files.set(world, map)
}

/** The firewall of a call's number, to read. */
export function firewallOf(call: Call): Firewall {
  return firewallFilesOf(call.world).get(vmidOf(call)) ?? emptyFirewall()
}

/** The firewall of a call's number, to change. Throws when its digest is not the one given. */
export function writableFirewall(call: Call): Firewall {
  const all = firewallFilesOf(call.world)
  const firewall = all.get(vmidOf(call)) ?? emptyFirewall()
  const digest = call.optional('digest')
  if (digest !== undefined && digest !== digestOf(firewall))
    throw new ApiError(500, 'detected modified configuration - file changed by other user? Try again.\n')
  all.set(vmidOf(call), firewall)
  return firewall
}

/** Gives a clone the firewall of its source. */
export function copyFirewall(world: ProxmoxWorld, from: number, to: number): void {
  const source = firewallFilesOf(world).get(from)
  if (source) firewallFilesOf(world).set(to, structuredClone(source))
}

/** Removes the firewall of a number. */
export function dropFirewall(world: ProxmoxWorld, vmid: number): void {
  firewallFilesOf(world).delete(vmid)
}

function emptyFirewall(): Firewall {
  return { options: new Map(), rules: [], aliases: new Map(), sets: new Map() }
}

/** SHA-1 of the file; that of nothing for an empty one. */
export function digestOf({ options, rules, aliases, sets }: Firewall): string {
  const parts = [
    ...[...options].map(([key, value]) => `${key}: ${value}`),
    ...rules.map((rule) => JSON.stringify(rule)),
    ...[...aliases.values()].map((alias) => JSON.stringify(alias)),
    ...[...sets].map(([name, set]) => JSON.stringify([name, set.comment, ...set.entries])),
  ]
  return createHash('sha1').update(parts.join('\n')).digest('hex')
}

/** 4 or 6 for an address or a network, undefined for what is neither. */
export function ipVersion(text: string | undefined): 4 | 6 | undefined {
  const [address = '', prefix] = (text ?? '').split('/')
  const version = isIP(address)
  if (
    version === 0 ||
    (prefix !== undefined && !(/^\d+$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128)))
  )
    return undefined
  return version === 4 ? 4 : 6
}

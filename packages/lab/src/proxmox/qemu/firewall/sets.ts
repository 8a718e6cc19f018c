import { die, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { digestOf, firewallOf, ipVersion, writableFirewall, type Firewall, type IpSet } from './state.ts'

const BASE = '/nodes/{node}/qemu/{vmid}/firewall/ipset'

/** Sets of addresses of a VM's firewall. */
export const setHandlers: Handlers = {
  [`GET ${BASE}`]: (call) => {
    const firewall = firewallOf(call)
    return [...firewall.sets].map(([name, { comment }]) => ({
      name,
      digest: digestOf(firewall),
      ...(comment !== undefined && { comment }),
    }))
  },
  [`POST ${BASE}`]: createOrRename,
  [`GET ${BASE}/{name}`]: (call) => {
    const firewall = firewallOf(call)
    return [...setOf(firewall, call).entries.keys()].map((cidr) => showEntry(firewall, call, cidr))
  },
  [`POST ${BASE}/{name}`]: addEntry,
  [`DELETE ${BASE}/{name}`]: (call) => {
    const firewall = writableFirewall(call)
    const name = call.text('name')
    if (setOf(firewall, call).entries.size > 0 && !call.flag('force')) die(`IPSet '${name}' is not empty`)
    firewall.sets.delete(name)
    return null
  },
  [`GET ${BASE}/{name}/{cidr}`]: (call) => {
    const firewall = firewallOf(call)
    const cidr = call.text('cidr')
    if (!setOf(firewall, call).entries.has(cidr)) parameterError({ cidr: 'no such IP/Network' })
    return showEntry(firewall, call, cidr)
  },
  [`PUT ${BASE}/{name}/{cidr}`]: (call) => {
    const set = setOf(writableFirewall(call), call)
    const entry = set.entries.get(call.text('cidr')) ?? parameterError({ cidr: 'no such IP/Network' })
    entry.comment = call.optional('comment') ?? entry.comment
    entry.nomatch = call.flag('nomatch', entry.nomatch)
    return null
  },
  [`DELETE ${BASE}/{name}/{cidr}`]: (call) => {
    setOf(writableFirewall(call), call).entries.delete(call.text('cidr'))
    return null
  },
}

function setOf(firewall: Firewall, call: Call): IpSet {
  return firewall.sets.get(call.text('name')) ?? die(`no such IPSet '${call.text('name')}'`)
}

function showEntry(firewall: Firewall, call: Call, cidr: string): Record<string, unknown> {
  const entry = setOf(firewall, call).entries.get(cidr)
  return {
    cidr,
    digest: digestOf(firewall),
    ...(entry?.comment !== undefined && { comment: entry.comment }),
    ...(entry?.nomatch && { nomatch: 1 }),
  }
}

function createOrRename(call: Call): null {
  const firewall = writableFirewall(call)
  const [name, rename, comment] = [call.text('name'), call.optional('rename'), call.optional('comment')]
  if (rename !== undefined) {
    const set = firewall.sets.get(rename) ?? parameterError({ name: `IPSet '${rename}' does not exist` })
    if (name !== rename && firewall.sets.has(name)) parameterError({ name: `IPSet '${name}' already exists` })
    firewall.sets.delete(rename)
    firewall.sets.set(name, { entries: set.entries, comment: comment ?? set.comment })
    return null
  }
  if (firewall.sets.has(name)) parameterError({ name: `IPSet '${name}' already exists` })
  firewall.sets.set(name, { entries: new Map(), comment })
  return null
}

function addEntry(call: Call): null {
  const firewall = writableFirewall(call)
  const { entries } = setOf(firewall, call)
  const cidr = call.text('cidr')
  const alias = cidr.replace(/^(?:guest|dc)\//, '')
  if (ipVersion(cidr) === undefined && !firewall.aliases.has(alias)) die(`no such alias '${cidr}'`)
  if (entries.has(cidr)) parameterError({ cidr: `address '${cidr}' already exists` })
  entries.set(cidr, { nomatch: call.flag('nomatch'), comment: call.optional('comment') })
  return null
}

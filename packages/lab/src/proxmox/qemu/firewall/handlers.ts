import { parameterError } from '../../api-error.ts'
import { Answer, type Call, type Handlers } from '../../handler.ts'
import { ruleHandlers } from './rules.ts'
import { setHandlers } from './sets.ts'
import { digestOf, firewallOf, ipVersion, writableFirewall, type Alias } from './state.ts'

const BASE = '/nodes/{node}/qemu/{vmid}/firewall'

/** A VM's firewall. It is kept as it is told; the lab's network filters nothing. */
export const firewallHandlers: Handlers = {
  [`GET ${BASE}`]: () => ['rules', 'aliases', 'ipset', 'refs', 'options'].map((name) => ({ name })),
  [`GET ${BASE}/options`]: (call) => {
    const firewall = firewallOf(call)
    const options = [...firewall.options].map(([key, value]) => [
      key,
      SWITCHES.has(key) ? Number(value) : value,
    ])
    return { ...Object.fromEntries(options), digest: digestOf(firewall) }
  },
  [`PUT ${BASE}/options`]: setOptions,
  [`GET ${BASE}/aliases`]: (call) => {
    const firewall = firewallOf(call)
    return [...firewall.aliases.values()].map((alias) => ({
      ...showAlias(alias),
      digest: digestOf(firewall),
    }))
  },
  [`POST ${BASE}/aliases`]: (call) => {
    const { aliases } = writableFirewall(call)
    const name = call.text('name')
    if (aliases.has(name)) parameterError({ name: `alias '${name}' already exists` })
    aliases.set(name, { name, cidr: call.text('cidr'), comment: call.optional('comment') })
    return null
  },
  [`GET ${BASE}/aliases/{name}`]: (call) =>
    showAlias(firewallOf(call).aliases.get(call.text('name')) ?? noAlias()),
  [`PUT ${BASE}/aliases/{name}`]: changeAlias,
  [`DELETE ${BASE}/aliases/{name}`]: (call) => {
    writableFirewall(call).aliases.delete(call.text('name'))
    return null
  },
  [`GET ${BASE}/refs`]: references,
  [`GET ${BASE}/log`]: () =>
    new Answer([{ n: 1, t: 'unable to open file - No such file or directory' }], { total: 1 }),
  ...ruleHandlers,
  ...setHandlers,
}

const SWITCHES = new Set(['dhcp', 'enable', 'ipfilter', 'macfilter', 'ndp', 'radv'])
const OPTIONS = new Set([...SWITCHES, 'log_level_in', 'log_level_out', 'policy_in', 'policy_out'])

function setOptions(call: Call): null {
  const removed = (call.optional('delete') ?? '').split(/[,;\s]+/).filter(Boolean)
  const unknown = removed.find((name) => !OPTIONS.has(name))
  if (unknown !== undefined) parameterError({ delete: `no such option '${unknown}'` })
  const { options } = writableFirewall(call)
  for (const name of removed) options.delete(name)
  for (const name of OPTIONS) if (call.params[name] !== undefined) options.set(name, call.text(name))
  return null
}

function noAlias(): never {
  return parameterError({ name: 'no such alias' })
}

function showAlias({ name, cidr, comment }: Alias): Record<string, unknown> {
  return { name, cidr, ipversion: ipVersion(cidr), ...(comment !== undefined && { comment }) }
}

function changeAlias(call: Call): null {
  const { aliases } = writableFirewall(call)
  const name = call.text('name')
  const alias = aliases.get(name) ?? noAlias()
  const rename = call.optional('rename') ?? name
  if (rename !== name && aliases.has(rename)) parameterError({ name: `alias '${rename}' already exists` })
  aliases.delete(name)
  aliases.set(rename, {
    name: rename,
    cidr: call.text('cidr'),
    comment: call.optional('comment') ?? alias.comment,
  })
  return null
}

/** What rules may name: the VM's own aliases and sets. */
function references(call: Call): unknown[] {
  const { aliases, sets } = firewallOf(call)
  const type = call.optional('type')
  const entry = (kind: string, name: string, ref: string, comment: string | undefined): object => ({
    type: kind,
    name,
    ref,
    scope: 'guest',
    ...(comment !== undefined && { comment }),
  })
  return [
    ...(type === 'ipset'
      ? []
      : [...aliases.values()].map(({ name, comment }) => entry('alias', name, `guest/${name}`, comment))),
    ...(type === 'alias'
      ? []
      : [...sets].map(([name, { comment }]) => entry('ipset', name, `+guest/${name}`, comment))),
  ]
}

import { die, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { checkStringFormat } from '../verify/string-formats.ts'
import { checkDigest, digestOf, firewallOf, writableFirewall, type IpSet, type Scope } from './state.ts'

/** Sets of addresses. */
export function ipsetHandlers(path: string, scope: Scope): Handlers {
  const list = `${path}/ipset`
  const one = `${list}/{name}`
  const entry = `${one}/{cidr}`
  const setsOf = (call: Call): Map<string, IpSet> => firewallOf(call.world, scope(call)).ipsets
  const changing = (call: Call): Map<string, IpSet> => writableFirewall(call.world, scope(call)).ipsets
  const setOf = (call: Call): IpSet =>
    setsOf(call).get(call.text('name')) ?? die(`no such IPSet '${call.text('name')}'`)
  const entryOf = (call: Call): { comment?: string; nomatch?: boolean } =>
    setOf(call).entries.get(call.text('cidr')) ?? parameterError({ cidr: 'no such IP/Network' })
  return {
    [`GET ${list}`]: (call) => {
      const digest = digestOf(setsOf(call))
      return [...setsOf(call)].map(([name, { comment }]) => ({ name, comment, digest }))
    },
    [`POST ${list}`]: (call) => {
      const name = call.text('name')
      const comment = call.optional('comment')
      const renamed = call.optional('rename')
      if (renamed === undefined && changing(call).has(name))
        parameterError({ name: `IPSet '${name}' already exists` })
      const before = renamed === undefined ? undefined : changing(call).get(renamed)
      if (renamed !== undefined) {
        if (before === undefined) parameterError({ name: `IPSet '${renamed}' does not exist` })
        if (renamed !== name && changing(call).has(name))
          parameterError({ name: `IPSet '${name}' already exists` })
        changing(call).delete(renamed)
      }
      changing(call).set(name, {
        entries: before?.entries ?? new Map(),
        ...(comment !== undefined && { comment }),
      })
      return null
    },
    [`GET ${one}`]: (call) => {
      const { entries } = setOf(call)
      const digest = digestOf(entries)
      return [...entries].map(([cidr, facts]) => ({ ...show(cidr, facts), digest }))
    },
    [`DELETE ${one}`]: (call) => {
      const { entries } = setOf(call)
      if (entries.size > 0 && !call.flag('force')) die(`IPSet '${call.text('name')}' is not empty`)
      changing(call).delete(call.text('name'))
      return null
    },
    [`POST ${one}`]: (call) => {
      const { entries } = setOf(call)
      const cidr = call.text('cidr')
      const { aliases } = firewallOf(call.world, scope(call))
      const isAddress = checkStringFormat('IPorCIDR', cidr) === undefined
      if (!isAddress && !aliases.has(cidr.replace(/^(?:dc|guest)\//, ''))) die(`no such alias '${cidr}'`)
      if (entries.has(cidr)) parameterError({ cidr: `address '${cidr}' already exists` })
      entries.set(cidr, describe(call))
      return null
    },
    [`GET ${entry}`]: (call) => ({
      ...show(call.text('cidr'), entryOf(call)),
      digest: digestOf(setOf(call).entries),
    }),
    [`PUT ${entry}`]: (call) => {
      checkDigest(call, setOf(call).entries)
      const before = entryOf(call)
      setOf(call).entries.set(call.text('cidr'), { ...before, ...describe(call) })
      return null
    },
    [`DELETE ${entry}`]: (call) => {
      checkDigest(call, setOf(call).entries)
      setOf(call).entries.delete(call.text('cidr'))
      return null
    },
  }
}

function describe(call: Call): { comment?: string; nomatch?: boolean } {
  const comment = call.optional('comment')
  return {
    ...(comment !== undefined && { comment }),
    ...(call.optional('nomatch') !== undefined && { nomatch: call.flag('nomatch') }),
  }
}

function show(
  cidr: string,
  { comment, nomatch }: { comment?: string; nomatch?: boolean },
): Record<string, unknown> {
  return { cidr, comment, ...(nomatch && { nomatch: 1 }) }
}

import { isIPv6 } from 'node:net'
import { parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { checkDigest, digestOf, firewallOf, writableFirewall, type Scope } from './state.ts'

/** Names for addresses. */
export function aliasHandlers(path: string, scope: Scope): Handlers {
  const list = `${path}/aliases`
  const aliasesOf = (call: Call): ReturnType<typeof firewallOf>['aliases'] =>
    firewallOf(call.world, scope(call)).aliases
  const changing = (call: Call): ReturnType<typeof firewallOf>['aliases'] =>
    writableFirewall(call.world, scope(call)).aliases
  const describe = (call: Call): { cidr: string; comment?: string } => {
    const comment = call.optional('comment')
    return { cidr: call.text('cidr'), ...(comment !== undefined && { comment }) }
  }
  return {
    [`GET ${list}`]: (call) => {
      const digest = digestOf(aliasesOf(call))
      return [...aliasesOf(call)].map(([name, alias]) => ({ ...show(name, alias), digest }))
    },
    [`GET ${list}/{name}`]: (call) => {
      const name = call.text('name')
      return show(name, aliasesOf(call).get(name) ?? unknown())
    },
    [`POST ${list}`]: (call) => {
      const name = call.text('name')
      if (changing(call).has(name)) parameterError({ name: `alias '${name}' already exists` })
      changing(call).set(name, describe(call))
      return null
    },
    [`PUT ${list}/{name}`]: (call) => {
      const aliases = changing(call)
      checkDigest(call, aliases)
      const name = call.text('name')
      const before = aliases.get(name) ?? unknown()
      const renamed = call.optional('rename') ?? name
      if (renamed !== name && aliases.has(renamed))
        parameterError({ name: `alias '${renamed}' already exists` })
      aliases.delete(name)
      aliases.set(renamed, { ...before, ...describe(call) })
      return null
    },
    // One that is gone already is no error.
    [`DELETE ${list}/{name}`]: (call) => {
      checkDigest(call, changing(call))
      changing(call).delete(call.text('name'))
      return null
    },
  }
}

function unknown(): never {
  return parameterError({ name: 'no such alias' })
}

function show(name: string, { cidr, comment }: { cidr: string; comment?: string }): Record<string, unknown> {
  return { name, cidr, comment, ipversion: isIPv6(cidr.split('/')[0] ?? '') ? 6 : 4 }
}

import { isIPv6 } from 'node:net'
import { parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { checkDigest, digestOf, firewallOf, type Scope } from './state.ts'

/** Names for addresses. */
export function aliasHandlers(path: string, scope: Scope): Handlers {
  const list = `${path}/aliases`
  const aliasesOf = (call: Call): ReturnType<typeof firewallOf>['aliases'] =>
    firewallOf(call.world, scope(call)).aliases
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
      if (aliasesOf(call).has(name)) parameterError({ name: `alias '${name}' already exists` })
      aliasesOf(call).set(name, describe(call))
      return null
    },
    [`PUT ${list}/{name}`]: (call) => {
      const aliases = aliasesOf(call)
      checkDigest(call, aliases)
      const name = call.text('name')
      const before = aliases.get(name) ?? unknown()
      aliases.delete(name)
      aliases.set(call.optional('rename') ?? name, { ...before, ...describe(call) })
      return null
    },
    // One that is gone already is no error.
    [`DELETE ${list}/{name}`]: (call) => {
      checkDigest(call, aliasesOf(call))
      aliasesOf(call).delete(call.text('name'))
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

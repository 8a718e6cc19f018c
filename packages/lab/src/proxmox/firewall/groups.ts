import { die, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { ruleHandlers } from './rules.ts'
import { digestOf, writableFirewall } from './state.ts'

const LIST = '/cluster/firewall/groups'
const PREFIX = 'group/'

/** Security groups: rules that firewalls take over by name. */
export const groupHandlers: Handlers = {
  ...ruleHandlers(`${LIST}/{group}`, keyOf),
  [`GET ${LIST}`]: ({ world }) =>
    [...world.cluster.firewalls]
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, group]) => ({
        group: key.slice(PREFIX.length),
        comment: group.comment,
        digest: digestOf(group),
      })),
  [`POST ${LIST}`]: (call) => {
    const name = call.text('group')
    const renamed = call.optional('rename')
    const { firewalls } = call.world.cluster
    if (firewalls.has(PREFIX + name) && renamed !== name)
      parameterError({ group: `Security group '${name}' already exists` })
    const before = renamed === undefined ? undefined : firewalls.get(PREFIX + renamed)
    if (renamed !== undefined) {
      if (before === undefined) parameterError({ group: `Security group '${renamed}' does not exist` })
      firewalls.delete(PREFIX + renamed)
    }
    const group = writableFirewall(call.world, PREFIX + name)
    if (before !== undefined) group.rules.push(...before.rules)
    const comment = call.optional('comment')
    if (comment !== undefined) group.comment = comment
    return null
  },
  [`DELETE ${LIST}/{group}`]: (call) => {
    const name = call.text('group')
    if ((call.world.cluster.firewalls.get(PREFIX + name)?.rules.length ?? 0) > 0)
      die(`Security group '${name}' is not empty`)
    call.world.cluster.firewalls.delete(PREFIX + name)
    return null
  },
}

/** The group of a call. Throws when there is none: a read must not make one. */
function keyOf(call: Call): string {
  const key = PREFIX + call.text('group')
  return call.world.cluster.firewalls.has(key) ? key : die(`no such security group '${call.text('group')}'`)
}

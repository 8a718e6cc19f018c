import { isIPv4, isIPv6 } from 'node:net'
import { die, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { splitList } from '../verify/string-formats.ts'
import { MACROS } from './macros.ts'
import { checkDigest, digestOf, firewallOf, writableFirewall, type Rule, type Scope } from './state.ts'

const NOT_OF_RULE = new Set(['node', 'vmid', 'vnet', 'group', 'pos', 'digest', 'delete', 'moveto'])

/**
 * Rules of a firewall, in their order.
 * @param path of the list; one rule is below it.
 * @param iface what an interface must be called; default anything.
 */
export function ruleHandlers(path: string, scope: Scope, iface?: RegExp): Handlers {
  return {
    [`GET ${path}`]: (call) => {
      const { rules } = firewallOf(call.world, scope(call))
      const digest = digestOf(rules)
      return rules.map((rule, pos) => ({ ...show(rule), pos, digest }))
    },
    [`GET ${path}/{pos}`]: (call) => {
      const { rules } = firewallOf(call.world, scope(call))
      return { ...show(ruleAt(call, rules)), pos: call.text('pos'), digest: digestOf(rules) }
    },
    [`POST ${path}`]: (call) => {
      const { rules } = writableFirewall(call.world, scope(call))
      checkDigest(call, rules)
      const rule: Rule = { enable: '0', ...given(call) }
      check(rule, iface)
      // A new rule comes first, whatever position is asked for.
      rules.unshift(rule)
      return null
    },
    [`PUT ${path}/{pos}`]: (call) => {
      const { rules } = writableFirewall(call.world, scope(call))
      checkDigest(call, rules)
      const rule = ruleAt(call, rules)
      const from = Number(call.text('pos'))
      const to = call.number('moveto')
      if (to !== undefined) {
        rules.splice(from, 1)
        rules.splice(to > from ? to - 1 : to, 0, rule)
        return null
      }
      const changed: Rule = { ...rule, ...given(call) }
      for (const name of splitList(call.optional('delete') ?? '')) delete changed[name]
      check(changed, iface)
      rules[from] = changed
      return null
    },
    [`DELETE ${path}/{pos}`]: (call) => {
      const { rules } = writableFirewall(call.world, scope(call))
      checkDigest(call, rules)
      ruleAt(call, rules)
      rules.splice(Number(call.text('pos')), 1)
      return null
    },
  }
}

function ruleAt(call: Call, rules: readonly Rule[]): Rule {
  const pos = call.text('pos')
  return rules[Number(pos)] ?? die(`no rule at position ${pos}`)
}

function given(call: Call): Rule {
  const rule: Rule = {}
  for (const name in call.params) if (!NOT_OF_RULE.has(name)) rule[name] = call.text(name)
  return rule
}

/** What the schema cannot say of a rule. */
function check(rule: Rule, iface: RegExp | undefined): void {
  if (rule['iface'] !== undefined && iface?.test(rule['iface']) === false)
    parameterError({ iface: `value does not match the regex pattern '${iface.source.slice(1, -1)}'` })
  const { macro, proto, dport, sport } = rule
  if (macro !== undefined && MACROS[macro] === undefined)
    parameterError({ macro: `unknown macro '${macro}'` })
  const needing = dport !== undefined ? 'dport' : sport !== undefined ? 'sport' : undefined
  if (needing !== undefined && proto === undefined && macro === undefined)
    parameterError({ proto: `missing property - '${needing}' requires this property` })
}

function show(rule: Rule): Record<string, unknown> {
  const address = (rule['source'] ?? rule['dest'] ?? '').split(/[,/-]/)[0] ?? ''
  const version = isIPv4(address) ? 4 : isIPv6(address) ? 6 : undefined
  return { ...rule, enable: Number(rule['enable']), ...(version !== undefined && { ipversion: version }) }
}

import { die, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { MACROS } from './macros.ts'
import { digestOf, firewallOf, ipVersion, writableFirewall, type Firewall } from './state.ts'

const BASE = '/nodes/{node}/qemu/{vmid}/firewall/rules'

/** Rules of a VM's firewall. */
export const ruleHandlers: Handlers = {
  [`GET ${BASE}`]: (call) => {
    const firewall = firewallOf(call)
    return firewall.rules.map((rule, pos) => ({ ...show(firewall, rule), pos }))
  },
  [`POST ${BASE}`]: (call) => {
    const rule = { enable: '0', ...fieldsOf(call) }
    checkRule(rule)
    // A new rule is the first one, whatever position was given.
    writableFirewall(call).rules.unshift(rule)
    return null
  },
  [`GET ${BASE}/{pos}`]: (call) => {
    const firewall = firewallOf(call)
    return { ...show(firewall, ruleAt(firewall, call)), pos: call.text('pos') }
  },
  [`PUT ${BASE}/{pos}`]: change,
  [`DELETE ${BASE}/{pos}`]: (call) => {
    const firewall = writableFirewall(call)
    ruleAt(firewall, call)
    firewall.rules.splice(Number(call.text('pos')), 1)
    return null
  },
}

const FIELDS = [
  'action',
  'type',
  'comment',
  'dest',
  'dport',
  'enable',
  'icmp-type',
  'iface',
  'log',
  'macro',
  'proto',
  'source',
  'sport',
]

function fieldsOf(call: Call): Record<string, string> {
  return Object.fromEntries(
    FIELDS.flatMap((name) => (call.params[name] === undefined ? [] : [[name, call.text(name)]])),
  )
}

function ruleAt(firewall: Firewall, call: Call): Record<string, string> {
  const pos = call.text('pos')
  return firewall.rules[Number(pos)] ?? die(`no rule at position ${pos}`)
}

function show(firewall: Firewall, rule: Readonly<Record<string, string>>): Record<string, unknown> {
  const version = ipVersion(rule['source']) ?? ipVersion(rule['dest'])
  return {
    ...rule,
    enable: Number(rule['enable'] ?? 0),
    digest: digestOf(firewall),
    ...(version && { ipversion: version }),
  }
}

/** Changes a rule, or moves it before the one that is at `moveto` now. */
function change(call: Call): null {
  const firewall = writableFirewall(call)
  const rule = ruleAt(firewall, call)
  const moveto = call.number('moveto')
  if (moveto !== undefined) {
    const rest = firewall.rules
      .map((each, index) => (index === moveto && each !== rule ? [rule, each] : each === rule ? [] : [each]))
      .flat()
    firewall.rules = rest.includes(rule) ? rest : [...rest, rule]
    return null
  }
  const removed = (call.optional('delete') ?? '').split(/[,;\s]+/).filter(Boolean)
  const next = Object.fromEntries(
    Object.entries({ ...rule, ...fieldsOf(call) }).filter(([name]) => !removed.includes(name)),
  )
  checkRule(next)
  firewall.rules = firewall.rules.map((each) => (each === rule ? next : each))
  return null
}

function checkRule(rule: Readonly<Record<string, string>>): void {
  const { iface, macro, proto } = rule
  if (iface !== undefined && !/^net\d+$/.test(iface))
    parameterError({ iface: "value does not match the regex pattern 'net\\d+'" })
  if (macro !== undefined && !MACROS.has(macro)) parameterError({ macro: `unknown macro '${macro}'` })
  const port = ['dport', 'sport'].find((name) => rule[name] !== undefined)
  if (port !== undefined && proto === undefined && macro === undefined)
    parameterError({ proto: `missing property - '${port}' requires this property` })
}

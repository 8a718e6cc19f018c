import { die, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { listOf, sectionHandlers, sectionsOf, type Section, type SectionFile } from '../../sections.ts'

/** Options that only one type of rule has. */
const OF_TYPE: Readonly<Record<string, string>> = {
  nodes: 'node-affinity',
  strict: 'node-affinity',
  affinity: 'resource-affinity',
}

const ruleFile: SectionFile = {
  list: '/cluster/ha/rules',
  id: 'rule',
  sections: (world) => sectionsOf(world, 'ha/rules'),
  lock: 'ha_rules_cfg',
  noun: 'ha rule',
  exists: (rule) => die(`HA rule '${rule}' already defined`),
  missing: (rule) => die(`no such ha rule '${rule}'`),
  required: { 'node-affinity': ['nodes'], 'resource-affinity': ['affinity'] },
  check,
  sees: (call, _, { type, resources }) =>
    [undefined, type].includes(call.optional('type')) &&
    (call.optional('resource') === undefined || listOf(resources).includes(call.text('resource'))),
}

/** Rules that bind resources to hosts, or keep them together or apart. */
export const haRuleHandlers: Handlers = sectionHandlers(ruleFile)

function check(call: Call, rule: string, section: Section, before: Section | undefined): void {
  const { world } = call
  if (before !== undefined && before['type'] !== section['type'])
    parameterError({ type: `type of rule '${rule}' cannot be changed` })
  for (const [option, type] of Object.entries(OF_TYPE))
    if (section[option] !== undefined && section['type'] !== type) die(`unexpected property '${option}'`)
  const named = listOf(section['resources'])
  const unmanaged = named.filter((sid) => !world.cluster.haResources.has(sid))
  if (unmanaged.length > 0) die(`cannot use unmanaged resource(s) ${unmanaged.join(', ')}.`)
  // A node may have a priority behind it: `pve1:2`.
  const strangers = listOf(section['nodes']).filter((node) => !world.hosts.has(node.split(':')[0] ?? ''))
  if (strangers.length > 0) die(`cannot use non-existing node(s) ${strangers.join(', ')}.`)
  if (section['type'] === 'resource-affinity' && named.length < 2)
    parameterError({ resources: 'rule defines only one resource' })
  if (section['type'] === 'node-affinity') refuseSecond(rule, named, ruleFile.sections(world))
}

/** A resource is bound to hosts by one rule at most. */
function refuseSecond(rule: string, named: readonly string[], rules: Iterable<[string, Section]>): void {
  for (const [other, section] of rules) {
    if (other === rule || section['type'] !== 'node-affinity' || section['disable'] === '1') continue
    const twice = listOf(section['resources']).find((sid) => named.includes(sid))
    if (twice !== undefined)
      parameterError({ resources: `resource '${twice}' is already used in another node affinity rule` })
  }
}

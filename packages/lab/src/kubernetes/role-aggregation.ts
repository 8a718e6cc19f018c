import { items, member } from './builtin/defaults/fields.ts'
import { selectorMatches } from './builtin/validation/workloads.ts'
import type { ApiObject, JsonObject } from './resources.ts'
import type { Core, WriteContext } from './rest/core.ts'
import { equal } from './rest/json.ts'
import { patchObject } from './rest/patch.ts'

/** Where ClusterRoles are kept. */
export const ROLE_BUCKET = 'rbac.authorization.k8s.io/clusterroles'

/** Writes into each ClusterRole that aggregates others the rules of those that its selectors choose. */
export function aggregateRoles(core: Core, ctx: WriteContext): void {
  const definition = core.registry.find('rbac.authorization.k8s.io', 'v1', 'clusterroles')
  if (definition === undefined) return
  const roles = core.storage.list(ROLE_BUCKET)
  for (const role of roles) {
    const selectors = items(member(role, 'aggregationRule'), 'clusterRoleSelectors')
    if (selectors.length === 0 || role.metadata.deletionTimestamp !== undefined) continue
    const rules = aggregated(role, roles, selectors)
    if (equal(rules, items(role, 'rules'))) continue
    const name = role.metadata.name ?? ''
    patchObject(core, definition, undefined, name, { metadata: {}, rules }, 'apply', {
      ...ctx,
      manager: 'clusterrole-aggregation-controller',
      force: true,
    })
  }
}

function aggregated(role: ApiObject, roles: ApiObject[], selectors: JsonObject[]): JsonObject[] {
  const byName = roles.toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
  const rules: JsonObject[] = []
  for (const selector of selectors)
    for (const other of byName) {
      if (other.metadata.uid === role.metadata.uid) continue
      if (!selectorMatches(selector, other.metadata.labels ?? {})) continue
      for (const rule of items(other, 'rules')) if (!rules.some((each) => equal(each, rule))) rules.push(rule)
    }
  return rules
}

import type { Store } from '../api.ts'
import type { ApiObject, GroupVersionResource, UserInfo } from '../resources.ts'
import { items, member, strings, textOf } from '../builtin/defaults/fields.ts'

const RBAC = 'rbac.authorization.k8s.io'
const roles: GroupVersionResource = { group: RBAC, version: 'v1', resource: 'clusterroles' }
const bindings: GroupVersionResource = { group: RBAC, version: 'v1', resource: 'clusterrolebindings' }

function concerns(binding: ApiObject, user: UserInfo): boolean {
  return items(binding, 'subjects').some((subject) => {
    const name = textOf(subject['name'])
    if (subject['kind'] === 'User') return name === user.username
    return subject['kind'] === 'Group' && user.groups.includes(name)
  })
}

function allows(role: ApiObject | undefined, group: string, resource: string): boolean {
  const has = (list: string[], value: string): boolean => list.includes('*') || list.includes(value)
  return items(role, 'rules').some(
    (rule) =>
      has(strings(rule, 'verbs'), 'create') &&
      has(strings(rule, 'apiGroups'), group) &&
      has(strings(rule, 'resources'), resource),
  )
}

/** Whether a user may create a resource at the cluster scope, by the cluster's role bindings. */
export function mayCreate(store: Store, user: UserInfo, group: string, resource: string): boolean {
  if (user.groups.includes('system:masters')) return true
  return store
    .list(bindings)
    .filter((binding) => concerns(binding, user))
    .some((binding) =>
      allows(store.get(roles, undefined, textOf(member(binding, 'roleRef')?.['name'])), group, resource),
    )
}

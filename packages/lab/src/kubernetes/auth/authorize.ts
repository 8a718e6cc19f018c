import type { Core } from '../rest/core.ts'
import { authorizeNode } from './node-authorizer.ts'
import type { Attributes, Decision } from './rbac.ts'
import { authorizeByRoles } from './rbac.ts'

/** Asks the Node authorizer, then RBAC; masters may everything. The reason of a refusal is the Node authorizer's. */
export function authorize(core: Core, attributes: Attributes): Decision {
  if (attributes.user.groups.includes('system:masters')) return { allowed: true, reason: '' }
  const node = authorizeNode(core, attributes)
  if (node?.allowed === true) return node
  const roles = authorizeByRoles(core, attributes)
  return roles.allowed ? roles : { allowed: false, reason: node?.reason ?? '' }
}

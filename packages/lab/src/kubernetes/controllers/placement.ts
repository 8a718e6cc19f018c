import type { ApiObject, JsonObject } from '../resources.ts'
import { items, member, strings, textOf } from '../builtin/defaults/fields.ts'
import { specOf } from './objects.ts'

/** Whether a toleration covers a taint. */
export function tolerates(toleration: JsonObject, taint: JsonObject): boolean {
  const effect = textOf(toleration['effect'])
  if (effect !== '' && effect !== taint['effect']) return false
  const key = textOf(toleration['key'])
  if (key !== '' && key !== taint['key']) return false
  if (toleration['operator'] === 'Exists') return true
  return key !== '' && textOf(toleration['value']) === textOf(taint['value'])
}

/** The taints of a node with one of some effects that none of the tolerations covers. */
export function untolerated(node: ApiObject, tolerations: JsonObject[], effects: string[]): JsonObject[] {
  return items(specOf(node), 'taints').filter(
    (taint) =>
      effects.includes(textOf(taint['effect'])) && !tolerations.some((each) => tolerates(each, taint)),
  )
}

function requirementMet(requirement: JsonObject, value: string | undefined): boolean {
  const values = strings(requirement, 'values')
  switch (requirement['operator']) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0])
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0])
    default:
      return false
  }
}

/** Whether a pod's node selector and required node affinity allow a node. */
export function selectsNode(podSpec: JsonObject, node: ApiObject): boolean {
  const labels = node.metadata.labels ?? {}
  for (const [key, value] of Object.entries(member(podSpec, 'nodeSelector') ?? {}))
    if (labels[key] !== value) return false
  const required = member(
    member(member(podSpec, 'affinity'), 'nodeAffinity'),
    'requiredDuringSchedulingIgnoredDuringExecution',
  )
  if (required === undefined) return true
  return items(required, 'nodeSelectorTerms').some(
    (term) =>
      items(term, 'matchExpressions').every((each) => requirementMet(each, labels[textOf(each['key'])])) &&
      items(term, 'matchFields').every((each) => requirementMet(each, node.metadata.name)),
  )
}

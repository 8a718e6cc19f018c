import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { ApiObject } from '../../resources.ts'
import { items, member } from '../defaults/fields.ts'

/** What is wrong with an Ingress: one that sends nothing anywhere. */
export function ingressProblems(ingress: ApiObject): FieldError[] {
  const spec = member(ingress, 'spec')
  if (items(spec, 'rules').length > 0 || member(spec, 'defaultBackend') !== undefined) return []
  return [fieldError.invalid('spec', null, 'either `defaultBackend` or `rules` must be specified')]
}

import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { ApiObject, JsonObject } from '../../resources.ts'
import { items, member, strings, textOf } from '../defaults/fields.ts'
import { celProblem } from './cel-problem.ts'

const ACTIONS = ['Audit', 'Deny', 'Warn']

function expressionProblems(holder: JsonObject, field: string, path: string, required = true): FieldError[] {
  const expression = textOf(holder[field])
  const at = `${path}.${field}`
  if (expression.trim() === '') return required ? [fieldError.required(at, `${field} is not specified`)] : []
  const problem = celProblem(expression)
  return problem === undefined ? [] : [fieldError.invalid(at, expression, problem)]
}

/** What is wrong with a ValidatingAdmissionPolicy. */
export function policyProblems(policy: ApiObject): FieldError[] {
  const spec = member(policy, 'spec') ?? {}
  const errors: FieldError[] = []
  const failure = textOf(spec['failurePolicy'])
  if (!['Fail', 'Ignore'].includes(failure))
    errors.push(fieldError.notSupported('spec.failurePolicy', failure, ['Fail', 'Ignore']))
  const match = member(spec, 'matchConstraints')
  if (match === undefined) errors.push(fieldError.required('spec.matchConstraints'))
  else if (items(match, 'resourceRules').length === 0)
    errors.push(fieldError.required('spec.matchConstraints.resourceRules'))
  items(spec, 'matchConditions').forEach((condition, index) =>
    errors.push(...expressionProblems(condition, 'expression', `spec.matchConditions[${index}]`)),
  )
  items(spec, 'variables').forEach((variable, index) =>
    errors.push(...expressionProblems(variable, 'expression', `spec.variables[${index}]`)),
  )
  if (items(spec, 'validations').length === 0 && items(spec, 'auditAnnotations').length === 0)
    errors.push(fieldError.required('spec.validations', 'validations or auditAnnotations must be non-empty'))
  items(spec, 'validations').forEach((validation, index) => {
    const path = `spec.validations[${index}]`
    errors.push(
      ...expressionProblems(validation, 'expression', path),
      ...expressionProblems(validation, 'messageExpression', path, false),
    )
  })
  return errors
}

/** What is wrong with the binding of a ValidatingAdmissionPolicy. */
export function policyBindingProblems(binding: ApiObject): FieldError[] {
  const spec = member(binding, 'spec') ?? {}
  const errors: FieldError[] = []
  if (textOf(spec['policyName']) === '') errors.push(fieldError.required('spec.policyName'))
  const actions = strings(spec, 'validationActions')
  if (actions.length === 0) errors.push(fieldError.required('spec.validationActions'))
  for (const action of actions)
    if (!ACTIONS.includes(action))
      errors.push(fieldError.notSupported('spec.validationActions', action, ACTIONS))
  if (actions.includes('Deny') && actions.includes('Warn'))
    errors.push(
      fieldError.invalid(
        'spec.validationActions',
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    )
  return errors
}

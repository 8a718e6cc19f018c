import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { ApiObject, JsonObject } from '../../resources.ts'
import { equal } from '../../rest/json.ts'
import { items, member, strings, textOf } from '../defaults/fields.ts'
import { podSpecProblems } from './pod.ts'

/** Whether labels satisfy a label selector; an absent or empty one matches everything. */
export function selectorMatches(selector: JsonObject | undefined, labels: JsonObject): boolean {
  for (const [key, value] of Object.entries(member(selector, 'matchLabels') ?? {}))
    if (labels[key] !== value) return false
  return items(selector, 'matchExpressions').every((each) => {
    const value = labels[textOf(each['key'])]
    const values = strings(each, 'values')
    switch (each['operator']) {
      case 'In':
        return typeof value === 'string' && values.includes(value)
      case 'NotIn':
        return typeof value !== 'string' || !values.includes(value)
      case 'Exists':
        return value !== undefined
      default:
        return value === undefined
    }
  })
}

function isEmpty(selector: JsonObject | undefined): boolean {
  return (
    Object.keys(member(selector, 'matchLabels') ?? {}).length === 0 &&
    items(selector, 'matchExpressions').length === 0
  )
}

/** What is wrong with a Deployment, ReplicaSet, StatefulSet or DaemonSet. */
export function workloadProblems(object: ApiObject, old?: ApiObject): FieldError[] {
  const errors: FieldError[] = []
  const spec = member(object, 'spec') ?? {}
  const replicas = spec['replicas']
  if (typeof replicas === 'number' && replicas < 0)
    errors.push(fieldError.invalid('spec.replicas', replicas, 'must be greater than or equal to 0'))
  const selector = member(spec, 'selector')
  if (selector === undefined) errors.push(fieldError.required('spec.selector'))
  else if (isEmpty(selector))
    errors.push(
      fieldError.invalid('spec.selector', selector, `empty selector is invalid for ${lower(object.kind)}`),
    )
  const template = member(spec, 'template')
  const labels = member(member(template, 'metadata'), 'labels')
  if (selector === undefined || !selectorMatches(selector, labels ?? {}))
    errors.push(
      fieldError.invalid(
        'spec.template.metadata.labels',
        labels ?? null,
        '`selector` does not match template `labels`',
      ),
    )
  errors.push(...podSpecProblems(member(template, 'spec') ?? {}, 'spec.template.spec', ['Always']))
  if (object.kind === 'Deployment') errors.push(...strategyProblems(spec))
  const before = member(member(old, 'spec'), 'selector')
  if (before !== undefined && !equal(before, selector))
    errors.push(fieldError.invalid('spec.selector', selector ?? null, 'field is immutable'))
  return errors
}

const STRATEGIES = ['Recreate', 'RollingUpdate']

/** What is wrong with how a Deployment changes its pods. */
function strategyProblems(spec: JsonObject): FieldError[] {
  const strategy = member(spec, 'strategy')
  const type = strategy?.['type']
  const rolling = strategy?.['rollingUpdate'] ?? null
  if (type === 'Recreate' && rolling !== null)
    return [
      fieldError.forbidden(
        'spec.strategy.rollingUpdate',
        "may not be specified when strategy `type` is 'Recreate'",
      ),
    ]
  return STRATEGIES.includes(textOf(type))
    ? []
    : [fieldError.notSupported('spec.strategy', { Type: type, RollingUpdate: rolling }, STRATEGIES)]
}

function lower(kind: string | undefined): string {
  return (kind ?? '').toLowerCase()
}

/** What is wrong with a Job. */
export function jobProblems(job: ApiObject): FieldError[] {
  const template = member(member(job, 'spec'), 'template')
  return podSpecProblems(member(template, 'spec') ?? {}, 'spec.template.spec', ['OnFailure', 'Never'])
}

import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { ApiObject, JsonObject } from '../../resources.ts'
import { asText, isObject } from '../../rest/json.ts'
import { celProblem } from './cel-problem.ts'

/** What is wrong with a configuration of webhooks. */
export function webhookProblems(object: ApiObject): FieldError[] {
  const { webhooks } = object
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [index, webhook] of (Array.isArray(webhooks) ? webhooks.filter(isObject) : []).entries()) {
    const path = `webhooks[${index}]`
    errors.push(...oneProblems(webhook, path))
    const name = asText(webhook['name'])
    if (names.has(name)) errors.push(fieldError.duplicate(`${path}.name`, name))
    names.add(name)
  }
  return errors
}

function oneProblems(webhook: JsonObject, path: string): FieldError[] {
  const errors: FieldError[] = []
  const name = asText(webhook['name'])
  if (name.split('.').filter((part) => part !== '').length < 3)
    errors.push(
      fieldError.invalid(
        `${path}.name`,
        name,
        'should be a domain with at least three segments separated by dots',
      ),
    )
  const oneOf = (field: string, supported: string[]): void => {
    const value = webhook[field]
    if (value !== undefined && !supported.includes(asText(value)))
      errors.push(fieldError.notSupported(`${path}.${field}`, value, supported))
  }
  oneOf('failurePolicy', ['Fail', 'Ignore'])
  oneOf('matchPolicy', ['Equivalent', 'Exact'])
  if (webhook['sideEffects'] === undefined)
    errors.push(fieldError.required(`${path}.sideEffects`, 'must specify one of None, NoneOnDryRun'))
  oneOf('sideEffects', ['None', 'NoneOnDryRun'])
  const seconds = webhook['timeoutSeconds']
  if (typeof seconds === 'number' && (seconds < 1 || seconds > 30))
    errors.push(
      fieldError.invalid(
        `${path}.timeoutSeconds`,
        seconds,
        'the timeout value must be between 1 and 30 seconds',
      ),
    )
  errors.push(...configProblems(webhook['clientConfig'], `${path}.clientConfig`))
  const versions = webhook['admissionReviewVersions']
  if (!Array.isArray(versions) || !versions.some((each) => each === 'v1' || each === 'v1beta1'))
    errors.push(
      fieldError.invalid(
        `${path}.admissionReviewVersions`,
        versions ?? null,
        'must include at least one of v1, v1beta1',
      ),
    )
  const conditions = webhook['matchConditions']
  for (const [index, condition] of (Array.isArray(conditions) ? conditions.filter(isObject) : []).entries()) {
    const expression = asText(condition['expression'])
    const problem = celProblem(expression)
    if (problem !== undefined)
      errors.push(fieldError.invalid(`${path}.matchConditions[${index}].expression`, expression, problem))
  }
  return errors
}

function configProblems(config: unknown, path: string): FieldError[] {
  const { url, service } = isObject(config) ? config : {}
  if ((url === undefined) === (service === undefined))
    return [fieldError.required(path, 'exactly one of url or service is required')]
  if (url === undefined) return []
  const text = asText(url)
  const scheme = /^([a-z]*):\/\//.exec(text)?.[1] ?? ''
  const form = 'desired format: https://host[/path]'
  if (scheme !== 'https')
    return [fieldError.invalid(`${path}.url`, scheme, `'https' is the only allowed URL scheme; ${form}`)]
  if (!URL.canParse(text))
    return [fieldError.invalid(`${path}.url`, text, `url must be a valid URL; ${form}`)]
  return []
}

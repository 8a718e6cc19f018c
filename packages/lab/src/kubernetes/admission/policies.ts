import type { AdmissionRequest } from '../api.ts'
import { StatusError } from '../errors.ts'
import type { ApiObject, JsonObject } from '../resources.ts'
import { groupResource } from '../resources.ts'
import type { Core, WriteContext } from '../rest/core.ts'
import { asText, isObject } from '../rest/json.ts'
import { labelPredicate } from '../store/selectors.ts'
import { conditionsHold, configurations, evaluate } from './expressions.ts'
import type { Variables } from './expressions.ts'
import { isExempt, namespaceOf, ruleMatches, selectorsMatch } from './matching.ts'
import { admissionRequest } from './review.ts'

const CODES: { [reason: string]: number } = {
  Unauthorized: 401,
  Forbidden: 403,
  Invalid: 422,
  RequestEntityTooLarge: 413,
}

/** Applies ValidatingAdmissionPolicies through their bindings: refuses, or warns. Throws what the first that refuses says. */
export function runPolicies(core: Core, request: AdmissionRequest, ctx: WriteContext): void {
  if (isExempt(request)) return
  const bindings = configurations(core, 'validatingadmissionpolicybindings')
  if (bindings.length === 0) return
  for (const policy of configurations(core, 'validatingadmissionpolicies')) {
    const spec = isObject(policy['spec']) ? policy['spec'] : {}
    if (!isChosen(core, spec['matchConstraints'], request)) continue
    for (const binding of bindings)
      applyBinding(core, policy as ApiObject, spec, binding as ApiObject, request, ctx)
  }
}

function applyBinding(
  core: Core,
  policy: ApiObject,
  spec: JsonObject,
  binding: ApiObject,
  request: AdmissionRequest,
  ctx: WriteContext,
): void {
  const bound = isObject(binding['spec']) ? binding['spec'] : {}
  if (bound['policyName'] !== policy.metadata.name) return
  if (bound['matchResources'] !== undefined && !isChosen(core, bound['matchResources'], request)) return
  const found = paramsOf(core, spec, bound, request)
  const actions = Array.isArray(bound['validationActions']) ? bound['validationActions'].map(asText) : []
  const names = { policy: policy.metadata.name ?? '', binding: binding.metadata.name ?? '' }
  if (found === 'none') {
    const ref = bound['paramRef']
    if (isObject(ref) && ref['parameterNotFoundAction'] === 'Allow') return
    tell(
      request,
      ctx,
      names,
      actions,
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    )
    return
  }
  for (const params of found) {
    const asked = admissionRequest(request, ctx)
    const { object = null, oldObject = null } = asked
    const variables: Variables = {
      object: isObject(object) ? object : null,
      oldObject: isObject(oldObject) ? oldObject : null,
      request: asked,
      namespaceObject: namespaceOf(core, request) ?? null,
      params,
    }
    const failures = failuresOf(spec, variables)
    // Refusals tell the first only, warnings all.
    for (const { text, reason } of failures) tell(request, ctx, names, actions, text, reason)
  }
}

function isChosen(core: Core, match: unknown, request: AdmissionRequest): boolean {
  if (!isObject(match)) return true
  const rules = (field: string): JsonObject[] => {
    const value = match[field]
    return Array.isArray(value) ? value.filter(isObject) : []
  }
  const names = (rule: JsonObject): boolean => {
    const wanted = rule['resourceNames']
    if (!Array.isArray(wanted) || wanted.length === 0) return true
    return wanted.includes(request.name ?? '')
  }
  const fits = (rule: JsonObject): boolean => ruleMatches(rule, request) && names(rule)
  if (rules('excludeResourceRules').some(fits)) return false
  const included = rules('resourceRules')
  return (included.length === 0 || included.some(fits)) && selectorsMatch(core, match, request)
}

/** The objects that a policy's parameters come from; one null for a policy that has none. */
function paramsOf(
  core: Core,
  spec: JsonObject,
  binding: JsonObject,
  request: AdmissionRequest,
): (ApiObject | null)[] | 'none' {
  const kind = spec['paramKind']
  const ref = binding['paramRef']
  if (!isObject(kind) || !isObject(ref)) return [null]
  const apiVersion = asText(kind['apiVersion'])
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const definition = core.registry.findKind(group ?? '', version ?? '', asText(kind['kind']))
  if (definition === undefined) return 'none'
  const namespace = definition.namespaced ? asText(ref['namespace'] ?? request.namespace) : ''
  const bucket = `${definition.group}/${definition.resource}`
  const name = asText(ref['name'])
  if (name !== '') {
    const found = core.storage.get({ bucket, namespace, name })
    return found === undefined ? 'none' : [found]
  }
  const selector = ref['selector']
  const labels = isObject(selector) && isObject(selector['matchLabels']) ? selector['matchLabels'] : {}
  const selects = labelPredicate(
    Object.entries(labels)
      .map(([key, value]) => `${key}=${asText(value)}`)
      .join(','),
  )
  const objects = core.storage.list(bucket, namespace).filter((each) => selects?.(each) ?? true)
  return objects.length === 0 ? 'none' : objects
}

/** What of a policy's validations fails. A problem of an expression fails too, unless the policy ignores failures. */
function failuresOf(spec: JsonObject, variables: Variables): { text: string; reason: string }[] {
  const isLenient = spec['failurePolicy'] === 'Ignore'
  try {
    if (!conditionsHold(spec['matchConditions'], variables)) return []
  } catch (error) {
    return isLenient ? [] : [{ text: textOf(error), reason: 'Invalid' }]
  }
  const named = namedValues(spec, variables)
  const failures: { text: string; reason: string }[] = []
  for (const validation of Array.isArray(spec['validations']) ? spec['validations'].filter(isObject) : []) {
    const expression = asText(validation['expression'])
    try {
      if (evaluate(expression, variables, named) === true) continue
    } catch (error) {
      if (!isLenient)
        failures.push({
          text: `expression '${expression}' resulted in error: ${textOf(error)}`,
          reason: 'Invalid',
        })
      continue
    }
    const fixed = asText(validation['message']).trim()
    failures.push({
      text:
        madeMessage(validation, variables, named) ??
        (fixed === '' ? `failed expression: ${expression.trim()}` : fixed),
      reason: asText(validation['reason']) || 'Invalid',
    })
  }
  return failures
}

/** The policy's `variables`, each known once an expression names it. */
function namedValues(spec: JsonObject, variables: Variables): { readonly [name: string]: unknown } {
  const named: { [name: string]: unknown } = {}
  for (const each of Array.isArray(spec['variables']) ? spec['variables'].filter(isObject) : []) {
    try {
      named[asText(each['name'])] = evaluate(asText(each['expression']), variables, { ...named })
    } catch {
      // What cannot be told is missing to the expressions that name it.
    }
  }
  return named
}

function madeMessage(
  validation: JsonObject,
  variables: Variables,
  named: { readonly [name: string]: unknown },
): string | undefined {
  const expression = asText(validation['messageExpression'])
  if (expression === '') return undefined
  try {
    const text = evaluate(expression, variables, named)
    return typeof text === 'string' && text.trim() !== '' ? text.trim() : undefined
  } catch {
    return undefined
  }
}

function tell(
  request: AdmissionRequest,
  ctx: WriteContext,
  names: { policy: string; binding: string },
  actions: string[],
  text: string,
  reason = 'Invalid',
): void {
  if (actions.includes('Warn'))
    ctx.warnings.push(
      `Validation failed for ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}': ${text}`,
    )
  if (!actions.includes('Deny')) return
  const message = `ValidatingAdmissionPolicy '${names.policy}' with binding '${names.binding}' denied request: ${text}`
  const { definition } = request
  throw new StatusError(
    CODES[reason] ?? 422,
    reason,
    `${groupResource(definition)} ${JSON.stringify(request.name ?? '')} is forbidden: ${message}`,
    {
      name: request.name ?? '',
      ...(definition.group === '' ? {} : { group: definition.group }),
      kind: definition.resource,
      causes: [{ message }],
    },
  )
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

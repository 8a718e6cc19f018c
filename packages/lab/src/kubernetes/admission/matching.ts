import type { AdmissionRequest } from '../api.ts'
import type { ApiObject, Json, JsonObject } from '../resources.ts'
import { selectorMatches } from '../builtin/validation/workloads.ts'
import type { Core } from '../rest/core.ts'
import { asText, isObject } from '../rest/json.ts'

/** Kinds that no webhook and no policy is asked about: those that decide whether any is asked, and what is never stored. */
const EXEMPT = new Set(['admissionregistration.k8s.io', 'authentication.k8s.io', 'authorization.k8s.io'])

/** Whether webhooks and policies are asked about a kind at all. */
export function isExempt(request: AdmissionRequest): boolean {
  return EXEMPT.has(request.gvr.group)
}

function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map(asText) : []
}

/** Whether a rule with its `resources` and `operations` names a request. Other versions of the kind count too (matchPolicy Equivalent). */
export function ruleMatches(rule: JsonObject, request: AdmissionRequest): boolean {
  const { gvr, definition, operation, subresource } = request
  const has = (field: string, wanted: string): boolean => {
    const values = texts(rule[field])
    return values.includes('*') || values.includes(wanted)
  }
  if (!has('operations', operation) || !has('apiGroups', gvr.group)) return false
  const isNamespace = gvr.group === '' && gvr.resource === 'namespaces'
  const scope = rule['scope'] ?? '*'
  if (scope === 'Namespaced' && (!definition.namespaced || isNamespace)) return false
  if (scope === 'Cluster' && definition.namespaced) return false
  return texts(rule['resources']).some((each) => {
    const [resource = '', part = ''] = each.split('/')
    return (
      (resource === '*' || resource === gvr.resource) &&
      (each === '*' || each === gvr.resource
        ? (subresource ?? '') === ''
        : part === '*' || part === subresource)
    )
  })
}

/** Whether the selectors of a webhook or a policy choose a request's namespace and object. */
export function selectorsMatch(core: Core, chosen: JsonObject, request: AdmissionRequest): boolean {
  const { namespaceSelector, objectSelector } = chosen
  if (isObject(namespaceSelector) && Object.keys(namespaceSelector).length > 0) {
    const labels = namespaceLabels(core, request)
    // What is in no namespace is not chosen by it.
    if (labels !== undefined && !selectorMatches(namespaceSelector, labels)) return false
  }
  if (!isObject(objectSelector) || Object.keys(objectSelector).length === 0) return true
  return [request.object, request.oldObject].some(
    (object) => object !== undefined && selectorMatches(objectSelector, object.metadata.labels ?? {}),
  )
}

function namespaceLabels(core: Core, request: AdmissionRequest): { [key: string]: string } | undefined {
  if (request.gvr.group === '' && request.gvr.resource === 'namespaces')
    return (request.object ?? request.oldObject)?.metadata.labels ?? {}
  if (!request.definition.namespaced) return undefined
  return namespaceOf(core, request)?.metadata.labels ?? {}
}

/** The namespace of a request. */
export function namespaceOf(core: Core, request: AdmissionRequest): ApiObject | undefined {
  return core.storage.get({ bucket: '/namespaces', namespace: '', name: request.namespace ?? '' })
}

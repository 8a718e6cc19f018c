import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { ApiObject, Json, JsonObject, Schema } from '../resources.ts'
import { asText, at, equal, isObject } from '../rest/json.ts'
import { label1035Problems, subdomainProblems } from './names.ts'
import { ruleCostProblems } from './rule-cost.ts'
import { problemsOfValue } from './validate.ts'

/** What is wrong with a CustomResourceDefinition itself: names, versions, scope, the structure of its schemas. */
export function crdProblems(crd: ApiObject, old?: ApiObject): FieldError[] {
  const spec = isObject(crd['spec']) ? crd['spec'] : {}
  const names = isObject(spec['names']) ? spec['names'] : {}
  const group = asText(spec['group'])
  const plural = asText(names['plural'])
  const errors: FieldError[] = []
  if (crd.metadata.name !== `${plural}.${group}`)
    errors.push(
      fieldError.invalid(
        'metadata.name',
        crd.metadata.name ?? '',
        'must be spec.names.plural+"."+spec.group',
      ),
    )
  if (group === '') errors.push(fieldError.required('spec.group'))
  else
    for (const problem of subdomainProblems(group))
      errors.push(fieldError.invalid('spec.group', group, problem))
  if (spec['scope'] === undefined || spec['scope'] === '') errors.push(fieldError.required('spec.scope'))
  else if (spec['scope'] !== 'Cluster' && spec['scope'] !== 'Namespaced')
    errors.push(fieldError.notSupported('spec.scope', spec['scope'], ['Cluster', 'Namespaced']))
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isObject) : []
  const storage = versions.filter((version) => version['storage'] === true)
  versions.forEach((version, index) => {
    const at = `spec.versions[${index}]`
    const name = asText(version['name'])
    for (const problem of label1035Problems(name))
      errors.push(fieldError.invalid(`${at}.name`, name, problem))
    const schema = isObject(version['schema']) ? version['schema']['openAPIV3Schema'] : undefined
    if (!isObject(schema)) errors.push(fieldError.required(`${at}.schema.openAPIV3Schema`))
    else {
      const path = versions.length === 1 ? 'spec.validation.openAPIV3Schema' : `${at}.schema.openAPIV3Schema`
      if (schema['type'] !== 'object')
        errors.push(
          schema['type'] === undefined
            ? fieldError.required(`${path}.type`, 'must not be empty at the root')
            : fieldError.invalid(`${path}.type`, schema['type'], 'must be object at the root'),
        )
      structure(schema, path, errors, true)
      errors.push(...ruleCostProblems(schema, path))
    }
  })
  const firstName = asText(versions[0]?.['name'])
  if (versions.length > 0)
    for (const problem of label1035Problems(firstName))
      errors.push(fieldError.invalid('spec.version', firstName, problem))
  if (storage.length !== 1)
    errors.push(
      fieldError.invalid(
        'spec.versions',
        versions.map(printed),
        'must have exactly one version marked as storage version',
      ),
    )
  if (old === undefined && storage.length !== 1)
    errors.push(fieldError.invalid('status.storedVersions', null, 'must have at least one stored version'))
  versions.forEach((version, index) => {
    const prefix = versions.length === 1 ? 'spec' : `spec.versions[${index}]`
    errors.push(...columnProblems(version, prefix), ...scaleProblems(version, prefix))
  })
  errors.push(...conversionProblems(spec), ...approvalProblems(crd, group))
  for (const field of ['plural', 'kind'] as const) {
    const value = names[field]
    if (value === undefined || value === '') errors.push(fieldError.required(`spec.names.${field}`))
  }
  if (old !== undefined) errors.push(...changeProblems(crd, spec, versions, old))
  return errors
}

/** A version as the API server's errors print it: by its own names, and what is the same in all versions left out. */
function printed(version: JsonObject): JsonObject {
  return {
    Name: asText(version['name']),
    Served: version['served'] === true,
    Storage: version['storage'] === true,
    Deprecated: version['deprecated'] === true,
    DeprecationWarning: version['deprecationWarning'] ?? null,
    Schema: null,
    Subresources: null,
    AdditionalPrinterColumns: null,
    SelectableFields: null,
  }
}

/** What an update of an established CRD may not change. */
function changeProblems(
  crd: ApiObject,
  spec: JsonObject,
  versions: JsonObject[],
  old: ApiObject,
): FieldError[] {
  const errors: FieldError[] = []
  for (const path of [['scope'], ['names', 'kind'], ['group'], ['names', 'plural']]) {
    const value = at(spec, path)
    if (value !== at(old, ['spec', ...path]))
      errors.push(fieldError.invalid(`spec.${path.join('.')}`, value ?? '', 'field is immutable'))
  }
  const stored = at(old, ['status', 'storedVersions'])
  // A write of the status may say what it likes, and so mend what hinders all others.
  if (Array.isArray(stored) && equal(crd['status'], old['status']))
    stored.forEach((name, index) => {
      if (!versions.some((version) => version['name'] === name))
        errors.push(
          fieldError.invalid(
            `status.storedVersions[${index}]`,
            name,
            `missing from spec.versions; ${asText(name)} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${asText(name)} and removes ${asText(name)} from status.storedVersions`,
          ),
        )
    })
  return errors
}

function structure(schema: JsonObject, path: string, errors: FieldError[], root = false): void {
  if (schema['$ref'] !== undefined) {
    errors.push(fieldError.forbidden(`${path}.$ref`, '$ref is not supported'))
    return
  }
  inside(schema, path, errors, root)
  const free =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  if (!root && !free && (schema['type'] === undefined || schema['type'] === ''))
    errors.push(fieldError.required(`${path}.type`, 'must not be empty for specified object fields'))
  const preset = schema['default']
  if (preset !== undefined)
    for (const { reason, field, message } of problemsOfValue(schema as Schema, preset))
      errors.push({
        reason,
        field: field === '<nil>' ? `${path}.default` : `${path}.default.${field}`,
        // The value has no path of its own, only the space behind it.
        message: field === '<nil>' ? message.replace(': in body', ':  in body') : message,
      })
  if (schema['x-kubernetes-list-type'] === 'map' && !Array.isArray(schema['x-kubernetes-list-map-keys']))
    errors.push(
      fieldError.required(
        `${path}.x-kubernetes-list-map-keys`,
        'must not be empty if x-kubernetes-list-type is map',
      ),
    )
}

/** What is wrong inside a schema: told before what is wrong with itself. */
function inside(schema: JsonObject, path: string, errors: FieldError[], root: boolean): void {
  const properties = schema['properties']
  if (isObject(properties))
    for (const [name, property] of Object.entries(properties)) {
      if (!isObject(property)) continue
      if (root && name === 'metadata') {
        const inner = isObject(property['properties']) ? Object.keys(property['properties']) : []
        if (inner.some((each) => each !== 'name' && each !== 'generateName'))
          errors.push(
            fieldError.forbidden(
              `${path}.properties[metadata]`,
              'must not specify anything other than name and generateName, but metadata is implicitly specified',
            ),
          )
        continue
      }
      if (root && (name === 'apiVersion' || name === 'kind')) continue
      structure(property, `${path}.properties[${name}]`, errors)
    }
  for (const key of ['items', 'additionalProperties'] as const) {
    const inner: Json | undefined = schema[key]
    if (isObject(inner)) structure(inner, `${path}.${key}`, errors)
  }
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string']

function columnProblems(version: JsonObject, prefix: string): FieldError[] {
  const columns = version['additionalPrinterColumns']
  if (!Array.isArray(columns)) return []
  return columns.filter(isObject).flatMap((column, index) => {
    const path = `${prefix}.additionalPrinterColumns[${index}]`
    const errors: FieldError[] = []
    const type = asText(column['type'])
    if (asText(column['name']) === '') errors.push(fieldError.required(`${path}.name`))
    if (type === '')
      errors.push(fieldError.required(`${path}.type`, `must be one of ${COLUMN_TYPES.join(',')}`))
    else if (!COLUMN_TYPES.includes(type))
      errors.push(fieldError.invalid(`${path}.type`, type, `must be one of ${COLUMN_TYPES.join(',')}`))
    const jsonPath = asText(column['jsonPath'])
    if (jsonPath === '') errors.push(fieldError.required(`${path}.JSONPath`))
    else if (!jsonPath.startsWith('.'))
      errors.push(
        fieldError.invalid(`${path}.JSONPath`, jsonPath, 'must be a simple json path starting with .'),
      )
    return errors
  })
}

function scaleProblems(version: JsonObject, prefix: string): FieldError[] {
  const scale = at(version, ['subresources', 'scale'])
  if (!isObject(scale)) return []
  return (['specReplicasPath', 'statusReplicasPath'] as const).flatMap((field) => {
    const path = asText(scale[field])
    const place = `${prefix}.subresources.scale.${field}`
    if (path === '') return [fieldError.required(place)]
    const root = field === 'specReplicasPath' ? '.spec.' : '.status.'
    if (!path.startsWith('.'))
      return [fieldError.invalid(place, path, 'must be a simple json path starting with .')]
    return path.startsWith(root)
      ? []
      : [fieldError.invalid(place, path, `should be a json path under ${root.slice(0, -1)}`)]
  })
}

function conversionProblems(spec: JsonObject): FieldError[] {
  const conversion = isObject(spec['conversion']) ? spec['conversion'] : {}
  if (conversion['strategy'] !== 'Webhook') return []
  const webhook = isObject(conversion['webhook']) ? conversion['webhook'] : {}
  const errors: FieldError[] = []
  if (!isObject(webhook['clientConfig']))
    errors.push(
      fieldError.required('spec.conversion.webhookClientConfig', 'required when strategy is set to Webhook'),
    )
  const versions = webhook['conversionReviewVersions']
  if (!Array.isArray(versions) || versions.length === 0)
    errors.push(fieldError.required('spec.conversion.conversionReviewVersions'))
  return errors
}

/** Groups that belong to Kubernetes itself need somebody's word that they may be used. */
function approvalProblems(crd: ApiObject, group: string): FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return []
  const key = 'api-approved.kubernetes.io'
  if ((crd.metadata.annotations?.[key] ?? '') !== '') return []
  return [
    fieldError.required(
      `metadata.annotations[${key}]`,
      `protected groups must have approval annotation "${key}", see https://github.com/kubernetes/enhancements/pull/1111`,
    ),
  ]
}

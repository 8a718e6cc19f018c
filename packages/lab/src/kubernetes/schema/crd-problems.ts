import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { ApiObject, Json, JsonObject } from '../resources.ts'
import { asText, at, isObject } from '../rest/json.ts'
import { label1035Problems, subdomainProblems } from './names.ts'

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
    }
  })
  if (storage.length !== 1)
    errors.push(
      fieldError.invalid(
        'spec.versions',
        spec['versions'] ?? [],
        'must have exactly one version marked as storage version',
      ),
    )
  for (const field of ['plural', 'kind'] as const) {
    const value = names[field]
    if (value === undefined || value === '') errors.push(fieldError.required(`spec.names.${field}`))
  }
  if (old !== undefined) errors.push(...changeProblems(spec, versions, old))
  return errors
}

/** What an update of an established CRD may not change. */
function changeProblems(spec: JsonObject, versions: JsonObject[], old: ApiObject): FieldError[] {
  const errors: FieldError[] = []
  for (const path of [['scope'], ['names', 'kind'], ['group'], ['names', 'plural']]) {
    const value = at(spec, path)
    if (value !== at(old, ['spec', ...path]))
      errors.push(fieldError.invalid(`spec.${path.join('.')}`, value ?? '', 'field is immutable'))
  }
  const stored = at(old, ['status', 'storedVersions'])
  if (Array.isArray(stored))
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
  if (schema['$ref'] !== undefined) errors.push(fieldError.forbidden(`${path}.$ref`, '$ref is not supported'))
  const free =
    schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true
  if (!root && !free && (schema['type'] === undefined || schema['type'] === ''))
    errors.push(fieldError.required(`${path}.type`, 'must not be empty for specified object fields'))
  if (schema['x-kubernetes-list-type'] === 'map' && !Array.isArray(schema['x-kubernetes-list-map-keys']))
    errors.push(
      fieldError.required(
        `${path}.x-kubernetes-list-map-keys`,
        'must not be empty if x-kubernetes-list-type is map',
      ),
    )
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

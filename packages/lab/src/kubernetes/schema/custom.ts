import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { ApiObject, Json, ResourceDefinition } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { schemaOf } from '../rest/core.ts'
import { asText, isObject } from '../rest/json.ts'
import { applyDefaults } from './defaults.ts'
import { prune } from './prune.ts'
import { validateObject } from './validate.ts'

/** Prunes and defaults a custom object, in place. */
export function conform(core: Core, definition: ResourceDefinition, object: ApiObject): void {
  const schema = schemaOf(core, definition)
  if (schema === undefined) return
  prune(object, schema, true)
  applyDefaults(object, schema, true)
}

/** What is wrong with a custom object by its schema and its CEL rules. */
export function validateCustom(
  core: Core,
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject | undefined,
): FieldError[] {
  const schema = schemaOf(core, definition)
  return schema === undefined ? [] : validateObject(schema, object, old, scaleProblems(definition, object))
}

/** Replicas, where the scale subresource reads them, must be counts. */
function scaleProblems(definition: ResourceDefinition, object: ApiObject): FieldError[] {
  const { scale } = definition
  if (scale === undefined) return []
  return [scale.specReplicasPath, scale.statusReplicasPath].flatMap((path) => {
    const names = path.split('.').slice(1)
    let value: Json | undefined = object
    for (const name of names) {
      if (!isObject(value)) {
        if (value === undefined) return []
        return [accessError(path, value, 'map[string]interface{}')]
      }
      value = value[name]
    }
    if (value === undefined || value === null) return []
    if (typeof value !== 'number' || !Number.isInteger(value)) return [accessError(path, value, 'int64')]
    return value < 0 ? [fieldError.invalid(path, value, 'should be a non-negative integer')] : []
  })
}

function accessError(path: string, value: Json, wanted: string): FieldError {
  const type = typeof value === 'number' ? 'float64' : typeof value === 'boolean' ? 'bool' : typeof value
  return fieldError.invalid(
    path,
    0,
    `${path} accessor error: ${asText(value)} is of the type ${type}, expected ${wanted}`,
  )
}

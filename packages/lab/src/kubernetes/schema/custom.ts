import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { ApiObject, Json, ResourceDefinition } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { schemaOf } from '../rest/core.ts'
import { asText, equal, isObject } from '../rest/json.ts'
import { evaluateRules } from './cel.ts'
import { applyDefaults } from './defaults.ts'
import { prune } from './prune.ts'
import { validateObject } from './validate.ts'

/** Prunes and defaults a custom object, in place. */
export function conform(core: Core, definition: ResourceDefinition, object: ApiObject): void {
  const schema = schemaOf(core, definition)
  // An object of another kind, which will be refused, has no schema.
  if (schema === undefined || object.kind !== definition.kind) return
  prune(object, schema, true)
  applyDefaults(object, schema, true)
}

/** What is wrong with a custom object by its schema and its CEL rules; `before` is what was found before. */
export function validateCustom(
  core: Core,
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject | undefined,
  before: readonly FieldError[],
): FieldError[] {
  const schema = schemaOf(core, definition)
  if (schema === undefined) return []
  // Of an object of another kind nothing is looked at but the rules.
  if (object.kind !== definition.kind) return evaluateRules(schema, object, old)
  return validateObject(schema, object, old, { before, more: scaleProblems(definition, object) })
}

/** What a client is told of a custom object that it wrote: finalizers whose names could be anybody's. */
export function customWarnings(object: ApiObject, old: ApiObject | undefined): string[] {
  const finalizers = object.metadata.finalizers ?? []
  if (equal(finalizers, old?.metadata.finalizers ?? [])) return []
  return finalizers
    .filter((name) => !name.includes('/'))
    .map(
      (name) =>
        `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers`,
    )
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

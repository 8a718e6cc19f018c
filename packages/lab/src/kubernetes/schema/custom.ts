import type { FieldError } from '../errors.ts'
import type { ApiObject, ResourceDefinition } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { schemaOf } from '../rest/core.ts'
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
  return schema === undefined ? [] : validateObject(schema, object, old)
}

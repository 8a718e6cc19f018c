import type { ResourceRegistry, Schema } from '../resources.ts'

/** A schema with its `$ref` (own, or the only one of `allOf`) followed; its own keywords win over those referred to. */
export function resolveSchema(registry: ResourceRegistry, schema: Schema): Schema | undefined {
  const target = schema.$ref ?? schema.allOf?.find((each) => each.$ref !== undefined)?.$ref
  if (target === undefined) return schema
  const { $ref: _ref, allOf: _all, ...own } = schema
  const found = registry.resolve({ $ref: target })
  return found === undefined ? own : { ...found, ...own }
}

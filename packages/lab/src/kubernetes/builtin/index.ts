import type { ResourceDefinition, ResourceRegistry } from '../resources.ts'
import { builtinKinds } from './kinds.ts'
import { registerSchemas, withSchemas } from './schemas.ts'

/** Every kind that is built into an API server, in the order discovery shows their groups, with their schemas. */
export const builtinResources: ResourceDefinition[] = withSchemas(builtinKinds())

/** The built-in kinds for one server: their schemas become known to its registry. */
export function builtinDefinitions(registry: ResourceRegistry): ResourceDefinition[] {
  registerSchemas(registry, builtinResources)
  return builtinResources
}

export { builtinRules } from './rules.ts'
export { registerSchemas } from './schemas.ts'

import type { ResourceDefinition } from '../resources.ts'
import { builtinKinds } from './kinds.ts'
import { withSchemas } from './schemas.ts'

/** Every kind that is built into an API server, in the order discovery shows their groups, with their schemas. */
export const builtinResources: ResourceDefinition[] = withSchemas(builtinKinds())

export { registerSchemas } from './schemas.ts'

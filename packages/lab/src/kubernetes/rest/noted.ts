import { withoutAllocated } from '../builtin/allocated.ts'
import { updateManagedFields } from '../fields/manage.ts'
import type { ApiObject, ResourceDefinition } from '../resources.ts'
import type { Core, WriteContext } from './core.ts'
import { copy } from './json.ts'
import { tidyMetadata } from './metadata.ts'

/** Writes into an object who manages which field. What admission and allocation add afterwards belongs to nobody. */
export function noteManagers(
  core: Core,
  definition: ResourceDefinition,
  old: ApiObject | undefined,
  object: ApiObject,
  given: ApiObject,
  ctx: WriteContext,
): void {
  const noted = notedState(core, definition, old, object, given, ctx)
  const { managedFields } = object.metadata
  noted.metadata = {
    ...tidyMetadata(noted.metadata),
    ...(managedFields === undefined ? {} : { managedFields }),
  }
  updateManagedFields(core, definition, old, noted, ctx)
  if (noted.metadata.managedFields === undefined) delete object.metadata.managedFields
  else object.metadata.managedFields = noted.metadata.managedFields
}

/** The state that shows what a request sets: without what comes after, admission and allocation. */
function notedState(
  core: Core,
  definition: ResourceDefinition,
  old: ApiObject | undefined,
  object: ApiObject,
  given: ApiObject,
  ctx: WriteContext,
): ApiObject {
  if (definition.crd === true) return { ...object, metadata: { ...object.metadata } }
  if (ctx.subresource !== 'ephemeralcontainers')
    return withoutAllocated(definition, object, { ...given, metadata: given.metadata ?? {} })
  // The whole of what is sent counts here, though one list of it is taken.
  const sent = copy(given)
  sent.metadata = { ...sent.metadata }
  core.builtin.defaults(definition, sent, old)
  return sent
}

import type { ApiObject, JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import type { Core, WriteContext } from '../rest/core.ts'
import { timestamp } from '../rest/core.ts'
import { conflictError } from './apply.ts'
import { FieldSet } from './fieldset.ts'
import type { Manager } from './manage.ts'
import { readManagers, writeManagers } from './manage.ts'

/** The version that a Scale's fields are told in. */
const SCALE = 'autoscaling/v1'

/** Who manages the replicas of an object, as its Scale shows it. */
export function scaleManagers(object: ApiObject, path: string[]): JsonObject[] {
  const element = path.map((name) => `f:${name}`)
  const fields = new FieldSet()
  fields.insert(['f:spec', 'f:replicas'])
  return writeManagers(
    readManagers(object)
      .filter((manager) => manager.fields.has(element))
      .map((manager) => ({ ...manager, apiVersion: SCALE, fields })),
  )
}

/**
 * The managers of an object whose replicas are set through its Scale without apply; undefined when the setter is to be noted as of any
 * update. The original looks at the Scale alone: replicas that nobody has stay so, and a Scale of 0 has no field to own.
 * @param path where the object has its replicas: `spec`, `replicas`.
 */
export function unnotedReplicas(object: ApiObject, path: string[], wanted: number): JsonObject[] | undefined {
  const element = path.map((name) => `f:${name}`)
  const managers = readManagers(object)
  if (!managers.some((manager) => manager.fields.has(element))) return writeManagers(managers)
  if (wanted !== 0) return undefined
  const fields = new FieldSet()
  fields.insert(element)
  return writeManagers(managers.map((manager) => ({ ...manager, fields: manager.fields.difference(fields) })))
}

/**
 * The managers of an object whose replicas are applied through its Scale: who applies has them now. Throws Conflict when another
 * manager has them, they change, and it is not forced.
 * @param path where the object has its replicas: `spec`, `replicas`.
 * @param changes whether the number is another one than before.
 */
export function applyReplicas(
  core: Core,
  definition: ResourceDefinition,
  object: ApiObject,
  path: string[],
  changes: boolean,
  ctx: WriteContext & { force?: boolean },
): JsonObject[] {
  const element = path.map((name) => `f:${name}`)
  const fields = new FieldSet()
  fields.insert(element)
  const isMine = (manager: Manager): boolean =>
    manager.operation === 'Apply' && manager.manager === ctx.manager && manager.subresource === 'scale'
  const managers = readManagers(object)
  const owners = managers.filter((manager) => !isMine(manager) && manager.fields.has(element))
  if (changes && owners.length > 0 && ctx.force !== true)
    throw conflictError(owners.map((manager) => ({ manager: { ...manager, apiVersion: SCALE }, fields })))
  const rest = managers
    .filter((manager) => !isMine(manager))
    .map((manager) =>
      changes && owners.includes(manager)
        ? { ...manager, fields: manager.fields.difference(fields) }
        : manager,
    )
  return writeManagers([
    ...rest,
    {
      manager: ctx.manager,
      operation: 'Apply',
      apiVersion: apiVersionOf(definition),
      subresource: 'scale',
      time: timestamp(core),
      fields,
    },
  ])
}

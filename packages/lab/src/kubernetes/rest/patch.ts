import { badRequest, fieldError, invalid, notFound, StatusError } from '../errors.ts'
import { applyConfiguration } from '../fields/apply.ts'
import { strictProblems } from '../http/strict.ts'
import { resolveSchema } from '../schema/resolve.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import { applyStrategicPatch, goMap } from '../patch/strategic.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import type { Core, WriteContext } from './core.ts'
import { inVersion, keyOf, schemaOf } from './core.ts'
import { asText, at, isObject } from './json.ts'
import { createObject, updateObject } from './write.ts'

/** Kind of a patch. */
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

/** Applies a patch of any kind. Returns the new state and whether it was created. */
export function patchObject(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
  patch: Json,
  type: PatchType,
  ctx: WriteContext & { force?: boolean; duplicates?: string[] },
): { object: ApiObject; created: boolean } {
  const stored = core.storage.get(keyOf(definition, namespace, name))
  const patching: WriteContext = { ...ctx, patch: true }
  if (type === 'apply') {
    if (!isObject(patch)) throw badRequest('invalid object type: /, Kind=')
    const live = stored === undefined ? undefined : inVersion(definition, stored)
    if (live === undefined && ctx.subresource !== undefined) throw notFound(definition, name)
    const uid = isObject(patch['metadata']) ? patch['metadata']['uid'] : undefined
    if (live === undefined && typeof uid === 'string' && uid !== '')
      throw new StatusError(
        409,
        'Conflict',
        `Operation cannot be fulfilled on ${definition.resource}${definition.group === '' ? '' : `.${definition.group}`} ${JSON.stringify(name)}: uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
        { name, ...(definition.group === '' ? {} : { group: definition.group }), kind: definition.resource },
      )
    const next = applyConfiguration(
      core,
      definition,
      live,
      {
        ...patch,
        metadata: {
          ...(isObject(patch['metadata']) ? patch['metadata'] : {}),
          name,
          ...(namespace === undefined ? {} : { namespace }),
        },
      },
      ctx,
      {
        name: asText(at(patch, ['metadata', 'name'])),
        namespace: asText(at(patch, ['metadata', 'namespace'])),
      },
    )
    if (live === undefined)
      return {
        object: createObject(core, definition, namespace, next, { ...patching, keepManagedFields: true }),
        created: true,
      }
    return {
      object: updateObject(core, definition, namespace, name, next, { ...patching, keepManagedFields: true }),
      created: false,
    }
  }
  if (stored === undefined) throw notFound(definition, name)
  const live = inVersion(definition, stored)
  let result: Json
  if (type === 'json') result = applyJsonPatch(live, patch)
  else {
    if (!isObject(patch))
      throw badRequest(
        Array.isArray(patch)
          ? 'json: cannot unmarshal array into Go value of type map[string]interface {}'
          : 'Invalid JSON Patch',
      )
    result =
      type === 'merge'
        ? applyMergePatch(live, patch)
        : applyStrategicPatch(core.registry, schemaOf(core, definition), live, patch)
  }
  if (!isObject(result)) throw badRequest('the patch does not leave an object')
  const metadata = isObject(result['metadata']) ? { ...result['metadata'] } : {}
  if (metadata['name'] === undefined || metadata['name'] === '')
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    )
  if (metadata['name'] !== name)
    throw badRequest(
      `the name of the object (${asText(metadata['name'])}) does not match the name on the URL (${name})`,
    )
  const home = metadata['namespace']
  if (definition.namespaced && home !== undefined && home !== '' && home !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const object = { ...result, metadata } as ApiObject
  const refuse = (why: string): StatusError =>
    invalid({ group: '', kind: '' }, '', [
      fieldError.invalid(
        'patch',
        type === 'strategic' ? goMap(patch) : patchedText(result, patch, type),
        why,
      ),
    ])
  if (ctx.fieldValidation !== 'Ignore') {
    const problems = [
      ...(ctx.duplicates ?? []),
      ...strictProblems(definition, object, [], (schema) => resolveSchema(core.registry, schema)),
    ]
    if (problems.length > 0 && ctx.fieldValidation === 'Strict')
      throw refuse(`strict decoding error: ${problems.join(', ')}`)
    ctx.warnings.push(...problems)
  }
  const version = asText(result['apiVersion'])
  if (definition.crd !== true && version !== apiVersionOf(definition))
    throw refuse(
      `no kind ${JSON.stringify(definition.kind)} is registered for version ${JSON.stringify(version)} in scheme "pkg/runtime/scheme.go:111"`,
    )
  // The live resourceVersion is in the patched object unless the patch itself names one: then it is a condition.
  try {
    return { object: updateObject(core, definition, namespace, name, object, patching), created: false }
  } catch (error) {
    // A value of a wrong type is the patch's fault: said with the patched object.
    const why =
      error instanceof StatusError
        ? /cannot be handled as a \w+: (json: .*)$/.exec(error.message)?.[1]
        : undefined
    if (why === undefined) throw error
    const kind = /of type (int32|int64|bool|string)$/.exec(why)?.[1]
    throw refuse(type === 'strategic' && kind !== undefined ? `unrecognized type: ${kind}` : why)
  }
}

/** The patched object as the API server prints it: what a patch touched has its keys in order. */
function patchedText(result: Json, patch: Json, type: PatchType): string {
  return JSON.stringify(sortTouched(result, type === 'merge' ? patch : containersOf(patch)))
}

/** The objects that a JSON patch's operations go into, as nested objects. */
function containersOf(operations: Json): JsonObject {
  const result: JsonObject = {}
  for (const operation of Array.isArray(operations) ? operations.filter(isObject) : []) {
    let place = result
    for (const part of asText(operation['path']).split('/').slice(1, -1)) {
      const inner = isObject(place[part]) ? place[part] : {}
      place[part] = inner
      place = inner
    }
  }
  return result
}

function sortTouched(value: Json, patch: Json | undefined): Json {
  if (!isObject(value) || !isObject(patch)) return value
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sortTouched(value[key] ?? null, patch[key])]),
  )
}

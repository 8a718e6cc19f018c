import { badRequest, fieldError, invalid, notFound } from '../errors.ts'
import { applyReplicas, scaleManagers, unnotedReplicas } from '../fields/apply-scale.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import { applyMergePatch } from '../patch/merge-patch.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import type { Core, WriteContext } from './core.ts'
import { inVersion, keyOf } from './core.ts'
import { at, copy, isObject, setAt, simplePath } from './json.ts'
import { pathsOf, scaleOf } from './scale-of.ts'
import { checkPreconditions, updateObject } from './write.ts'

function wrongType(value: Json): string {
  const type = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return `json: cannot unmarshal ${type} into Go struct field ScaleSpec.spec.replicas of type int32`
}

/** The Scale of an object. */
export function readScale(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
): ApiObject {
  const stored = core.storage.get(keyOf(definition, namespace, name))
  if (stored === undefined) throw notFound(definition, name)
  return scaleOf(definition, inVersion(definition, stored))
}

/** Sets the replicas of an object; a Scale without them means 0. `applies` for server-side apply. Throws Conflict. */
export function writeScale(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
  scale: ApiObject,
  ctx: WriteContext & { force?: boolean },
  applies = false,
): ApiObject {
  const stored = core.storage.get(keyOf(definition, namespace, name))
  if (stored === undefined) throw notFound(definition, name)
  const live = inVersion(definition, stored)
  const wanted = at(scale, ['spec', 'replicas']) ?? 0
  if (typeof wanted !== 'number')
    throw badRequest(`Scale in version "v1" cannot be handled as a Scale: ${wrongType(wanted)}`)
  // Of a custom kind the object itself is found wrong, further down.
  if (wanted < 0 && definition.crd !== true)
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
      fieldError.invalid('spec.replicas', wanted, 'must be greater than or equal to 0'),
    ])
  if ((scale.metadata.name ?? name) !== name)
    throw badRequest(
      `the name of the object (${scale.metadata.name}) does not match the name on the URL (${name})`,
    )
  const conditions: ApiObject = {
    metadata: { uid: scale.metadata.uid, resourceVersion: scale.metadata.resourceVersion },
  }
  checkPreconditions(definition, conditions, live, { ...ctx, patch: true })
  const next = copy(live)
  const path = simplePath(pathsOf(definition).specReplicasPath)
  const changes = (at(live, path) ?? 0) !== wanted
  const managers = applies
    ? applyReplicas(core, definition, live, path, changes, ctx)
    : changes
      ? unnotedReplicas(live, path, wanted)
      : undefined
  if (managers !== undefined) next.metadata.managedFields = managers
  setAt(next, path, wanted)
  // The write goes to the main resource; only the manager's entry says that it came through scale.
  const written = updateObject(core, definition, namespace, name, next, {
    ...ctx,
    patch: true,
    subresource: 'scale',
    keepManagedFields: managers !== undefined,
  })
  return scaleOf(definition, written)
}

/** Patches the Scale of an object. */
export function patchScale(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
  patch: Json,
  type: 'json' | 'merge' | 'strategic' | 'apply',
  ctx: WriteContext & { force?: boolean },
): ApiObject {
  const scale = readScale(core, definition, namespace, name)
  const patched = type === 'json' ? applyJsonPatch(scale, patch) : applyMergePatch(scale, patch)
  if (!isObject(patched)) throw badRequest('the patch does not leave an object')
  const replicas = at(patched, ['spec', 'replicas']) ?? 0
  if (typeof replicas !== 'number')
    throw invalid({ group: '', kind: '' }, '', [
      fieldError.invalid(
        'patch',
        patchedScale(core, definition, namespace, name, patched),
        wrongType(replicas),
      ),
    ])
  const object: ApiObject = { ...patched, metadata: isObject(patched['metadata']) ? patched['metadata'] : {} }
  return writeScale(core, definition, namespace, name, object, ctx, type === 'apply')
}

/** A patched Scale as a refusal prints it: with who manages the replicas, its members in order. */
function patchedScale(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
  scale: JsonObject,
): string {
  const object = core.storage.get(keyOf(definition, namespace, name))
  const path = simplePath(pathsOf(definition).specReplicasPath)
  const managedFields = object === undefined ? [] : scaleManagers(object, path)
  const metadata = isObject(scale['metadata']) ? scale['metadata'] : {}
  const shown: JsonObject = {
    ...scale,
    metadata: { ...metadata, ...(managedFields.length === 0 ? {} : { managedFields }) },
  }
  return JSON.stringify(
    Object.fromEntries(
      Object.keys(shown)
        .toSorted()
        .map((key) => [key, shown[key]]),
    ),
  )
}

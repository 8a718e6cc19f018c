import { mutate, validateAdmission } from '../admission/run.ts'
import { alreadyExists, conflict, fieldError, invalid, notFound, StatusError } from '../errors.ts'
import type { FieldError } from '../errors.ts'
import { toCoreEvent } from '../builtin/events.ts'
import type { ApiObject, JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf, groupResource } from '../resources.ts'
import { conform, customWarnings, validateCustom } from '../schema/custom.ts'
import { crdProblems } from '../schema/crd-problems.ts'
import { prune, pruneTyped } from '../schema/prune.ts'
import { resolveSchema } from '../schema/resolve.ts'
import type { Core, WriteContext } from './core.ts'
import { gvrOf, inVersion, keyOf, schemaOf, timestamp } from './core.ts'
import { essentialDefaults } from './essentials.ts'
import { checkHome, checkNamespace } from './home.ts'
import { copy, equal, isObject, sorted } from './json.ts'
import {
  fixedFieldProblems,
  generateName,
  keepSystemFields,
  specChanged,
  stampNew,
  tidyMetadata,
  validateMetadata,
} from './metadata.ts'
import { noteManagers } from './noted.ts'
import {
  builtinGenerations,
  dropsStatus,
  hasStatus,
  mergeSubresource,
  needsResourceVersion,
} from './strategies.ts'

/** Whether a write refers to another object than the one stored. Throws Conflict. */
export function checkPreconditions(
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject,
  ctx: WriteContext,
): void {
  const name = old.metadata.name ?? ''
  const { uid, resourceVersion } = object.metadata
  if (uid !== undefined && uid !== '' && uid !== old.metadata.uid) {
    if (ctx.patch === true) {
      const error = fieldError.invalid('metadata.uid', uid, 'field is immutable')
      // The API server checks metadata twice on updates, and says so twice.
      throw invalid(definition, name, [error, error])
    }
    const path = [definition.resource, old.metadata.namespace, name].filter(
      (part) => part !== undefined && part !== '',
    )
    const key =
      definition.group === '' || definition.crd !== true
        ? path.join('/')
        : [definition.group, ...path].join('/')
    throw conflict(
      definition,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    )
  }
  if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0') {
    if (!/^\d+$/.test(resourceVersion))
      throw new StatusError(
        500,
        undefined,
        `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
      )
    if (resourceVersion !== old.metadata.resourceVersion) throw conflict(definition, name)
  } else if (ctx.patch !== true && needsResourceVersion(definition)) {
    throw invalid({ group: definition.group, kind: definition.resource }, name, [
      fieldError.invalid('metadata.resourceVersion', 0, 'must be specified for an update'),
    ])
  }
}

/** Creates an object; the body is not changed. Returns what is stored, in the definition's version. */
export function createObject(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  body: ApiObject,
  ctx: WriteContext,
): ApiObject {
  let object = copy(body)
  object.metadata = isObject(object.metadata) ? object.metadata : {}
  object.apiVersion ??= apiVersionOf(definition)
  object.kind ??= definition.kind
  const meta = object.metadata
  const rv = meta.resourceVersion
  if (definition.namespaced) meta.namespace = namespace
  else delete meta.namespace
  if (meta.name === '') delete meta.name
  const now = timestamp(core)
  stampNew(meta, now)
  delete meta.resourceVersion
  if (meta.name === undefined && meta.generateName !== undefined && meta.generateName !== '')
    meta.name = ctx.outside?.drawn.name ?? generateName(meta.generateName)
  if (ctx.outside !== undefined) {
    meta.uid = ctx.outside.drawn.uid ?? meta.uid
    ctx.outside.drawn = { uid: meta.uid, name: meta.name }
  }
  checkNamespace(core, definition, namespace, meta.name ?? '')
  const custom = definition.crd === true
  if (dropsStatus(definition)) delete object['status']
  complete(core, definition, object, undefined, ctx)
  noteManagers(core, definition, undefined, object, body, ctx)
  const request = {
    operation: 'CREATE' as const,
    definition,
    gvr: gvrOf(definition),
    namespace,
    name: meta.name,
    user: ctx.user,
    dryRun: ctx.dryRun,
  }
  const mutated = mutate(core, { ...request, object }, ctx)
  if (mutated !== undefined && mutated !== object) {
    const { uid, creationTimestamp } = object.metadata
    object = copy(mutated)
    object.metadata = { ...object.metadata, uid, creationTimestamp }
    complete(core, definition, object, undefined, ctx)
  }
  if (custom || builtinGenerations(definition)) object.metadata.generation = 1
  else if (object.metadata.generation === 0) delete object.metadata.generation
  object = { ...object, metadata: tidyMetadata(object.metadata) }
  const about =
    custom && object.kind !== definition.kind
      ? [fieldError.invalid('kind', object.kind, `must be ${definition.kind}`)]
      : validateMetadata(definition, object)
  const errors = [...about, ...validateBody(core, definition, object, undefined, about)]
  if (errors.length > 0)
    throw invalid(
      { group: (definition.storedAs ?? definition).group, kind: object.kind ?? definition.kind },
      object.metadata.name ?? '',
      errors,
    )
  warn(core, definition, object, undefined, ctx)
  validateAdmission(core, { ...request, object }, ctx)
  const name = object.metadata.name ?? ''
  const key = keyOf(definition, namespace, name)
  if (rv !== undefined && rv !== '' && rv !== '0' && /^\d+$/.test(rv))
    throw new StatusError(500, undefined, 'resourceVersion should not be set on objects to be created')
  const existing = core.storage.get(key)
  if (existing !== undefined)
    throw alreadyExists(definition, name, existing.metadata.deletionTimestamp !== undefined)
  if (ctx.dryRun) return object
  return inVersion(definition, core.storage.put(key, toStorage(core, definition, object)))
}

/** Replaces an object (or one subresource of it). Returns the new state and whether it was removed by losing its last finalizer. */
export function updateObject(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
  body: ApiObject,
  ctx: WriteContext,
): ApiObject {
  const key = keyOf(definition, namespace, name)
  const stored = core.storage.get(key)
  if (stored === undefined) throw notFound(definition, name)
  checkHome(core, definition, namespace)
  const old = inVersion(definition, stored)
  let object = copy(body)
  object.metadata = isObject(object.metadata) ? object.metadata : {}
  checkPreconditions(definition, object, old, ctx)
  object.apiVersion = apiVersionOf(definition)
  object.kind = definition.kind
  const fixed = fixedFieldProblems(object.metadata, old.metadata)
  keepSystemFields(object.metadata, old.metadata)
  delete object.metadata.resourceVersion
  object = mergeSubresource(definition, object, old, ctx.subresource)
  complete(core, definition, object, old, ctx)
  noteManagers(core, definition, old, object, body, ctx)
  const request = {
    operation: 'UPDATE' as const,
    definition,
    gvr: gvrOf(definition),
    subresource: ctx.subresource,
    oldObject: old,
    namespace,
    name,
    user: ctx.user,
    dryRun: ctx.dryRun,
  }
  const mutated = mutate(core, { ...request, object }, ctx)
  if (mutated !== undefined && mutated !== object) {
    object = copy(mutated)
    keepSystemFields(object.metadata, old.metadata)
    complete(core, definition, object, old, ctx)
  }
  const custom = definition.crd === true
  const counts = custom || builtinGenerations(definition)
  if (counts && specChanged(object, old, hasStatus(definition)))
    object.metadata.generation = (old.metadata.generation ?? 0) + 1
  object.metadata = tidyMetadata(object.metadata)
  const about = [...fixed, ...validateMetadata(definition, object, old)]
  const errors = [...about, ...validateBody(core, definition, object, old, about, ctx.subresource)]
  if (errors.length > 0)
    throw invalid({ kind: definition.kind, group: (definition.storedAs ?? definition).group }, name, errors)
  warn(core, definition, object, old, ctx)
  validateAdmission(core, { ...request, object }, ctx)
  if (unchanged(object, old)) return old
  if (ctx.dryRun)
    return {
      ...object,
      metadata: tidyMetadata({ ...object.metadata, resourceVersion: old.metadata.resourceVersion }),
    }
  const next = toStorage(core, definition, object)
  if (isGone(definition, next)) {
    // What was not written is told to the writer alone: watchers see the object as it was stored.
    core.storage.remove(key)
    return inVersion(definition, next)
  }
  return inVersion(definition, core.storage.put(key, next))
}

/** Whether an object that is being deleted has nothing more to wait for. */
export function isGone(definition: ResourceDefinition, object: ApiObject): boolean {
  if (object.metadata.deletionTimestamp === undefined) return false
  if ((object.metadata.finalizers ?? []).length > 0) return false
  if ((object.metadata.deletionGracePeriodSeconds ?? 0) > 0) return false
  if (definition.group === '' && definition.resource === 'namespaces') {
    const spec = object['spec']
    const finalizers = isObject(spec) ? spec['finalizers'] : undefined
    return !Array.isArray(finalizers) || finalizers.length === 0
  }
  return true
}

function unchanged(object: ApiObject, old: ApiObject): boolean {
  const { resourceVersion: _new, managedFields: _newFields, ...meta } = object.metadata
  const { resourceVersion: _old, managedFields: oldFields, ...oldMeta } = old.metadata
  if (!equal({ ...object, metadata: meta }, { ...old, metadata: oldMeta })) return false
  // Times of managers do not make a change, a manager more or fewer does.
  const withoutTime = (fields: ApiObject['metadata']['managedFields']) =>
    (fields ?? []).map(({ time: _time, ...entry }) => entry)
  return equal(withoutTime(_newFields), withoutTime(oldFields))
}

/** The object as it is kept: in the storage version, its keys in the order the API server prints them. */
function toStorage(core: Core, definition: ResourceDefinition, object: ApiObject): ApiObject {
  const { kind, apiVersion, metadata, ...rest } =
    definition.storedAs === undefined ? object : toCoreEvent(object)
  const meta = tidyMetadata({ ...metadata, resourceVersion: '0' })
  if (definition.crd !== true) return { kind, apiVersion, metadata: meta, ...rest }
  const version = definition.storageVersion ?? definition.version
  const content = copy(rest as JsonObject)
  if (version !== definition.version) {
    // What the storage version does not know is lost, as with conversion None.
    const schema = core.registry.find(definition.group, version, definition.resource)?.schema
    if (schema !== undefined) prune(content, schema, true)
  }
  return {
    apiVersion: `${definition.group}/${version}`,
    kind,
    metadata: sorted(meta) as ApiObject['metadata'],
    ...(sorted(content) as JsonObject),
  }
}

function complete(
  core: Core,
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject | undefined,
  ctx: WriteContext,
): void {
  if (definition.crd === true) conform(core, definition, object)
  else {
    const schema = schemaOf(core, definition)
    if (schema?.properties !== undefined)
      pruneTyped(object, schema, (each) => resolveSchema(core.registry, each), true)
    essentialDefaults(definition, object, old, ctx.user)
    core.builtin.defaults(definition, object, old)
  }
}

function warn(
  core: Core,
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject | undefined,
  ctx: WriteContext,
): void {
  ctx.warnings.push(
    ...(definition.crd === true ? customWarnings(object, old) : core.builtin.warnings(definition, object)),
  )
}

function validateBody(
  core: Core,
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject | undefined,
  before: readonly FieldError[],
  subresource?: string,
): FieldError[] {
  if (definition.crd === true) return validateCustom(core, definition, object, old, before)
  const own =
    groupResource(definition) === 'customresourcedefinitions.apiextensions.k8s.io'
      ? crdProblems(object, old)
      : []
  return [...own, ...core.builtin.validate(definition, object, old, subresource)]
}

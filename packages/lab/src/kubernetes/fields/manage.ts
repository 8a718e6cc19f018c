import type { ApiObject, JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import type { Core, WriteContext } from '../rest/core.ts'
import { schemaOf, timestamp } from '../rest/core.ts'
import { equal, isObject } from '../rest/json.ts'
import { FieldSet } from './fieldset.ts'
import { compare, Typing } from './typed.ts'
import { typedProblem } from './typed-problem.ts'
import { zeroObject } from './zero.ts'

/** One manager's share of an object. */
export interface Manager {
  manager: string
  operation: 'Apply' | 'Update'
  apiVersion: string
  subresource?: string
  time?: string
  fields: FieldSet
}

/** Fields no manager owns: the server's own. */
export const RESET_FIELDS = FieldSet.fromJson({
  'f:apiVersion': {},
  'f:kind': {},
  'f:metadata': {
    'f:name': {},
    'f:namespace': {},
    'f:creationTimestamp': {},
    'f:selfLink': {},
    'f:uid': {},
    'f:clusterName': {},
    'f:generation': {},
    'f:managedFields': {},
    'f:resourceVersion': {},
    'f:deletionTimestamp': {},
    'f:deletionGracePeriodSeconds': {},
  },
})

/** The managers of an object. */
export function readManagers(object: ApiObject | undefined): Manager[] {
  return (object?.metadata.managedFields ?? []).flatMap((entry): Manager[] => {
    if (!isObject(entry)) return []
    const { manager, operation, apiVersion, subresource, time, fieldsV1 } = entry
    return [
      {
        manager: typeof manager === 'string' ? manager : '',
        operation: operation === 'Apply' ? 'Apply' : 'Update',
        apiVersion: typeof apiVersion === 'string' ? apiVersion : '',
        ...(typeof subresource === 'string' && subresource !== '' ? { subresource } : {}),
        ...(typeof time === 'string' ? { time } : {}),
        fields: FieldSet.fromJson(fieldsV1),
      },
    ]
  })
}

/** As metadata.managedFields; managers without fields are left out. */
export function writeManagers(managers: Manager[]): JsonObject[] {
  return managers
    .filter((manager) => manager.fields.children.size > 0)
    .toSorted((a, b) => {
      if (a.operation !== b.operation) return a.operation === 'Apply' ? -1 : 1
      if ((a.time ?? '') !== (b.time ?? '')) return (a.time ?? '') < (b.time ?? '') ? -1 : 1
      if (a.manager !== b.manager) return a.manager < b.manager ? -1 : 1
      if (a.apiVersion !== b.apiVersion) return a.apiVersion < b.apiVersion ? -1 : 1
      return (a.subresource ?? '') < (b.subresource ?? '') ? -1 : 1
    })
    .map((manager) => ({
      manager: manager.manager,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      ...(manager.time === undefined ? {} : { time: manager.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: manager.fields.toJson(),
      ...(manager.subresource === undefined ? {} : { subresource: manager.subresource }),
    }))
}

/** Whether two entries are the same manager's. */
export function sameManager(
  a: Manager,
  b: { manager: string; operation: string; apiVersion: string; subresource?: string },
): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    a.apiVersion === b.apiVersion &&
    (a.subresource ?? '') === (b.subresource ?? '')
  )
}

/** The typing of a kind. */
export function typingOf(core: Core, definition: ResourceDefinition): Typing {
  return new Typing(core.registry, schemaOf(core, definition))
}

/**
 * Why states of an object cannot be read by the version that one of its managers wrote in; undefined when all can. Versions of a
 * custom kind may declare different fields.
 */
export function lostIn(
  core: Core,
  definition: ResourceDefinition,
  managers: Manager[],
  states: ApiObject[],
): string | undefined {
  if (definition.crd !== true) return undefined
  for (const { apiVersion } of managers) {
    const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
    const other = core.registry.find(definition.group, version, definition.resource)
    if (other === undefined || version === definition.version) continue
    const typing = typingOf(core, other)
    for (const state of states) {
      const problem = typedProblem(typing, { ...state, metadata: {} })
      if (problem !== undefined) return problem
    }
  }
  return undefined
}

/** Fields the server or another subresource owns, which a request through this door cannot. */
export function resetFields(definition: ResourceDefinition, subresource: string | undefined): FieldSet {
  const hasStatus = definition.subresources?.some((each) => each.name === 'status') === true
  const result = RESET_FIELDS.union(new FieldSet())
  if (subresource === 'status' && definition.crd === true) {
    const own = new FieldSet()
    own.insert(['f:spec'])
    own.insert(['f:metadata'])
    return result.union(own)
  }
  if (subresource === 'status') {
    const own = new FieldSet()
    own.insert(['f:spec'])
    return result.union(own)
  }
  if (subresource === undefined && hasStatus) {
    const own = new FieldSet()
    own.insert(['f:status'])
    return result.union(own)
  }
  return result
}

/**
 * Works out metadata.managedFields of an object that was created (`old` undefined) or updated, in place: what changed now
 * belongs to the request's manager, and to nobody else.
 */
export function updateManagedFields(
  core: Core,
  definition: ResourceDefinition,
  old: ApiObject | undefined,
  object: ApiObject,
  ctx: WriteContext,
): void {
  if (ctx.keepManagedFields === true) return
  // Of these the original notes none.
  if (definition.resource === 'certificatesigningrequests') return
  const sent = object.metadata.managedFields
  // Once cleared, fields are tracked again only from the next apply on.
  if (old !== undefined && (old.metadata.managedFields ?? []).length === 0 && (sent ?? []).length === 0) {
    delete object.metadata.managedFields
    return
  }
  const cleared =
    old !== undefined &&
    Array.isArray(sent) &&
    (sent.length === 0 || (sent.length === 1 && isObject(sent[0]) && Object.keys(sent[0]).length === 0))
  const explicit =
    old !== undefined && Array.isArray(sent) && sent.length > 0 && !equal(sent, old.metadata.managedFields)
  if (cleared) {
    delete object.metadata.managedFields
    return
  }
  let managers = readManagers(explicit ? object : old)
  const states = [old, object].filter((each) => each !== undefined)
  // Where fields of another version's managers cannot be told, the original gives all of them up.
  if (lostIn(core, definition, managers, states) !== undefined) {
    delete object.metadata.managedFields
    return
  }
  const typing = typingOf(core, definition)
  const before = strip(old)
  const after = strip(object)
  const { added, modified, removed } = compare(
    typing,
    before ?? { ...zeroObject(definition), apiVersion: object.apiVersion, kind: object.kind },
    after,
  )
  // What another door alone can change counts for nobody: a status that is sent here, a spec that is left out there.
  const reset = resetFields(definition, ctx.subresource)
  const changed = added.union(modified).recursiveDifference(reset)
  const gone = removed.recursiveDifference(reset)
  const touched = changed.union(gone)
  managers = managers.map((manager) =>
    sameManager(manager, current(definition, ctx))
      ? manager
      : { ...manager, fields: manager.fields.difference(touched).recursiveDifference(gone) },
  )
  const mine = changed
  const found = managers.find((manager) => sameManager(manager, current(definition, ctx)))
  const now = timestamp(core)
  if (found !== undefined) {
    const next = found.fields.union(mine).recursiveDifference(gone).difference(gone)
    if (!sameSet(next, found.fields)) {
      found.fields = next
      found.time = now
    } else if (!mine.empty) found.time = now
  } else if (mine.children.size > 0)
    managers.push({ ...current(definition, ctx), operation: 'Update', time: now, fields: mine })
  const written = writeManagers(managers)
  if (written.length > 0) object.metadata.managedFields = written
  else delete object.metadata.managedFields
}

function current(definition: ResourceDefinition, ctx: WriteContext): Omit<Manager, 'fields'> {
  return {
    manager: ctx.manager,
    operation: 'Update',
    apiVersion: apiVersionOf(definition),
    ...(ctx.subresource === undefined ? {} : { subresource: ctx.subresource }),
  }
}

function sameSet(a: FieldSet, b: FieldSet): boolean {
  return equal(a.toJson(), b.toJson())
}

/** The object without what nobody owns. */
export function strip(object: ApiObject | undefined): ApiObject | undefined {
  if (object === undefined) return undefined
  const {
    managedFields: _m,
    resourceVersion: _r,
    uid: _u,
    creationTimestamp: _c,
    generation: _g,
    ...rest
  } = object.metadata
  const {
    name: _n,
    namespace: _ns,
    deletionTimestamp: _d,
    deletionGracePeriodSeconds: _dg,
    selfLink: _s,
    ...metadata
  } = rest
  return { ...object, metadata }
}

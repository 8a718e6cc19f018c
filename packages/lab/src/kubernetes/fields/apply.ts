import { StatusError } from '../errors.ts'
import type { ApiObject, JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import type { Core, WriteContext } from '../rest/core.ts'
import { timestamp } from '../rest/core.ts'
import { equal, isObject, sorted } from '../rest/json.ts'
import { FieldSet, printPath } from './fieldset.ts'
import type { Manager } from './manage.ts'
import { lostIn, readManagers, resetFields, sameManager, strip, typingOf, writeManagers } from './manage.ts'
import type { Typing } from './typed.ts'
import { compare, fieldsOf } from './typed.ts'
import { merge, remove } from './typed-merge.ts'
import { typedProblem } from './typed-problem.ts'

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Server-side apply: lays a configuration over the live object, checks that no other manager owns what it changes, drops
 * what the same manager applied before and does not any more. Returns the object to write, with its managedFields.
 * Throws Conflict (unless forced), Invalid.
 */
export function applyConfiguration(
  core: Core,
  definition: ResourceDefinition,
  live: ApiObject | undefined,
  applied: JsonObject & { metadata: JsonObject },
  ctx: WriteContext & { force?: boolean },
  sent: { name?: string; namespace?: string },
): ApiObject {
  const typing = typingOf(core, definition)
  if (
    applied.metadata['managedFields'] !== undefined &&
    Array.isArray(applied.metadata['managedFields']) &&
    applied.metadata['managedFields'].length > 0
  )
    throw new StatusError(400, 'BadRequest', 'metadata.managedFields must be nil')
  const { managedFields: _, ...metadata } = applied.metadata
  const configuration: ApiObject = {
    ...applied,
    apiVersion: apiVersionOf(definition),
    kind: definition.kind,
    metadata,
  }
  const reset = resetFields(definition, ctx.subresource)
  const wrong = typedProblem(typing, configuration)
  if (wrong !== undefined) {
    const subject = `${sent.namespace ?? ''}/${sent.name ?? ''}; ${definition.group}/${definition.version}, Kind=${definition.kind}`
    throw new StatusError(500, undefined, `failed to create typed patch object (${subject}): ${wrong}`)
  }
  const wanted = fieldsOf(typing, configuration).recursiveDifference(reset)
  const managers = readManagers(live)
  const me: Omit<Manager, 'fields'> = {
    manager: ctx.manager,
    operation: 'Apply',
    apiVersion: apiVersionOf(definition),
    ...(ctx.subresource === undefined ? {} : { subresource: ctx.subresource }),
  }
  const mine = managers.find(
    (manager) =>
      sameManager(manager, me) ||
      (manager.operation === 'Apply' &&
        manager.manager === me.manager &&
        (manager.subresource ?? '') === (me.subresource ?? '')),
  )
  const base: ApiObject = live ?? {
    apiVersion: configuration.apiVersion,
    kind: configuration.kind,
    metadata: {},
  }
  let next = merge(typing, base, configuration) as ApiObject
  if (mine !== undefined) {
    const dropped = mine.fields.difference(wanted)
    const others = managers
      .filter((manager) => manager !== mine)
      .reduce((sum, manager) => sum.union(manager.fields), new FieldSet())
    // What somebody else owns too, or anything below it, stays.
    const going = dropped.difference(others).difference(ancestorsOf(others.union(wanted)))
    next = remove(typing, next, going) as ApiObject
  }
  const lost = lostIn(core, definition, managers, [base, next])
  if (lost !== undefined) throw new StatusError(500, undefined, lost)
  const { added, modified } = compare(typing, strip(base), strip(next))
  const changed = modified.union(added).recursiveDifference(reset)
  const conflicts: { manager: Manager; fields: FieldSet }[] = []
  for (const manager of managers) {
    if (manager === mine) continue
    const contested = manager.fields.intersection(changed).intersection(wanted)
    if (contested.paths().length > 0) conflicts.push({ manager, fields: contested })
  }
  if (conflicts.length > 0 && ctx.force !== true && !takesOver(typing, live, ctx.manager, conflicts))
    throw conflictError(conflicts)
  const rest = managers
    .filter((manager) => manager !== mine)
    .map((manager) => {
      const lost = conflicts.find((each) => each.manager === manager)
      return lost === undefined ? manager : { ...manager, fields: manager.fields.difference(lost.fields) }
    })
  // An apply that leaves the object as it is gets no time: who applies for the first time has none then.
  const isSame = live !== undefined && equal(strip(base), strip(next))
  const before = mine?.apiVersion === me.apiVersion ? mine.time : undefined
  const time = isSame ? before : timestamp(core)
  rest.push({ ...me, ...(time === undefined ? {} : { time }), fields: wanted })
  const managedFields = writeManagers(rest)
  const resourceVersion = configuration.metadata.resourceVersion
  const nextMetadata = { ...next.metadata, managedFields }
  // kubectl's own annotation keeps up, so that a client-side apply still knows what was applied last.
  if (
    ctx.manager === 'kubectl' &&
    nextMetadata.annotations?.[LAST_APPLIED] !== undefined &&
    ctx.subresource === undefined
  )
    nextMetadata.annotations = { ...nextMetadata.annotations, [LAST_APPLIED]: lastApplied(applied, sent) }
  if (resourceVersion === undefined || live === undefined) delete nextMetadata.resourceVersion
  // An object of which only the name is given, as a bare ServiceAccount, has no field to own.
  if (managedFields.length === 0) delete (nextMetadata as { managedFields?: unknown }).managedFields
  return { ...next, metadata: nextMetadata }
}

function lastApplied(applied: JsonObject & { metadata: JsonObject }, sent: { namespace?: string }): string {
  const { annotations, namespace, ...metadata } = applied.metadata
  const own = isObject(annotations) ? { ...annotations } : undefined
  if (own !== undefined) delete own[LAST_APPLIED]
  return `${JSON.stringify(
    sorted({
      ...applied,
      metadata: {
        ...metadata,
        ...(sent.namespace === undefined || sent.namespace === '' ? {} : { namespace }),
        ...(own === undefined ? {} : { annotations: own }),
      },
    }),
  )}\n`
}

/**
 * Whether the conflicts are only with what kubectl itself applied on the client's side before: the annotation it left
 * says so, and then the server-side apply takes the fields over.
 */
function takesOver(
  typing: Typing,
  live: ApiObject | undefined,
  manager: string,
  conflicts: { fields: FieldSet }[],
): boolean {
  const text = live?.metadata.annotations?.[LAST_APPLIED]
  if (manager !== 'kubectl' || text === undefined) return false
  let applied: FieldSet
  try {
    applied = fieldsOf(typing, JSON.parse(text) as JsonObject)
  } catch {
    return false
  }
  return conflicts.every(({ fields }) => fields.difference(applied).paths().length === 0)
}

function ancestorsOf(set: FieldSet): FieldSet {
  const result = new FieldSet()
  result.member = set.children.size > 0 || set.member
  for (const [element, child] of set.children) result.children.set(element, ancestorsOf(child))
  return result
}

/** 409 of an apply. */
export function conflictError(conflicts: { manager: Manager; fields: FieldSet }[]): StatusError {
  const entries = conflicts
    .flatMap(({ manager, fields }) =>
      fields.paths().map((path) => ({ who: nameOf(manager), path: printPath(path) })),
    )
    .toSorted((a, b) => (a.who < b.who ? -1 : a.who > b.who ? 1 : 0))
  const causes = entries.map(({ who, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${who}`,
    field: path,
  }))
  const groups = new Map<string, string[]>()
  for (const { who, path } of entries) groups.set(who, [...(groups.get(who) ?? []), path])
  let text: string
  if (entries.length === 1)
    text = `Apply failed with 1 conflict: conflict with ${entries[0]?.who}: ${entries[0]?.path}`
  else
    text = `Apply failed with ${entries.length} conflicts: ${[...groups]
      .map(([who, paths]) =>
        paths.length === 1
          ? `conflict with ${who}: ${paths[0]}`
          : `conflicts with ${who}:\n${paths.map((path) => `- ${path}`).join('\n')}`,
      )
      .join('\n')}`
  return new StatusError(409, 'Conflict', text, { causes })
}

function nameOf(manager: Manager): string {
  const parts = [JSON.stringify(manager.manager)]
  if (manager.subresource !== undefined) parts.push(`with subresource ${JSON.stringify(manager.subresource)}`)
  if (manager.operation === 'Update') parts.push(`using ${manager.apiVersion}`)
  return parts.join(' ')
}

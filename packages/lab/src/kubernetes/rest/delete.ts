import { validateAdmission } from '../admission/run.ts'
import type { DeleteOptions } from '../api.ts'
import { markForDeletion } from '../crd-conditions.ts'
import { conflict, forbidden, notFound } from '../errors.ts'
import type { ApiObject, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'
import type { Core, WriteContext } from './core.ts'
import { gvrOf, inVersion, keyOf, timestamp } from './core.ts'
import { tidyMetadata } from './metadata.ts'
import { builtinGenerations } from './strategies.ts'
import { isGone } from './write.ts'

const SYSTEM_NAMESPACES = new Set(['default', 'kube-system', 'kube-public'])

/** What became of an object that was deleted. */
export interface Deletion {
  /** Last state. */
  object: ApiObject
  /** Whether it is gone now. */
  gone: boolean
}

/** What a delete asks for besides the object. */
export interface Deleting extends Pick<
  DeleteOptions,
  'propagationPolicy' | 'gracePeriodSeconds' | 'preconditions'
> {
  /** The old way to ask for Background: what is not gone at once is answered with 202. */
  orphanDependents?: boolean
}

/** Kinds whose dependents stay when nothing is said about them, for the sake of old clients. */
const ORPHANS = new Set(['jobs.batch', 'replicationcontrollers'])
const ORPHAN_WARNING =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning'

/** Deletes an object, or marks it when something must happen first. Throws NotFound, Conflict, Forbidden. */
export function deleteObject(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
  options: Deleting,
  ctx: WriteContext,
): Deletion {
  const key = keyOf(definition, namespace, name)
  const stored = core.storage.get(key)
  if (stored === undefined) throw notFound(definition, name)
  const old = inVersion(definition, stored)
  checkDeletePreconditions(definition, old, options)
  if (definition.group === '' && definition.resource === 'namespaces' && SYSTEM_NAMESPACES.has(name))
    throw forbidden(definition, name, 'this namespace may not be deleted')
  if (ctx.admitted !== true)
    validateAdmission(
      core,
      {
        operation: 'DELETE',
        definition,
        gvr: gvrOf(definition),
        oldObject: old,
        namespace,
        name,
        user: ctx.user,
        dryRun: ctx.dryRun,
      },
      ctx,
    )
  const isCrd = groupResource(definition) === 'customresourcedefinitions.apiextensions.k8s.io'
  if (isCrd && old.metadata.deletionTimestamp === undefined) {
    const marked = markForDeletion(core, stored)
    return { object: ctx.dryRun ? marked : core.storage.put(key, marked), gone: false }
  }
  const meta = { ...old.metadata }
  const orphans = options.propagationPolicy === undefined && ORPHANS.has(groupResource(definition))
  if (orphans && definition.group === 'batch') ctx.warnings.push(ORPHAN_WARNING)
  const finalizers = withPolicy(
    meta.finalizers ?? [],
    orphans && !hasPolicy(meta.finalizers) ? 'Orphan' : options.propagationPolicy,
  )
  const grace = graceOf(definition, old, options)
  const isNamespace = definition.group === '' && definition.resource === 'namespaces'
  const first = meta.deletionTimestamp === undefined
  let object: ApiObject = { ...stored, metadata: meta }
  if (finalizers.length > 0) meta.finalizers = finalizers
  else delete meta.finalizers
  if (first) {
    meta.deletionTimestamp =
      grace > 0
        ? new Date(core.clock.now() + grace * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
        : timestamp(core)
    if (!isNamespace) meta.deletionGracePeriodSeconds = grace
    if (definition.crd === true || builtinGenerations(definition))
      meta.generation = (meta.generation ?? 0) + 1
  } else if (grace < (meta.deletionGracePeriodSeconds ?? 0)) {
    meta.deletionGracePeriodSeconds = grace
    meta.deletionTimestamp = new Date(core.clock.now() + grace * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
  }
  if (isNamespace) object = { ...object, status: { ...(object['status'] as object), phase: 'Terminating' } }
  object.metadata = tidyMetadata(meta)
  if (grace === 0 && !isNamespace && object.metadata.deletionTimestamp !== undefined)
    object.metadata.deletionGracePeriodSeconds = 0
  if (isGone(definition, object)) {
    if (ctx.dryRun) return { object: old, gone: true }
    // What is deleted with grace is marked once more before it goes; all else goes as it was.
    if (isGraceful(definition)) core.storage.put(key, object)
    const last = core.storage.remove(key, first && grace === 0 && !isGraceful(definition) ? stored : object)
    return { object: inVersion(definition, last ?? object), gone: true }
  }
  const same =
    !first &&
    JSON.stringify(finalizers) === JSON.stringify(old.metadata.finalizers ?? []) &&
    meta.deletionGracePeriodSeconds === old.metadata.deletionGracePeriodSeconds
  if (same || ctx.dryRun) return { object: same ? old : inVersion(definition, object), gone: false }
  return { object: inVersion(definition, core.storage.put(key, object)), gone: false }
}

function checkDeletePreconditions(definition: ResourceDefinition, old: ApiObject, options: Deleting): void {
  const name = old.metadata.name ?? ''
  const { uid, resourceVersion } = options.preconditions ?? {}
  const subject = { group: definition.group, resource: definition.kind }
  if (uid !== undefined && uid !== old.metadata.uid)
    throw conflict(
      subject,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${old.metadata.uid}). The object might have been deleted and then recreated`,
    )
  if (resourceVersion !== undefined && resourceVersion !== old.metadata.resourceVersion)
    throw conflict(
      subject,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${old.metadata.resourceVersion}). The object might have been modified`,
    )
}

function hasPolicy(finalizers: string[] = []): boolean {
  return finalizers.includes('orphan') || finalizers.includes('foregroundDeletion')
}

function withPolicy(finalizers: string[], policy: Deleting['propagationPolicy']): string[] {
  if (policy === undefined) return [...finalizers]
  const rest = finalizers.filter((each) => each !== 'foregroundDeletion' && each !== 'orphan')
  if (policy === 'Foreground') return [...rest, 'foregroundDeletion']
  if (policy === 'Orphan') return [...rest, 'orphan']
  return rest
}

function isGraceful(definition: ResourceDefinition): boolean {
  return groupResource(definition) === 'pods'
}

function graceOf(definition: ResourceDefinition, object: ApiObject, options: Deleting): number {
  if (!isGraceful(definition)) return 0
  const spec = object['spec']
  const fields = spec !== null && typeof spec === 'object' && !Array.isArray(spec) ? spec : {}
  const status = object['status']
  const phase =
    status !== null && typeof status === 'object' && !Array.isArray(status) ? status['phase'] : undefined
  if (phase === 'Succeeded' || phase === 'Failed') return 0
  if (fields['nodeName'] === undefined || fields['nodeName'] === '') return 0
  const asked = options.gracePeriodSeconds
  // Less than nothing is as short as can be.
  if (asked !== undefined) return asked < 0 ? 1 : asked
  const own = fields['terminationGracePeriodSeconds']
  return typeof own === 'number' ? own : 30
}

/** Kinds whose delete answers with the object instead of a Status. */
const ANSWER_WITH_OBJECT = new Set([
  'pods',
  'services',
  'serviceaccounts',
  'resourcequotas',
  'storageclasses.storage.k8s.io',
  'persistentvolumes',
  'persistentvolumeclaims',
  'podtemplates',
  'podsecuritypolicies',
])

/** Whether deleting a kind answers with the object. */
export function answersWithObject(definition: ResourceDefinition): boolean {
  return ANSWER_WITH_OBJECT.has(groupResource(definition))
}

import { CLEANUP, conditionOf, withCondition } from './crd-conditions.ts'
import { acceptNames } from './crd-names.ts'
import { CRD_BUCKET } from './crds.ts'
import { updateManagedFields } from './fields/manage.ts'
import type { ApiObject } from './resources.ts'
import { asText, at, isObject } from './rest/json.ts'
import type { Core, WriteContext } from './rest/core.ts'
import { deleteObject } from './rest/delete.ts'
import type { ObjectKey } from './store/storage.ts'

/** Moves a CRD on: accepts its names and establishes it; when it is going, deletes its objects, then lets it go. */
export function tendCrd(core: Core, key: ObjectKey, ctx: WriteContext): void {
  const crd = core.storage.get(key)
  if (crd === undefined) return
  if (crd.metadata.deletionTimestamp !== undefined) {
    finish(core, key, crd, ctx)
    return
  }
  const named = accept(core, crd)
  if (named !== undefined) note(core, key, crd, named, ctx)
  const accepted = core.storage.get(key) ?? crd
  const established = establish(core, accepted)
  if (established !== undefined) note(core, key, accepted, established, ctx)
}

/** The CRD whose last object may just have gone. */
export function crdOf(key: ObjectKey): ObjectKey {
  const [group = '', resource = ''] = key.bucket.split('/')
  return { bucket: CRD_BUCKET, namespace: '', name: `${resource}.${group}` }
}

function finish(core: Core, key: ObjectKey, crd: ApiObject, ctx: WriteContext): void {
  if (!(crd.metadata.finalizers ?? []).includes(CLEANUP)) return
  const group = asText(at(crd, ['spec', 'group']))
  const plural = asText(at(crd, ['spec', 'names', 'plural']))
  const bucket = `${group}/${plural}`
  const conditionIs = (reason: string): boolean => conditionOf(crd, 'Terminating')?.['reason'] === reason
  if (conditionIs('InstanceDeletionPending'))
    note(
      core,
      key,
      crd,
      withCondition(core, crd, {
        type: 'Terminating',
        status: 'True',
        reason: 'InstanceDeletionInProgress',
        message: 'CustomResource deletion is in progress',
      }),
      ctx,
    )
  const definition = core.registry.all().find((each) => each.group === group && each.resource === plural)
  if (definition !== undefined)
    for (const object of core.storage.list(bucket))
      if (object.metadata.deletionTimestamp === undefined)
        deleteObject(core, definition, object.metadata.namespace, object.metadata.name ?? '', {}, ctx)
  if (core.storage.list(bucket).length > 0) return
  const now = core.storage.get(key) ?? crd
  const finalizers = (now.metadata.finalizers ?? []).filter((each) => each !== CLEANUP)
  const next: ApiObject = { ...now, metadata: { ...now.metadata, finalizers } }
  if (finalizers.length === 0) core.storage.remove(key, next)
  else core.storage.put(key, next)
}

/** The CRD with its names looked at; undefined when nothing is new. */
function accept(core: Core, crd: ApiObject): ApiObject | undefined {
  const others = core.storage.list(CRD_BUCKET).filter((each) => each.metadata.name !== crd.metadata.name)
  const { names, conflict } = acceptNames(crd, others)
  const status = isObject(crd['status']) ? crd['status'] : {}
  const stored = Array.isArray(status['storedVersions']) ? status['storedVersions'] : []
  let next: ApiObject = {
    ...crd,
    status: {
      ...status,
      conditions: status['conditions'] ?? [],
      acceptedNames: names,
      storedVersions: withStorageVersion(crd, stored),
    },
  }
  next = withCondition(core, next, {
    type: 'NamesAccepted',
    status: conflict === undefined ? 'True' : 'False',
    reason: conflict?.reason ?? 'NoConflicts',
    message: conflict?.message ?? 'no conflicts found',
  })
  if (conditionOf(crd, 'Established')?.['status'] !== 'True')
    next = withCondition(
      core,
      next,
      conflict === undefined
        ? {
            type: 'Established',
            status: 'False',
            reason: 'Installing',
            message: 'the initial names have been accepted',
          }
        : {
            type: 'Established',
            status: 'False',
            reason: 'NotAccepted',
            message: 'not all names are accepted',
          },
    )
  return JSON.stringify(next) === JSON.stringify(crd) ? undefined : next
}

function withStorageVersion(crd: ApiObject, stored: readonly unknown[]): string[] {
  const versions = at(crd, ['spec', 'versions'])
  const storage = (Array.isArray(versions) ? versions.filter(isObject) : []).find(
    (version) => version['storage'] === true,
  )
  const known = stored.filter((each): each is string => typeof each === 'string')
  const name = asText(storage?.['name'])
  return name === '' || known.includes(name) ? known : [...known, name]
}

/** The CRD established, once its names are accepted; undefined when it is already, or cannot be. */
function establish(core: Core, crd: ApiObject): ApiObject | undefined {
  if (conditionOf(crd, 'NamesAccepted')?.['status'] !== 'True') return undefined
  if (conditionOf(crd, 'Established')?.['status'] === 'True') return undefined
  return withCondition(core, crd, {
    type: 'Established',
    status: 'True',
    reason: 'InitialNamesAccepted',
    message: 'the initial names have been accepted',
  })
}

/** Stores what the API server itself says of a CRD, as its own field manager. */
function note(core: Core, key: ObjectKey, old: ApiObject, next: ApiObject, ctx: WriteContext): void {
  const noted: ApiObject = { ...next, metadata: { ...next.metadata } }
  const definition = core.registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
  if (definition !== undefined)
    updateManagedFields(core, definition, old, noted, {
      ...ctx,
      manager: 'kube-apiserver',
      subresource: 'status',
    })
  core.storage.put(key, noted)
}

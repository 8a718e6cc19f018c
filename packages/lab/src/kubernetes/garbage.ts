import type { ApiObject, ResourceDefinition } from './resources.ts'
import type { Core, WriteContext } from './rest/core.ts'
import { bucketOf, inVersion } from './rest/core.ts'
import { deleteObject } from './rest/delete.ts'
import { updateObject } from './rest/write.ts'
import type { ObjectKey } from './store/storage.ts'

/** The context of what a controller of the control plane writes: it may do everything. */
export function controllerContext(name: string): WriteContext {
  return {
    user: {
      username: `system:serviceaccount:kube-system:${name}`,
      groups: ['system:masters', 'system:authenticated'],
    },
    manager: 'kube-controller-manager',
    dryRun: false,
    fieldValidation: 'Ignore',
    warnings: [],
  }
}

/** The kind of what is kept under a key. */
function definitionAt(core: Core, key: ObjectKey): ResourceDefinition | undefined {
  return core.registry
    .all()
    .find((definition) => bucketOf(definition) === key.bucket && definition.storedAs === undefined)
}

function ownerExists(
  core: Core,
  dependent: ApiObject,
  owner: { apiVersion?: string; uid: string; name: string; kind: string },
): ApiObject | undefined {
  const found = core.storage.byUid(owner.uid)
  // A cluster-scoped object cannot be owned by one of a namespace; what says so is left alone.
  if (dependent.metadata.namespace === undefined && isNamespaced(core, owner))
    return found?.object ?? dependent
  if (found === undefined || found.key.name !== owner.name) return undefined
  if (found.key.namespace !== '' && found.key.namespace !== (dependent.metadata.namespace ?? ''))
    return undefined
  return found.object
}

function isNamespaced(core: Core, owner: { apiVersion?: string; kind: string }): boolean {
  const parts = (owner.apiVersion ?? '').split('/')
  const version = parts.pop() ?? ''
  return core.registry.findKind(parts[0] ?? '', version, owner.kind)?.namespaced === true
}

/** Deals with the dependents of an object that is gone. */
export function collectDependents(core: Core, uid: string): void {
  for (const { object } of core.storage.dependents(uid).toReversed())
    collectSelf(core, object.metadata.uid ?? '')
}

/** Deletes an object none of whose owners is left; forgets the owners that are gone if others are. */
export function collectSelf(core: Core, uid: string): void {
  const found = core.storage.byUid(uid)
  const owners = found?.object.metadata.ownerReferences ?? []
  if (found === undefined || owners.length === 0) return
  const definition = definitionAt(core, found.key)
  if (definition === undefined) return
  const { object, key } = found
  const solid = owners.filter((owner) => {
    const there = ownerExists(core, object, owner)
    return there !== undefined && !waitsForDependents(there)
  })
  const waiting = owners.filter((owner) => {
    const there = ownerExists(core, object, owner)
    return there !== undefined && waitsForDependents(there)
  })
  if (solid.length === owners.length) return
  const ctx = controllerContext('generic-garbage-collector')
  if (solid.length > 0) {
    const live = inVersion(definition, object)
    updateObject(
      core,
      definition,
      key.namespace,
      key.name,
      { ...live, metadata: { ...live.metadata, ownerReferences: solid } },
      { ...ctx, patch: true },
    )
    return
  }
  if (object.metadata.deletionTimestamp !== undefined) return
  const policy = waiting.length > 0 && core.storage.dependents(uid).length > 0 ? 'Foreground' : 'Background'
  const finalizers = object.metadata.finalizers ?? []
  deleteObject(
    core,
    definition,
    key.namespace,
    key.name,
    {
      propagationPolicy: finalizers.includes('orphan')
        ? 'Orphan'
        : finalizers.includes('foregroundDeletion')
          ? 'Foreground'
          : policy,
      preconditions: { uid },
    },
    ctx,
  )
}

function waitsForDependents(owner: ApiObject): boolean {
  return (
    owner.metadata.deletionTimestamp !== undefined &&
    (owner.metadata.finalizers ?? []).includes('foregroundDeletion')
  )
}

/** Takes the garbage collector's finalizers from an owner once its dependents are dealt with. */
export function finishForeground(core: Core, uid: string): void {
  const found = core.storage.byUid(uid)
  if (found === undefined || found.object.metadata.deletionTimestamp === undefined) return
  const definition = definitionAt(core, found.key)
  if (definition === undefined) return
  const ctx: WriteContext = { ...controllerContext('generic-garbage-collector'), patch: true }
  const finalizers = found.object.metadata.finalizers ?? []
  const drop = (name: string): void => {
    const live = inVersion(definition, found.object)
    updateObject(
      core,
      definition,
      found.key.namespace,
      found.key.name,
      { ...live, metadata: { ...live.metadata, finalizers: finalizers.filter((each) => each !== name) } },
      ctx,
    )
  }
  if (finalizers.includes('orphan')) {
    for (const dependent of core.storage.dependents(uid)) {
      const kind = definitionAt(core, dependent.key)
      if (kind === undefined) continue
      const live = inVersion(kind, dependent.object)
      const rest = (live.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid)
      updateObject(
        core,
        kind,
        dependent.key.namespace,
        dependent.key.name,
        { ...live, metadata: { ...live.metadata, ownerReferences: rest } },
        ctx,
      )
    }
    drop('orphan')
  } else if (finalizers.includes('foregroundDeletion')) {
    const dependents = core.storage.dependents(uid)
    const blocking = dependents.filter(({ object }) =>
      object.metadata.ownerReferences?.some(
        (owner) => owner.uid === uid && owner.blockOwnerDeletion === true,
      ),
    )
    if (blocking.length === 0) drop('foregroundDeletion')
    for (const { object } of dependents.toReversed()) collectSelf(core, object.metadata.uid ?? '')
  }
}

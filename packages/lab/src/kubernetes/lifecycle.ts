import type { ApiObject, JsonObject, ResourceDefinition } from './resources.ts'
import { isObject } from './rest/json.ts'
import type { Core, WriteContext } from './rest/core.ts'
import { bucketOf, inVersion } from './rest/core.ts'
import { deleteObject } from './rest/delete.ts'
import { createObject, updateObject } from './rest/write.ts'
import type { ObjectKey } from './store/storage.ts'
import { crdOf, tendCrd } from './crd-lifecycle.ts'
import { CRD_BUCKET } from './crds.ts'
import { aggregateRoles, ROLE_BUCKET } from './role-aggregation.ts'

/** Time between a write and the garbage collector's answer, milliseconds: long enough for a client to see the state between. */
const COLLECT_AFTER = 50
/** Time before what failed is tried again, milliseconds. */
const RETRY_AFTER = 1000

/**
 * What the control plane does to objects by itself: collects garbage, empties and removes namespaces, establishes CRDs,
 * gives each namespace its default account and CA. Returns what ends it.
 */
export function startLifecycle(core: Core): () => void {
  const pending = new Map<string, NodeJS.Timeout>()
  let stopped = false
  const later = (key: string, work: () => void, after = COLLECT_AFTER): void => {
    if (stopped || pending.has(key)) return
    const timer = setTimeout(() => {
      pending.delete(key)
      try {
        work()
      } catch {
        // Someone else's write came between, or admission refused: asked again, as a controller would.
        later(key, work, RETRY_AFTER)
      }
    }, after)
    timer.unref()
    pending.set(key, timer)
  }
  core.storage.tap((key, event) => {
    const { object } = event
    const uid = object.metadata.uid ?? ''
    if (event.type === 'DELETED') {
      if (core.storage.dependents(uid).length > 0) later(`owner ${uid}`, () => collectDependents(core, uid))
      for (const owner of object.metadata.ownerReferences ?? [])
        later(`wait ${owner.uid}`, () => finishForeground(core, owner.uid))
    } else {
      if (object.metadata.ownerReferences !== undefined) {
        later(`self ${uid}`, () => collectSelf(core, uid))
        for (const owner of object.metadata.ownerReferences)
          later(`wait ${owner.uid}`, () => finishForeground(core, owner.uid))
      }
      const finalizers = object.metadata.finalizers ?? []
      if (
        object.metadata.deletionTimestamp !== undefined &&
        (finalizers.includes('foregroundDeletion') || finalizers.includes('orphan'))
      )
        later(`wait ${uid}`, () => finishForeground(core, uid))
    }
    if (key.bucket === ROLE_BUCKET)
      later('roles', () => aggregateRoles(core, controllerContext('clusterrole-aggregation-controller')))
    const namespace = key.bucket === '/namespaces' ? key.name : key.namespace
    const tend = (crd: ObjectKey): void =>
      later(`crd ${crd.name}`, () => tendCrd(core, crd, controllerContext('customresourcecleanup')))
    if (key.bucket === CRD_BUCKET && event.type !== 'DELETED') tend(key)
    // Names that a CRD leaves may be given to those that wait for them.
    if (key.bucket === CRD_BUCKET && event.type === 'DELETED')
      for (const crd of core.storage.list(CRD_BUCKET))
        tend({ bucket: CRD_BUCKET, namespace: '', name: crd.metadata.name ?? '' })
    if (event.type === 'DELETED') {
      const crd = crdOf(key)
      if (core.storage.get(crd)?.metadata.deletionTimestamp !== undefined) tend(crd)
    }
    if (namespace === '') return
    const home = core.storage.get({ bucket: '/namespaces', namespace: '', name: namespace })
    if (home === undefined) return
    if (home.metadata.deletionTimestamp !== undefined)
      later(`namespace ${namespace}`, () => emptyNamespace(core, namespace))
    else if (
      key.bucket === '/namespaces' ||
      (event.type === 'DELETED' && ['default', 'kube-root-ca.crt'].includes(key.name))
    )
      later(`furnish ${namespace}`, () => furnish(core, namespace))
  })
  return () => {
    stopped = true
    for (const timer of pending.values()) clearTimeout(timer)
    pending.clear()
  }
}

function controllerContext(name: string): WriteContext {
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

function collectDependents(core: Core, uid: string): void {
  for (const { object } of core.storage.dependents(uid)) collectSelf(core, object.metadata.uid ?? '')
}

/** Deletes an object none of whose owners is left; forgets the owners that are gone if others are. */
function collectSelf(core: Core, uid: string): void {
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
function finishForeground(core: Core, uid: string): void {
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
    for (const { object } of dependents) collectSelf(core, object.metadata.uid ?? '')
  }
}

/** Deletes what is in a namespace that goes, and the namespace when nothing is left. */
function emptyNamespace(core: Core, namespace: string): void {
  const key: ObjectKey = { bucket: '/namespaces', namespace: '', name: namespace }
  const ctx = controllerContext('namespace-controller')
  let left = 0
  for (const definition of core.registry.all()) {
    if (!definition.namespaced || definition.storedAs !== undefined) continue
    for (const object of core.storage.list(bucketOf(definition), namespace)) {
      if (object.metadata.deletionTimestamp === undefined)
        deleteObject(
          core,
          definition,
          namespace,
          object.metadata.name ?? '',
          { propagationPolicy: 'Background' },
          ctx,
        )
      if (
        core.storage.get({ bucket: bucketOf(definition), namespace, name: object.metadata.name ?? '' }) !==
        undefined
      )
        left++
    }
  }
  const home = core.storage.get(key)
  if (home === undefined) return
  if (left > 0) {
    noteRemaining(core, key, home)
    return
  }
  const spec = isObject(home['spec']) ? home['spec'] : {}
  const finalizers = Array.isArray(spec['finalizers'])
    ? spec['finalizers'].filter((each) => each !== 'kubernetes')
    : []
  const next: ApiObject = { ...home, spec: { ...spec, finalizers } }
  if (finalizers.length === 0 && (home.metadata.finalizers ?? []).length === 0) core.storage.remove(key, next)
  else if (Array.isArray(spec['finalizers']) && spec['finalizers'].includes('kubernetes'))
    core.storage.put(key, { ...next, metadata: { ...next.metadata } })
}

/** Says in a namespace's conditions that it still waits for somebody's finalizers. */
function noteRemaining(core: Core, key: ObjectKey, home: ApiObject): void {
  const remaining = new Map<string, number>()
  const finalizers = new Map<string, number>()
  const count = (map: Map<string, number>, name: string): void => void map.set(name, (map.get(name) ?? 0) + 1)
  for (const definition of core.registry.all()) {
    if (!definition.namespaced || definition.storedAs !== undefined) continue
    for (const object of core.storage.list(bucketOf(definition), key.name)) {
      count(remaining, `${definition.resource}.${definition.group}`)
      for (const finalizer of object.metadata.finalizers ?? []) count(finalizers, finalizer)
    }
  }
  const text = (map: Map<string, number>, what: (name: string, many: number) => string): string =>
    [...map]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, many]) => what(name, many))
      .join(', ')
  const lastTransitionTime = new Date(core.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  const condition = (type: string, status: string, reason: string, message: string): JsonObject => ({
    type,
    status,
    lastTransitionTime,
    reason,
    message,
  })
  const conditions = [
    condition(
      'NamespaceDeletionDiscoveryFailure',
      'False',
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ),
    condition(
      'NamespaceDeletionGroupVersionParsingFailure',
      'False',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ),
    condition(
      'NamespaceDeletionContentFailure',
      'False',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ),
    condition(
      'NamespaceContentRemaining',
      'True',
      'SomeResourcesRemain',
      `Some resources are remaining: ${text(remaining, (name, many) => `${name} has ${many} resource instances`)}`,
    ),
    condition(
      'NamespaceFinalizersRemaining',
      'True',
      'SomeFinalizersRemain',
      `Some content in the namespace has finalizers remaining: ${text(finalizers, (name, many) => `${name} in ${many} resource instances`)}`,
    ),
  ]
  const status = isObject(home['status']) ? home['status'] : {}
  const before = Array.isArray(status['conditions']) ? status['conditions'].filter(isObject) : []
  const same = conditions.every((each, index) => before[index]?.['message'] === each['message'])
  // Without finalizers it is a matter of moments.
  if (same || finalizers.size === 0) return
  core.storage.put(key, { ...home, metadata: { ...home.metadata }, status: { ...status, conditions } })
}

const CA_DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Gives a namespace its default account and the CA's certificate. */
function furnish(core: Core, namespace: string): void {
  const ctx = controllerContext('root-ca-cert-publisher')
  const configMaps = core.registry.find('', 'v1', 'configmaps')
  if (
    configMaps !== undefined &&
    core.caPem !== '' &&
    core.storage.get({ bucket: '/configmaps', namespace, name: 'kube-root-ca.crt' }) === undefined
  )
    createObject(
      core,
      configMaps,
      namespace,
      {
        metadata: { name: 'kube-root-ca.crt', annotations: { 'kubernetes.io/description': CA_DESCRIPTION } },
        data: { 'ca.crt': core.caPem },
      },
      ctx,
    )
  const accounts = core.registry.find('', 'v1', 'serviceaccounts')
  if (
    accounts !== undefined &&
    core.storage.get({ bucket: '/serviceaccounts', namespace, name: 'default' }) === undefined
  )
    createObject(core, accounts, namespace, { metadata: { name: 'default' } }, ctx)
}

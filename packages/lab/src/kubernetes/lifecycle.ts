import { collectDependents, collectSelf, controllerContext, finishForeground } from './garbage.ts'
import type { Core } from './rest/core.ts'
import type { ObjectKey } from './store/storage.ts'
import { crdOf, tendCrd } from './crd-lifecycle.ts'
import { CRD_BUCKET } from './crds.ts'
import { emptyNamespace, furnish, NAMESPACE_GRACE } from './namespaces.ts'
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
    const { deletionTimestamp } = home.metadata
    if (deletionTimestamp !== undefined) {
      const since = core.clock.now() - Date.parse(deletionTimestamp)
      const rest = NAMESPACE_GRACE / core.clock.speed - since
      later(`namespace ${namespace}`, () => emptyNamespace(core, namespace), Math.max(rest, COLLECT_AFTER))
    } else if (
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

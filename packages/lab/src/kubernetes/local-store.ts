import type { Store, WriteOptions } from './api.ts'
import { noSuchResource } from './errors.ts'
import type { GroupVersionResource, ResourceDefinition, UserInfo } from './resources.ts'
import type { Core, WriteContext } from './rest/core.ts'
import { bucketOf, inVersion, keyOf } from './rest/core.ts'
import { deleteObject } from './rest/delete.ts'
import { patchScale } from './rest/scale.ts'
import { patchObject } from './rest/patch.ts'
import { createObject, updateObject } from './rest/write.ts'
import { labelPredicate } from './store/selectors.ts'

/** Who writes in process when nobody is named. */
const SYSTEM: UserInfo = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

/** The store for code in the same process: the rules of HTTP without the wire. */
export function localStore(core: Core): Store {
  const definitionOf = (gvr: GroupVersionResource): ResourceDefinition => {
    const definition = core.registry.find(gvr.group, gvr.version, gvr.resource)
    if (definition === undefined) throw noSuchResource()
    return definition
  }
  const context = (options: WriteOptions = {}): WriteContext => ({
    user: options.user ?? SYSTEM,
    manager: options.fieldManager ?? options.user?.username ?? 'system:apiserver',
    dryRun: options.dryRun ?? false,
    fieldValidation: 'Ignore',
    warnings: [],
    ...(options.subresource === undefined ? {} : { subresource: options.subresource }),
  })
  return {
    get revision() {
      return core.storage.revision
    },
    get(gvr, namespace, name) {
      const definition = definitionOf(gvr)
      const stored = core.storage.get(keyOf(definition, namespace, name))
      return stored === undefined ? undefined : inVersion(definition, stored)
    },
    list(gvr, options = {}) {
      const definition = definitionOf(gvr)
      const selects = labelPredicate(options.labelSelector)
      const objects = core.storage.list(bucketOf(definition), options.namespace)
      const chosen = selects === undefined ? objects : objects.filter(selects)
      return chosen.map((object) => inVersion(definition, object))
    },
    create(gvr, object, options) {
      return createObject(core, definitionOf(gvr), object.metadata.namespace, object, context(options))
    },
    update(gvr, object, options) {
      return updateObject(
        core,
        definitionOf(gvr),
        object.metadata.namespace,
        object.metadata.name ?? '',
        object,
        context(options),
      )
    },
    patch(gvr, ref, patch, options = {}) {
      const definition = definitionOf(gvr)
      const ctx = { ...context(options), ...(options.force === undefined ? {} : { force: options.force }) }
      if (options.subresource === 'scale')
        return patchScale(core, definition, ref.namespace, ref.name, patch, options.type ?? 'merge', ctx)
      return patchObject(core, definition, ref.namespace, ref.name, patch, options.type ?? 'merge', ctx)
        .object
    },
    delete(gvr, ref, options = {}) {
      return deleteObject(core, definitionOf(gvr), ref.namespace, ref.name, options, context(options)).object
    },
    watch(gvr, from, listener) {
      const definition = definitionOf(gvr)
      let stopped = false
      const start = from ?? core.storage.revision
      if (from === undefined) {
        const initial = core.storage.list(bucketOf(definition))
        setImmediate(() => {
          for (const object of initial) {
            if (stopped) return
            listener({ type: 'ADDED', object: inVersion(definition, object), revision: start })
          }
        })
      }
      const stop = core.storage.watch(bucketOf(definition), start, (event) => {
        const old = event.old === undefined ? undefined : inVersion(definition, event.old)
        listener({
          ...event,
          object: inVersion(definition, event.object),
          ...(old === undefined ? {} : { old }),
        })
      })
      return () => {
        stopped = true
        stop()
      }
    },
  }
}

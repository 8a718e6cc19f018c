import { forbidden, notFound } from '../errors.ts'
import type { ApiObject, ResourceDefinition } from '../resources.ts'
import type { Core } from './core.ts'

/** The namespace of an object of a namespaced kind. Throws NotFound when it is not there, though the object may be. */
export function checkHome(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
): ApiObject | undefined {
  if (!definition.namespaced) return undefined
  const found = core.storage.get({ bucket: '/namespaces', namespace: '', name: namespace ?? '' })
  if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace ?? '')
  return found
}

/** Refuses new content where there is no namespace, or one that is going. */
export function checkNamespace(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
): void {
  const found = checkHome(core, definition, namespace)
  if (found === undefined) return
  if (found.metadata.deletionTimestamp !== undefined && definition.group !== 'authorization.k8s.io')
    throw forbidden(
      definition,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    )
}

import type { JsonObject, ResourceDefinition, ResourceRegistry } from '../resources.ts'
import { groupsInOrder, kindsInOrder, versionsInOrder } from './plain.ts'

/** Media type of the aggregated form. */
export const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'

function resourceBody(definition: ResourceDefinition): JsonObject {
  // Built-in kinds leave out the group and version they stand in; custom ones write them.
  const own =
    definition.crd === true
      ? { group: definition.group, version: definition.version }
      : { group: '', version: '' }
  const subresources = definition.subresources ?? []
  return {
    resource: definition.resource,
    responseKind: { ...own, kind: definition.kind },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: definition.verbs,
    ...(definition.shortNames?.length ? { shortNames: definition.shortNames } : {}),
    ...(definition.categories?.length ? { categories: definition.categories } : {}),
    ...(subresources.length === 0
      ? {}
      : {
          subresources: subresources.map((each) => ({
            subresource: each.name,
            responseKind: {
              ...(each.group === undefined ? own : { group: each.group, version: each.version ?? '' }),
              kind: each.kind,
            },
            verbs: each.verbs,
          })),
        }),
  }
}

function groupBody(registry: ResourceRegistry, group: string): JsonObject {
  return {
    metadata: group === '' ? {} : { name: group },
    versions: versionsInOrder(registry, group).map((version) => {
      const kinds = kindsInOrder(registry, group, version)
      // What another server serves is not known while it does not answer.
      return kinds.length === 0
        ? { version, freshness: 'Stale' }
        : { version, resources: kinds.map(resourceBody), freshness: 'Current' }
    }),
  }
}

/** APIGroupDiscoveryList: the core group alone (for /api), or all others (for /apis). */
export function aggregatedDiscovery(registry: ResourceRegistry, path: '/api' | '/apis'): JsonObject {
  const groups = path === '/api' ? [''] : groupsInOrder(registry)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => groupBody(registry, group)),
  }
}

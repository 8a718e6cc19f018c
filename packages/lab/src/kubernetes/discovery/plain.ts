import { createHash } from 'node:crypto'
import { compareVersions } from '../crds.ts'
import type { JsonObject, ResourceDefinition, ResourceRegistry } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'

/** API groups in the order they are shown: built-in ones by priority, then custom ones by name. Without the core group. */
export function groupsInOrder(registry: ResourceRegistry): string[] {
  const all = registry.all()
  const custom = new Set(all.filter((definition) => definition.crd === true).map(({ group }) => group))
  const groups = registry.groups().filter((group) => group !== '')
  const remote = registry.remotes.map(({ group }) => group).filter((group) => !groups.includes(group))
  return [
    ...groups.filter((group) => !custom.has(group)),
    ...new Set([...groups.filter((group) => custom.has(group)), ...remote].toSorted()),
  ]
}

/** Versions of a group, the preferred one first. */
export function versionsInOrder(registry: ResourceRegistry, group: string): string[] {
  const remote = registry.remotes.filter((each) => each.group === group).map(({ version }) => version)
  return [...new Set([...registry.versions(group), ...remote])].toSorted(compareVersions)
}

/** Kinds of a group version in the order they are shown. */
export function kindsInOrder(
  registry: ResourceRegistry,
  group: string,
  version: string,
): ResourceDefinition[] {
  const kinds = registry.inVersion(group, version)
  return kinds.some((definition) => definition.crd === true)
    ? kinds.toSorted((a, b) => (a.resource < b.resource ? -1 : 1))
    : kinds
}

/** APIVersions: the answer of /api. */
export function apiVersions(serverAddress: string): JsonObject {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  }
}

function groupBody(registry: ResourceRegistry, group: string): JsonObject {
  const versions = versionsInOrder(registry, group).map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }))
  return { name: group, versions, ...(versions[0] === undefined ? {} : { preferredVersion: versions[0] }) }
}

/** APIGroupList: the answer of /apis. */
export function apiGroupList(registry: ResourceRegistry): JsonObject {
  const groups = groupsInOrder(registry).map((group) => groupBody(registry, group))
  return { kind: 'APIGroupList', apiVersion: 'v1', groups }
}

/** APIGroup: the answer of /apis/<group>. */
export function apiGroup(registry: ResourceRegistry, group: string): JsonObject {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupBody(registry, group) }
}

/** Built-in kinds that a real server still keeps in an older version. */
const KEPT_IN_V1BETA1 = new Set([
  'CustomResourceDefinition',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
])

/** Hash that tells clients whether a kind is stored otherwise than before. */
export function storageVersionHash(definition: ResourceDefinition): string {
  const group = definition.storedAs?.group ?? definition.group
  const older = definition.crd !== true && KEPT_IN_V1BETA1.has(definition.kind)
  const version = older ? 'v1beta1' : (definition.storageVersion ?? definition.version)
  return createHash('sha256')
    .update(`${group}/${version}/${definition.kind}`)
    .digest()
    .subarray(0, 8)
    .toString('base64')
}

function isStored(definition: ResourceDefinition): boolean {
  return definition.verbs.includes('watch')
}

/** APIResourceList: the answer of /api/v1 and /apis/<group>/<version>. */
export function apiResourceList(registry: ResourceRegistry, group: string, version: string): JsonObject {
  const resources = kindsInOrder(registry, group, version).flatMap((definition): JsonObject[] => [
    {
      name: definition.resource,
      singularName: definition.singular,
      namespaced: definition.namespaced,
      kind: definition.kind,
      verbs: definition.verbs,
      ...(definition.shortNames?.length ? { shortNames: definition.shortNames } : {}),
      ...(definition.categories?.length ? { categories: definition.categories } : {}),
      ...(isStored(definition) ? { storageVersionHash: storageVersionHash(definition) } : {}),
    },
    ...(definition.subresources ?? []).map((each) => ({
      name: `${definition.resource}/${each.name}`,
      singularName: '',
      namespaced: definition.namespaced,
      ...(each.group === undefined ? {} : { group: each.group, version: each.version }),
      kind: each.kind,
      verbs: each.verbs,
    })),
  ])
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: apiVersionOf({ group, version }),
    resources,
  }
}

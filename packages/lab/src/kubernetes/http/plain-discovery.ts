import type { JsonObject, RequestContext, ResourceRegistry } from '../resources.ts'

/** Answers the plain discovery paths and /version; false when the path is none of them. */
export function plainDiscovery(ctx: RequestContext, registry: ResourceRegistry): boolean {
  const reply = (body: JsonObject): boolean => {
    ctx.send(200, 'application/json', JSON.stringify(body))
    return true
  }
  const path = ctx.path.replace(/\/$/, '')
  const groupOf = (group: string): JsonObject => {
    const versions = registry
      .versions(group)
      .map((version) => ({ groupVersion: `${group}/${version}`, version }))
    return { name: group, versions, preferredVersion: versions[0] }
  }
  if (path === '/version') {
    const [, major = '1', minor = '36'] = /^v(\d+)\.(\d+)/.exec(ctx.gitVersion) ?? []
    return reply({
      major,
      minor,
      gitVersion: ctx.gitVersion,
      gitCommit: '',
      gitTreeState: 'clean',
      buildDate: '2026-01-01T00:00:00Z',
      goVersion: 'go1.25',
      compiler: 'gc',
      platform: 'linux/amd64',
    })
  }
  if (path === '/api')
    return reply({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: ctx.serverAddress }],
    })
  const groups = registry.groups().filter((group) => group !== '')
  if (path === '/apis') return reply({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(groupOf) })
  const [, , first = '', second] = path.split('/')
  if (path.startsWith('/apis/') && second === undefined && groups.includes(first))
    return reply({ kind: 'APIGroup', apiVersion: 'v1', ...groupOf(first) })
  const group = path.startsWith('/api/') ? '' : first
  const version = path.startsWith('/api/') ? first : (second ?? '')
  if (path.split('/').length > 4 || !registry.versions(group).includes(version)) return false
  const resources = registry.inVersion(group, version).flatMap((definition): JsonObject[] => [
    {
      name: definition.resource,
      singularName: definition.singular,
      namespaced: definition.namespaced,
      kind: definition.kind,
      verbs: definition.verbs,
      ...(definition.shortNames === undefined ? {} : { shortNames: definition.shortNames }),
      ...(definition.categories === undefined ? {} : { categories: definition.categories }),
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
  const groupVersion = group === '' ? version : `${group}/${version}`
  return reply({
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion,
    resources,
  })
}

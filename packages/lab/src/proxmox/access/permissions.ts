import { forbidden } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can, grantsOn, isRoot, printIdentity, type Identity } from '../permissions.ts'
import type { ProxmoxWorld } from '../world.ts'

/** What somebody may do. */
export const permissionHandlers: Handlers = {
  'GET /access/permissions': (call) => {
    const identity = subject(call)
    const path = call.optional('path')
    if (!exists(call.world, identity)) return {}
    const paths = path === undefined ? knownPaths(call.world) : [path]
    const list: Record<string, Record<string, 0 | 1>> = {}
    for (const each of paths) {
      const grants = grantsOn(call.world, identity, each)
      if (grants.size === 0 && path === undefined) continue
      list[each] = Object.fromEntries(
        [...grants].map(([privilege, propagate]) => [privilege, propagate ? 1 : 0] as const),
      )
    }
    return list
  },
}

/** Whose permissions are asked for: others' only with the right to see them, a token's by its user. */
function subject(call: Call): Identity {
  const userid = call.optional('userid')
  if (userid === undefined || userid === printIdentity(call.identity)) return call.identity
  const [user = '', token] = userid.split('!')
  const own = user === call.identity.user && call.identity.token === undefined
  if (!own && !can(call.world, call.identity, '/access', ['Sys.Audit'])) forbidden('/access, Sys.Audit')
  return { user, token }
}

function exists(world: ProxmoxWorld, identity: Identity): boolean {
  return identity.token === undefined
    ? world.access.users.has(identity.user)
    : world.access.tokens.has(printIdentity(identity))
}

const TOP = [
  '/',
  '/access',
  '/access/groups',
  '/access/realm',
  '/nodes',
  '/pool',
  '/sdn',
  '/storage',
  '/vms',
  '/mapping',
]

/** Paths where something can differ from above: the areas, what the ACLs name, and members of pools. */
function knownPaths(world: ProxmoxWorld): Set<string> {
  const paths = new Set(TOP)
  for (const { path } of world.access.acl) paths.add(path)
  for (const [pool, { vms, storages }] of world.pools) {
    paths.add(`/pool/${pool}`)
    for (const vmid of vms) paths.add(`/vms/${vmid}`)
    for (const storage of storages) paths.add(`/storage/${storage}`)
  }
  return paths
}

const AREAS: Readonly<Record<string, RegExp>> = {
  vms: /^(?:VM\.|Permissions\.Modify)/,
  access: /^(?:(?:User|Group)\.|Permissions\.Modify)/,
  storage: /^(?:Datastore\.|Permissions\.Modify)/,
  nodes: /^(?:Sys\.|Permissions\.Modify)/,
  sdn: /^(?:SDN\.|Permissions\.Modify)/,
  dc: /^(?:Sys\.Audit|Sys\.Modify|SDN\.)/,
  mapping: /^(?:Mapping\.|Permissions\.Modify)/,
}

/** What a login says of its user's rights, by area: anything granted anywhere in it. */
export function capabilitiesOf(world: ProxmoxWorld, identity: Identity): Record<string, Record<string, 1>> {
  const found: Record<string, Record<string, 1>> = {}
  for (const area in AREAS) found[area] = {}
  const paths = ['/', '/nodes', '/access/groups', '/vms', '/storage', '/sdn', '/mapping']
  if (!isRoot(identity)) paths.push(...world.access.acl.map(({ path }) => path))
  for (const path of new Set(paths)) {
    const top = /^\/(\w+)/.exec(path)?.[1] ?? 'dc'
    for (const privilege of grantsOn(world, identity, path).keys())
      for (const area of top === 'pool' ? ['vms', 'storage'] : [top])
        if (AREAS[area]?.test(privilege)) (found[area] ??= {})[privilege] = 1
  }
  return found
}

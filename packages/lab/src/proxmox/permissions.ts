import type { ProxmoxWorld } from './world.ts'

/** Who calls: a user, or one of its tokens. */
export interface Identity {
  /** `user@realm`. */
  readonly user: string
  /** Name of the token, if it is one. */
  readonly token?: string | undefined
}

/** `user@realm` or `user@realm!token`, as UPIDs and logs print it. */
export function printIdentity({ user, token }: Identity): string {
  return token === undefined ? user : `${user}!${token}`
}

/** True for root@pam with a ticket: a token of root is never root. */
export function isRoot({ user, token }: Identity): boolean {
  return user === 'root@pam' && token === undefined
}

/** The privileges of an identity on a path. A privilege-separated token has what both it and its user have. */
export function privilegesOn(world: ProxmoxWorld, identity: Identity, path: string): Set<string> {
  if (isRoot(identity)) return allPrivileges(world)
  const ofUser = identity.user === 'root@pam' ? allPrivileges(world) : effective(world, path, 'user', identity.user)
  if (identity.token === undefined) return ofUser
  const token = world.access.tokens.get(printIdentity(identity))
  if (!token?.privsep) return ofUser
  const ofToken = effective(world, path, 'token', printIdentity(identity))
  return new Set([...ofToken].filter((privilege) => ofUser.has(privilege)))
}

/** Whether an identity has all (or any) of some privileges on a path. */
export function can(world: ProxmoxWorld, identity: Identity, path: string, privileges: readonly string[], any = false): boolean {
  const has = privilegesOn(world, identity, path)
  return any ? privileges.some((one) => has.has(one)) : privileges.every((one) => has.has(one))
}

function allPrivileges(world: ProxmoxWorld): Set<string> {
  return world.access.roles.get('Administrator')?.privs ?? new Set()
}

/** Walks from `/` down: what is set deeper replaces what was inherited, and pools add to their members. */
function effective(world: ProxmoxWorld, path: string, type: 'user' | 'token', id: string): Set<string> {
  const roles = rolesOn(world, path, type, id)
  if (roles.has('NoAccess')) return new Set()
  const privileges = privilegesOf(world, roles)
  const [, area, name] = path.split('/')
  if ((area === 'vms' || area === 'storage') && name) {
    for (const [pool, members] of world.pools) {
      const isMember = area === 'vms' ? members.vms.has(Number(name)) : members.storages.has(name)
      if (!isMember) continue
      const poolRoles = rolesOn(world, `/pool/${pool}`, type, id)
      if (poolRoles.has('NoAccess')) return new Set()
      for (const privilege of privilegesOf(world, poolRoles)) privileges.add(privilege)
    }
  }
  return privileges
}

function rolesOn(world: ProxmoxWorld, path: string, type: 'user' | 'token', id: string): Set<string> {
  const parts = path.split('/').filter(Boolean)
  const levels = ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)]
  const groups = type === 'user' ? (world.access.users.get(id)?.groups ?? new Set<string>()) : new Set<string>()
  let roles = new Set<string>()
  for (const level of levels) {
    const here = world.access.acl.filter((entry) => entry.path === level && (entry.propagate || level === levels.at(-1)))
    const own = here.filter((entry) => entry.type === type && entry.ugid === id)
    const ofGroups = here.filter((entry) => entry.type === 'group' && groups.has(entry.ugid))
    if (own.length > 0) roles = new Set(own.map(({ roleid }) => roleid))
    else if (ofGroups.length > 0) roles = new Set(ofGroups.map(({ roleid }) => roleid))
  }
  return roles
}

function privilegesOf(world: ProxmoxWorld, roles: ReadonlySet<string>): Set<string> {
  const privileges = new Set<string>()
  for (const role of roles) for (const privilege of world.access.roles.get(role)?.privs ?? []) privileges.add(privilege)
  return privileges
}

type Params = Readonly<Record<string, unknown>>

/**
 * Judges a declared permission expression.
 * @returns undefined if it passes, else what stands in brackets after `Permission check failed` (empty for none).
 */
export function judge(world: ProxmoxWorld, identity: Identity, expression: unknown, params: Params): string | undefined {
  if (expression === 'world' || expression === 'all') return undefined
  if (isRoot(identity)) return undefined
  if (expression === undefined || expression === 'root@pam') return 'user != root@pam'
  if (!Array.isArray(expression)) return ''
  const [word, ...rest] = expression as [string, ...unknown[]]
  if (word === 'and') {
    for (const one of rest) {
      const failure = judge(world, identity, one, params)
      if (failure !== undefined) return failure
    }
    return undefined
  }
  if (word === 'or') return rest.some((one) => judge(world, identity, one, params) === undefined) ? undefined : ''
  if (word === 'perm') return judgePerm(world, identity, rest, params)
  // Expressions about users and realms: whoever may modify users everywhere passes.
  return can(world, identity, '/access', ['User.Modify']) ? undefined : ''
}

function judgePerm(world: ProxmoxWorld, identity: Identity, [template, privileges, ...options]: unknown[], params: Params): string | undefined {
  const settings = Object.fromEntries(options.flatMap((option, index) => (index % 2 === 0 ? [[String(option), options[index + 1]]] : [])))
  const required = settings['require_param']
  if (typeof required === 'string' && params[required] === undefined) return ''
  let missing = false
  const path = String(template).replace(/\{([^}]+)\}/g, (_, name: string) => {
    if (params[name] === undefined) missing = true
    return String(params[name] ?? '')
  })
  if (missing) return ''
  const wanted = (privileges as string[]) ?? []
  const any = Boolean(settings['any'])
  if (can(world, identity, path, wanted, any)) return undefined
  const has = privilegesOn(world, identity, path)
  return any ? `${path}, ${wanted.join('|')}` : `${path}, ${wanted.find((one) => !has.has(one)) ?? wanted[0]}`
}

import { rawText } from './http/form.ts'
import type { ProxmoxWorld } from './world.ts'

/** Who calls: a user, or one of its tokens. */
export interface Identity {
  /** `user@realm`. */
  readonly user: string
  /** Name of the token, if it is one. */
  readonly token?: string | undefined
}

/** Privileges on a path, each with whether it also holds below. */
export type Grants = ReadonlyMap<string, boolean>

/** `user@realm` or `user@realm!token`, as UPIDs and logs print it. */
export function printIdentity({ user, token }: Identity): string {
  return token === undefined ? user : `${user}!${token}`
}

/** True for root@pam with a ticket: a token of root is never root. */
export function isRoot({ user, token }: Identity): boolean {
  return user === 'root@pam' && token === undefined
}

/** The privileges of an identity on a path, and whether they propagate. A separated token has what both it and its user have. */
export function grantsOn(world: ProxmoxWorld, identity: Identity, path: string): Grants {
  const grants = ruledOn(world, identity, path)
  const lacking = world.faults.lacks?.(identity, path)
  if (lacking === undefined || lacking.size === 0) return grants
  return new Map([...grants].filter(([privilege]) => !lacking.has(privilege)))
}

function ruledOn(world: ProxmoxWorld, identity: Identity, path: string): Grants {
  const ofUser =
    identity.user === 'root@pam' ? everything(world) : effective(world, path, 'user', identity.user)
  if (identity.token === undefined) return ofUser
  const token = world.access.tokens.get(printIdentity(identity))
  if (!token?.privsep) return ofUser
  const both = new Map<string, boolean>()
  for (const [privilege, propagates] of effective(world, path, 'token', printIdentity(identity))) {
    const ofOwner = ofUser.get(privilege)
    if (ofOwner !== undefined) both.set(privilege, propagates && ofOwner)
  }
  return both
}

/** The privileges of an identity on a path. */
export function privilegesOn(world: ProxmoxWorld, identity: Identity, path: string): Set<string> {
  return new Set(grantsOn(world, identity, path).keys())
}

/** Whether an identity has all (or any) of some privileges on a path. */
export function can(
  world: ProxmoxWorld,
  identity: Identity,
  path: string,
  privileges: readonly string[],
  any = false,
): boolean {
  if (isRoot(identity)) return true
  const has = grantsOn(world, identity, path)
  return any ? privileges.some((one) => has.has(one)) : privileges.every((one) => has.has(one))
}

const ofRoot = new WeakMap<ReadonlySet<string>, Grants>()
const NONE: ReadonlySet<string> = new Set()

/** What root may do. Lists ask for it for each of their entries, so it is made once. */
function everything(world: ProxmoxWorld): Grants {
  const privileges = world.access.roles.get('Administrator')?.privs ?? NONE
  let grants = ofRoot.get(privileges)
  if (grants === undefined) {
    grants = new Map([...privileges].map((privilege) => [privilege, true]))
    ofRoot.set(privileges, grants)
  }
  return grants
}

/** Roles of somebody on a path, each with whether it propagates. */
type Roles = Map<string, boolean>

/** Walks from `/` down: what is set deeper replaces what was inherited, and pools add to their members. */
function effective(world: ProxmoxWorld, path: string, type: 'user' | 'token', id: string): Grants {
  const roles = rolesOn(world, path, type, id)
  if (roles.has('NoAccess')) return new Map()
  const grants = privilegesOf(world, roles)
  const [, area, name] = path.split('/')
  if ((area === 'vms' || area === 'storage') && name) {
    for (const [pool, members] of world.pools) {
      const isMember = area === 'vms' ? members.vms.has(Number(name)) : members.storages.has(name)
      if (!isMember) continue
      const poolRoles = rolesOn(world, `/pool/${pool}`, type, id)
      if (poolRoles.has('NoAccess')) return new Map()
      for (const privilege of privilegesOf(world, poolRoles).keys()) grants.set(privilege, true)
    }
  }
  return grants
}

function rolesOn(world: ProxmoxWorld, path: string, type: 'user' | 'token', id: string): Roles {
  const parts = path.split('/').filter(Boolean)
  const levels = ['/', ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`)]
  const last = levels.at(-1)
  const groups =
    type === 'user' ? (world.access.users.get(id)?.groups ?? new Set<string>()) : new Set<string>()
  const entries = world.access.acl.filter(
    (entry) =>
      (entry.type === type && entry.ugid === id) || (entry.type === 'group' && groups.has(entry.ugid)),
  )
  let roles: Roles = new Map()
  for (const level of levels) {
    const here = entries.filter((entry) => entry.path === level && (entry.propagate || level === last))
    const own = here.filter((entry) => entry.type === type)
    const deciding = own.length > 0 ? own : here
    if (deciding.length > 0) roles = new Map(deciding.map(({ roleid, propagate }) => [roleid, propagate]))
  }
  return roles
}

function privilegesOf(world: ProxmoxWorld, roles: Roles): Map<string, boolean> {
  const grants = new Map<string, boolean>()
  for (const [role, propagates] of roles)
    for (const privilege of world.access.roles.get(role)?.privs ?? [])
      grants.set(privilege, propagates || grants.get(privilege) === true)
  return grants
}

type Params = Readonly<Record<string, unknown>>

/**
 * Judges a declared permission expression.
 * @returns undefined if it passes, else what stands in brackets after `Permission check failed` (empty for none).
 */
export function judge(
  world: ProxmoxWorld,
  identity: Identity,
  expression: unknown,
  params: Params,
): string | undefined {
  if (expression === 'world' || expression === 'all') return undefined
  if (isRoot(identity)) return undefined
  if (expression === undefined || expression === 'root@pam') return 'user != root@pam'
  if (!Array.isArray(expression)) return ''
  const [word, ...rest] = expression as [string, ...unknown[]]
  switch (word) {
    case 'and':
      for (const one of rest) {
        const failure = judge(world, identity, one, params)
        if (failure !== undefined) return failure
      }
      return undefined
    case 'or':
      return rest.some((one) => judge(world, identity, one, params) === undefined) ? undefined : ''
    case 'perm':
      return judgePerm(world, identity, rest, params)
    case 'perm-modify':
      return judgeModify(world, identity, fill(String(rest[0]), params) ?? '')
    case 'userid-param':
      return judgeUser(world, identity, String(rest[0]), params)
    case 'userid-group':
      return judgeGroups(world, identity, rest, params)
    default:
      return ''
  }
}

/** Puts parameters into a path; undefined when one is not given. */
function fill(template: string, params: Params): string | undefined {
  let missing = false
  const path = template.replace(/\{([^}]+)\}/g, (_, name: string) => {
    if (params[name] === undefined) missing = true
    return rawText(params[name] ?? '')
  })
  return missing ? undefined : path
}

function judgePerm(
  world: ProxmoxWorld,
  identity: Identity,
  [template, privileges, ...options]: unknown[],
  params: Params,
): string | undefined {
  const settings = settingsOf(options)
  const required = settings['require_param']
  if (typeof required === 'string' && params[required] === undefined) return ''
  const path = fill(String(template), params)
  if (path === undefined) return ''
  const wanted = (privileges as string[]) ?? []
  const any = Boolean(settings['any'])
  const has = grantsOn(world, identity, path)
  if (any) return wanted.some((one) => has.has(one)) ? undefined : `${path}, ${wanted.join('|')}`
  const lacking = wanted.find((one) => !has.has(one))
  return lacking === undefined ? undefined : `${path}, ${lacking}`
}

function settingsOf(options: readonly unknown[]): Record<string, unknown> {
  const settings: Record<string, unknown> = {}
  for (let at = 0; at + 1 < options.length; at += 2) settings[String(options[at])] = options[at + 1]
  return settings
}

/** Who may give rights on a path: who may modify permissions there, or allocate what the path is. */
function judgeModify(world: ProxmoxWorld, identity: Identity, path: string): string | undefined {
  const wanted = ['Permissions.Modify']
  if (/^\/storage\/./.test(path)) wanted.push('Datastore.Allocate')
  if (/^\/vms\/./.test(path)) wanted.push('VM.Allocate')
  if (/^\/pool\/./.test(path)) wanted.push('Pool.Allocate')
  return can(world, identity, path, wanted, true) ? undefined : `${path}, ${wanted.join('|')}`
}

/** The user that a call is about: oneself, or one of a realm in which the caller has a privilege. */
function judgeUser(
  world: ProxmoxWorld,
  identity: Identity,
  what: string,
  params: Params,
): string | undefined {
  const userid = rawText(params['userid'] ?? '')
  if (what === 'self') return userid === identity.user ? undefined : ''
  const realm = userid.slice(userid.lastIndexOf('@') + 1)
  const path = `/access/realm/${realm}`
  return can(world, identity, path, [what]) ? undefined : `${path}, ${what}`
}

/** Rights over users: everywhere, or over all groups that the call names or the user is in. */
function judgeGroups(
  world: ProxmoxWorld,
  identity: Identity,
  [privileges, ...options]: unknown[],
  params: Params,
): string | undefined {
  const wanted = privileges as string[]
  if (can(world, identity, '/access/groups', wanted, true)) return undefined
  const user = world.access.users.get(rawText(params['userid'] ?? ''))
  const named = settingsOf(options)['groups_param'] === 'create' ? params['groups'] : undefined
  const groups = typeof named === 'string' ? named.split(/[,; ]+/).filter(Boolean) : [...(user?.groups ?? [])]
  if (groups.some((group) => can(world, identity, `/access/groups/${group}`, wanted, true))) return undefined
  return `/access/groups, ${wanted.join('|')}`
}

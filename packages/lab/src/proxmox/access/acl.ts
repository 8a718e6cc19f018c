import { die, forbidden, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can, isRoot, privilegesOn } from '../permissions.ts'
import { splitList } from '../verify/string-formats.ts'
import type { Access } from '../world.ts'
import { changeConfig } from './lock.ts'

/** Who has which role where. */
export const aclHandlers: Handlers = {
  'GET /access/acl': ({ world, identity }) => {
    const seesAll = can(world, identity, '/access', ['Sys.Audit', 'Permissions.Modify'], true)
    return world.access.acl
      .filter(({ path }) => seesAll || can(world, identity, path, ['Permissions.Modify']))
      .map(({ path, type, ugid, roleid, propagate }) => ({
        path,
        type,
        ugid,
        roleid,
        propagate: propagate ? 1 : 0,
      }))
  },
  'PUT /access/acl': updateAcl,
}

type Entry = Access['acl'][number]

const PATHS = [
  /^\/$/,
  /^\/access(?:\/(?:groups|realm)(?:\/[^/]+)?)?$/,
  /^\/nodes(?:\/[^/]+)?$/,
  /^\/pool(?:\/[^/]+){0,3}$/,
  /^\/sdn(?:\/.+)?$/,
  /^\/storage(?:\/[^/]+)?$/,
  /^\/vms(?:\/[1-9]\d{2,})?$/,
  /^\/mapping(?:\/[^/]+){0,2}$/,
]

/** A path without repeated and trailing slashes; undefined when nothing can be granted there. */
function normalPath(path: string): string | undefined {
  const normal = `/${path.split('/').filter(Boolean).join('/')}`
  return path.startsWith('/') && PATHS.some((pattern) => pattern.test(normal)) ? normal : undefined
}

function updateAcl(call: Call): Promise<null> {
  const subjects = (
    [
      ['user', 'users'],
      ['group', 'groups'],
      ['token', 'tokens'],
    ] as const
  ).flatMap(([type, name]) => splitList(call.optional(name) ?? '').map((ugid) => ({ type, ugid })))
  if (['users', 'groups', 'tokens'].every((name) => call.optional(name) === undefined)) {
    const text = "either 'users', 'groups' or 'tokens' is required."
    parameterError({ users: text, groups: text, tokens: text })
  }
  const path =
    normalPath(call.text('path')) ?? parameterError({ path: `invalid ACL path '${call.text('path')}'` })
  const roles = splitList(call.text('roles'))
  const removes = call.flag('delete')
  return changeConfig(call.world, 'user_cfg', 'ACL update failed', () => {
    for (const roleid of roles) {
      if (!call.world.access.roles.has(roleid)) die(`role '${roleid}' does not exist`)
      requireOwnPrivileges(call, path, roleid)
    }
    for (const subject of subjects) {
      requireSubject(call, subject)
      for (const roleid of roles) {
        const { access } = call.world
        access.acl = access.acl.filter((entry) => !isSame(entry, { path, roleid, ...subject }))
        if (!removes) access.acl.push({ path, roleid, ...subject, propagate: call.flag('propagate', true) })
      }
    }
    return null
  })
}

/** Who may not modify permissions everywhere can only give away what it has itself. */
function requireOwnPrivileges(call: Call, path: string, roleid: string): void {
  const { world, identity } = call
  if (isRoot(identity) || can(world, identity, path, ['Permissions.Modify'])) return
  const own = privilegesOn(world, identity, path)
  for (const privilege of world.access.roles.get(roleid)?.privs ?? [])
    if (!own.has(privilege)) forbidden(`${path}, ${privilege}`)
}

function requireSubject({ world }: Call, { type, ugid }: Pick<Entry, 'type' | 'ugid'>): void {
  const { users, groups, tokens } = world.access
  if (type === 'user' && !users.has(ugid)) die(`user '${ugid}' does not exist`)
  if (type === 'group' && !groups.has(ugid)) die(`group '${ugid}' does not exist`)
  if (type !== 'token' || tokens.has(ugid)) return
  const [userid = '', tokenid = ''] = ugid.split('!')
  die(`no such token '${tokenid}' for user '${userid}'`)
}

function isSame(one: Entry, other: Omit<Entry, 'propagate'>): boolean {
  return (
    one.path === other.path &&
    one.type === other.type &&
    one.ugid === other.ugid &&
    one.roleid === other.roleid
  )
}

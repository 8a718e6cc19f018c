import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { splitList } from '../verify/string-formats.ts'
import type { User } from '../world.ts'
import { changeConfig } from './lock.ts'
import { forgetTfa } from './tfa/entries.ts'
import { tokensOf } from './tokens.ts'
import { requireUser } from './user.ts'

/** Users: list, one, create, update, delete. */
export const userHandlers: Handlers = {
  'GET /access/users': listUsers,
  'GET /access/users/{userid}': (call) => {
    const userid = call.text('userid')
    const user = requireUser(call.world, userid)
    const tokens = tokensOf(call.world, userid)
    return {
      ...facts(user),
      expire: user.expire ?? 0,
      groups: [...user.groups],
      tokens:
        tokens.length === 0
          ? null
          : Object.fromEntries(tokens.map(({ tokenid, ...token }) => [tokenid, token])),
    }
  },
  'POST /access/users': (call) =>
    changeConfig(call.world, 'user_cfg', 'create user failed', () => {
      const userid = call.text('userid')
      if (call.world.access.users.has(userid)) die(`user '${userid}' already exists`)
      const user: User = { enable: true, groups: new Set() }
      change(call, user)
      const password = call.optional('password')
      if (password !== undefined) user.password = password
      call.world.access.users.set(userid, user)
      return null
    }),
  'PUT /access/users/{userid}': (call) =>
    changeConfig(call.world, 'user_cfg', 'update user failed', () => {
      change(call, requireUser(call.world, call.text('userid')))
      return null
    }),
  'DELETE /access/users/{userid}': (call) =>
    changeConfig(call.world, 'user_cfg', 'delete user failed', () => {
      const { access } = call.world
      const userid = call.text('userid')
      access.users.delete(userid)
      forgetTfa(call.world, userid)
      for (const id of access.tokens.keys()) if (id.startsWith(`${userid}!`)) access.tokens.delete(id)
      access.acl = access.acl.filter(({ ugid }) => ugid !== userid && !ugid.startsWith(`${userid}!`))
      return null
    }),
}

function facts(user: User): Record<string, unknown> {
  const { enable, comment, email, firstname, lastname, keys } = user
  return { enable: enable ? 1 : 0, comment, email, firstname, lastname, keys }
}

/** Who manages users sees all of them, others themselves. A token is nobody in this list. */
function listUsers(call: Call): unknown {
  const { world, identity } = call
  const full = call.flag('full')
  const seesAll =
    can(world, identity, '/access/groups', ['User.Modify']) ||
    can(world, identity, '/access/groups', ['Sys.Audit'])
  const enabled = call.optional('enabled')
  const list = []
  for (const [userid, user] of world.access.users) {
    const isSelf = userid === identity.user && identity.token === undefined
    const throughGroup = [...user.groups].some((group) =>
      can(world, identity, `/access/groups/${group}`, ['User.Modify', 'Sys.Audit'], true),
    )
    if (!seesAll && !isSelf && !throughGroup) continue
    if (enabled !== undefined && (enabled === '1') !== user.enable) continue
    const tokens = tokensOf(world, userid)
    list.push({
      userid,
      ...facts(user),
      ...(user.expire !== undefined && { expire: user.expire }),
      'realm-type': world.cluster.realms.get(userid.slice(userid.lastIndexOf('@') + 1))?.['type'],
      ...(full && { groups: [...user.groups].join(','), tokens: tokens.length === 0 ? null : tokens }),
    })
  }
  return list
}

function change(call: Call, user: User): void {
  const groups = call.optional('groups')
  if (groups !== undefined) {
    if (!call.flag('append')) user.groups.clear()
    for (const group of splitList(groups)) {
      if (!call.world.access.groups.has(group)) die(`no such group '${group}'`)
      user.groups.add(group)
    }
  }
  user.enable = call.flag('enable', user.enable)
  user.expire = call.number('expire') ?? user.expire ?? 0
  for (const name of ['comment', 'email', 'firstname', 'lastname', 'keys'] as const) {
    const value = call.optional(name)
    if (value !== undefined) user[name] = value
  }
}

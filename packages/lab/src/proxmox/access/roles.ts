import { die, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { splitList } from '../verify/string-formats.ts'
import { changeConfig } from './lock.ts'

/** Roles: built in and own ones. */
export const roleHandlers: Handlers = {
  'GET /access/roles': ({ world }) =>
    [...world.access.roles].map(([roleid, { privs, special }]) => ({
      roleid,
      privs: [...privs].sort().join(','),
      special: special ? 1 : 0,
    })),
  'GET /access/roles/{roleid}': (call) => {
    const roleid = call.text('roleid')
    const role = call.world.access.roles.get(roleid) ?? die(`role '${roleid}' does not exist`)
    return Object.fromEntries([...role.privs].map((privilege) => [privilege, 1]))
  },
  'POST /access/roles': (call) => {
    const roleid = call.text('roleid')
    if (/^pve/i.test(roleid))
      parameterError({ roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace" })
    return changeConfig(call.world, 'user_cfg', 'create role failed', () => {
      const { roles } = call.world.access
      if (roles.has(roleid)) die(`role '${roleid}' already exists`)
      roles.set(roleid, { privs: new Set(splitList(call.optional('privs') ?? '')), special: false })
      return null
    })
  },
  'PUT /access/roles/{roleid}': (call) => {
    refuseBuiltIn(call, 'modified')
    return changeConfig(call.world, 'user_cfg', 'update role failed', () => {
      const roleid = call.text('roleid')
      const role = call.world.access.roles.get(roleid) ?? die(`role '${roleid}' does not exist`)
      const privs = splitList(call.optional('privs') ?? '')
      if (!call.flag('append')) role.privs.clear()
      for (const privilege of privs) role.privs.add(privilege)
      return null
    })
  },
  'DELETE /access/roles/{roleid}': (call) => {
    refuseBuiltIn(call, 'deleted')
    return changeConfig(call.world, 'user_cfg', 'delete role failed', () => {
      const { access } = call.world
      const roleid = call.text('roleid')
      if (!access.roles.delete(roleid)) die(`role '${roleid}' does not exist`)
      access.acl = access.acl.filter((entry) => entry.roleid !== roleid)
      return null
    })
  },
}

function refuseBuiltIn(call: Call, what: string): void {
  const roleid = call.text('roleid')
  if (call.world.access.roles.get(roleid)?.special) die(`auto-generated role '${roleid}' cannot be ${what}`)
}

import { die } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import type { ProxmoxWorld } from '../world.ts'
import { changeConfig } from './lock.ts'

/** Groups of users. */
export const groupHandlers: Handlers = {
  'GET /access/groups': ({ world, identity }) =>
    [...world.access.groups]
      .filter(([groupid]) =>
        can(
          world,
          identity,
          `/access/groups/${groupid}`,
          ['User.Modify', 'Sys.Audit', 'Group.Allocate'],
          true,
        ),
      )
      .map(([groupid, { comment }]) => ({ groupid, comment, users: membersOf(world, groupid).join(',') })),
  'GET /access/groups/{groupid}': (call) => {
    const groupid = call.text('groupid')
    const group = call.world.access.groups.get(groupid) ?? die(`group '${groupid}' does not exist`)
    return { comment: group.comment, members: membersOf(call.world, groupid) }
  },
  'POST /access/groups': (call) =>
    changeConfig(call.world, 'user_cfg', 'create group failed', () => {
      const { groups } = call.world.access
      const groupid = call.text('groupid')
      if (groups.has(groupid)) die(`group '${groupid}' already exists`)
      const comment = call.optional('comment')
      groups.set(groupid, comment === undefined ? {} : { comment })
      return null
    }),
  'PUT /access/groups/{groupid}': (call) =>
    changeConfig(call.world, 'user_cfg', 'update group failed', () => {
      const { groups } = call.world.access
      const groupid = call.text('groupid')
      const group = groups.get(groupid) ?? die(`group '${groupid}' does not exist`)
      const comment = call.optional('comment')
      if (comment !== undefined) group.comment = comment
      return null
    }),
  'DELETE /access/groups/{groupid}': (call) =>
    changeConfig(call.world, 'user_cfg', 'delete group failed', () => {
      const { access } = call.world
      const groupid = call.text('groupid')
      if (!access.groups.delete(groupid)) die(`group '${groupid}' does not exist`)
      for (const user of access.users.values()) user.groups.delete(groupid)
      access.acl = access.acl.filter(({ type, ugid }) => type !== 'group' || ugid !== groupid)
      return null
    }),
}

function membersOf(world: ProxmoxWorld, groupid: string): string[] {
  return [...world.access.users].filter(([, { groups }]) => groups.has(groupid)).map(([userid]) => userid)
}

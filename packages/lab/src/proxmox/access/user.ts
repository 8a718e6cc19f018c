import { die } from '../api-error.ts'
import type { ProxmoxWorld, User } from '../world.ts'

/** A user. Throws `no such user ('x@pve')`. */
export function requireUser(world: ProxmoxWorld, userid: string): User {
  return world.access.users.get(userid) ?? die(`no such user ('${userid}')`)
}

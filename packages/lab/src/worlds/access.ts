import { randomUUID } from 'node:crypto'
import { proxmoxRights, proxmoxRoles, type ProxmoxUse } from '@fochista/api'
import type { ProxmoxWorld } from '../proxmox/world.ts'

/** An API token with its secret. */
export interface TokenPair {
  /** `user@realm!name`. */
  readonly id: string
  readonly secret: string
}

/** Adds root@pam with a password, and the token `root@pam!lab` that may do all that a token may. */
export function addAdministrator(world: ProxmoxWorld, password: string): TokenPair {
  world.access.users.set('root@pam', { enable: true, groups: new Set(), password })
  return addToken(world, 'root@pam!lab', false, 'administrator of the lab')
}

const USER = 'fochista@pve'

/**
 * Adds the token `fochista@pve!least` with the rights that Fochista needs for a use of the Proxmox cluster, and no more. Token and user
 * have the same rights: the token is privilege-separated.
 */
export function addLeastToken(world: ProxmoxWorld, use: ProxmoxUse): TokenPair {
  for (const [name, privileges] of Object.entries(proxmoxRoles))
    world.access.roles.set(name, { privs: new Set<string>(privileges), special: false })
  world.access.users.set(USER, { enable: true, groups: new Set(), comment: 'Fochista' })
  const token = addToken(world, `${USER}!least`, true, 'only what Fochista needs')
  for (const { path, roles } of proxmoxRights(use))
    for (const roleid of roles)
      world.access.acl.push(
        { path, type: 'user', ugid: USER, roleid, propagate: true },
        { path, type: 'token', ugid: token.id, roleid, propagate: true },
      )
  return token
}

function addToken(world: ProxmoxWorld, id: string, privsep: boolean, comment: string): TokenPair {
  const secret = randomUUID()
  world.access.tokens.set(id, { secret, privsep, expire: 0, comment })
  return { id, secret }
}

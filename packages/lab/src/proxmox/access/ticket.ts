import { ApiError } from '../api-error.ts'
import { isUsable } from '../authenticate.ts'
import type { Call, Handlers } from '../handler.ts'
import { can, type Identity } from '../permissions.ts'
import { splitList } from '../verify/string-formats.ts'
import { capabilitiesOf } from './permissions.ts'
import { createCsrfToken, createTicket, isConsoleTicket, readTicket } from './tickets.ts'

/** Logging in, and proving what a ticket is for. */
export const ticketHandlers: Handlers = {
  'GET /access/ticket': () => null,
  'POST /access/ticket': logIn,
  'POST /access/vncticket': (call) => {
    const [user = '', token] = call.text('authid').split('!')
    const path = call.text('path')
    const port = call.number('port') ?? 0
    const identity: Identity = { user, token }
    const allowed =
      isConsoleTicket(call.world, call.text('vncticket'), call.text('authid'), path, port) &&
      can(call.world, identity, path, splitList(call.text('privs')))
    return allowed ? null : refuse()
  },
}

function refuse(): never {
  throw new ApiError(401, 'authentication failure\n')
}

function logIn(call: Call): unknown {
  const { world } = call
  const realm = call.optional('realm')
  const name = call.text('username')
  const username = realm !== undefined && !name.endsWith(`@${realm}`) ? `${name}@${realm}` : name
  if (!isUsable(world, username)) refuse()
  const password = call.text('password')
  const owner = readTicket(world, password)
  const identity: Identity = { user: username }
  const path = call.optional('path')
  if (path !== undefined) {
    // Only proves a ticket and its user's rights; makes none.
    if (owner !== username || !can(world, identity, path, splitList(call.optional('privs') ?? ''))) refuse()
    return { username, cap: capabilitiesOf(world, identity) }
  }
  // A ticket renews itself, and root's makes one for anybody.
  const byTicket = owner === username || owner === 'root@pam'
  const stored = world.access.users.get(username)?.password
  if (!byTicket && (stored === undefined || stored !== password)) refuse()
  return {
    username,
    ticket: createTicket(world, username),
    CSRFPreventionToken: createCsrfToken(world, username),
    cap: capabilitiesOf(world, identity),
    ...(world.hosts.size > 1 &&
      can(world, identity, '/', ['Sys.Audit']) && { clustername: world.clusterName }),
  }
}

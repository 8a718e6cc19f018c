import { ApiError } from '../api-error.ts'
import { isUsable } from '../authenticate.ts'
import { clusterNameOf, isCluster } from '../cluster/config/corosync.ts'
import type { Call, Handlers } from '../handler.ts'
import { can, type Identity } from '../permissions.ts'
import { splitList } from '../verify/string-formats.ts'
import { capabilitiesOf } from './permissions.ts'
import { challengeOf, isRightAnswer } from './tfa/challenge.ts'
import {
  createChallengeTicket,
  createCsrfToken,
  createTicket,
  isChallengeTicket,
  isConsoleTicket,
  readTicket,
} from './tickets.ts'

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
  const challenge = proveWhoCalls(call, username, owner)
  return {
    username,
    ticket:
      challenge === undefined
        ? createTicket(world, username)
        : createChallengeTicket(world, username, challenge),
    CSRFPreventionToken: createCsrfToken(world, username),
    ...(challenge === undefined ? { cap: capabilitiesOf(world, identity) } : { NeedTFA: 1 }),
    ...(isCluster(world) &&
      can(world, identity, '/', ['Sys.Audit']) && { clustername: clusterNameOf(world) }),
  }
}

/**
 * Refuses who does not prove to be the user.
 * @param owner the user of the ticket that was given in the password's place, if it is one.
 * @returns what the user is still asked for; undefined when nothing is missing.
 */
function proveWhoCalls(call: Call, username: string, owner: string | undefined): object | undefined {
  const { world } = call
  const password = call.text('password')
  const [otp, asked] = [call.optional('otp'), call.optional('tfa-challenge')]
  if (asked !== undefined) {
    // The answer stands where the password stood.
    const isRight =
      otp === undefined &&
      isChallengeTicket(world, asked, username) &&
      isRightAnswer(world, username, password)
    return isRight ? undefined : refuse()
  }
  // A ticket renews itself, and root's makes one for anybody.
  if (owner === username || owner === 'root@pam') return undefined
  const stored = world.access.users.get(username)?.password
  if (stored === undefined || stored !== password) refuse()
  const challenge = challengeOf(world, username)
  const realm = world.cluster.realms.get(username.slice(username.lastIndexOf('@') + 1))
  if (challenge === undefined && (otp !== undefined || realm?.['tfa'] !== undefined)) refuse()
  if (otp === undefined) return challenge
  return isRightAnswer(world, username, otp) ? undefined : refuse()
}

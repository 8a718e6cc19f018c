import { timingSafeEqual } from 'node:crypto'
import { isCsrfToken, readTicket } from './access/tickets.ts'
import { unescapePercent } from './http/form.ts'
import type { Identity } from './permissions.ts'
import type { ProxmoxWorld } from './world.ts'

/** What a request shows of its caller. */
export interface Credentials {
  /** A ticket, decoded. */
  readonly ticket?: string
  /** `user@realm!token=secret`, decoded. */
  readonly apiToken?: string
}

/** Reads credentials from a request's header: the cookie first, then the token, then a ticket in `Authorization`. */
export function readCredentials(headers: Readonly<Record<string, string>>): Credentials {
  const cookie = /(?:^|[\s;,])PVEAuthCookie=([^;]*)/.exec(headers['cookie'] ?? '')?.[1]
  if (cookie) return { ticket: unescapePercent(cookie) }
  const authorization = headers['authorization'] ?? ''
  const token = /^\s*PVEAPIToken(?:=|\s+)(.*)$/.exec(authorization)?.[1]
  if (token) return { apiToken: unescapePercent(token) }
  const ticket = /^\s*PVEAuthCookie(?:=|\s+)(.*)$/.exec(authorization)?.[1]
  return ticket ? { ticket: unescapePercent(ticket) } : {}
}

/**
 * Tells who calls.
 * @returns the identity, or the reason of a 401: since pve-manager 9.1.5 one sentence for all that is wrong.
 */
export function authenticate(world: ProxmoxWorld, { ticket, apiToken }: Credentials): Identity | string {
  const identity = apiToken === undefined ? identityOfTicket(world, ticket) : identityOfToken(world, apiToken)
  if (identity !== undefined) return identity
  return ticket === undefined && apiToken === undefined ? 'No ticket' : 'Authentication failed!'
}

/** Whether a write of a ticket's user may pass: tokens need no CSRF token. */
export function mayWrite(
  world: ProxmoxWorld,
  { user, token }: Identity,
  headers: Readonly<Record<string, string>>,
): boolean {
  return token !== undefined || isCsrfToken(world, headers['csrfpreventiontoken'], user)
}

/** Whether a user exists, is enabled and has not expired. */
export function isUsable(world: ProxmoxWorld, userid: string): boolean {
  const user = world.access.users.get(userid)
  return user !== undefined && user.enable && !isPast(world, user.expire)
}

function identityOfTicket(world: ProxmoxWorld, ticket: string | undefined): Identity | undefined {
  const user = ticket === undefined ? undefined : readTicket(world, ticket)
  return user !== undefined && isUsable(world, user) ? { user } : undefined
}

function identityOfToken(world: ProxmoxWorld, text: string): Identity | undefined {
  const [, id = '', user = '', token = '', secret = ''] =
    /^(([^\s:/!]+@[^\s:/!]+)!([^\s=]+))=([^=]*)$/.exec(text) ?? []
  const known = world.access.tokens.get(id)
  if (known === undefined || !isUsable(world, user) || isPast(world, known.expire)) return undefined
  const [given, wanted] = [Buffer.from(secret), Buffer.from(known.secret)]
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? { user, token } : undefined
}

function isPast(world: ProxmoxWorld, expire: number | undefined): boolean {
  return expire !== undefined && expire !== 0 && expire * 1000 < world.clock.now()
}

import { createHash, randomBytes } from 'node:crypto'
import { ApiError, die } from '../../api-error.ts'
import { isUsable } from '../../authenticate.ts'
import { clusterNameOf, isCluster } from '../../cluster/config/corosync.ts'
import type { Call, Handlers } from '../../handler.ts'
import { can } from '../../permissions.ts'
import { listOf, sectionsOf } from '../../sections.ts'
import type { ProxmoxWorld, User } from '../../world.ts'
import { changeConfig } from '../lock.ts'
import { capabilitiesOf } from '../permissions.ts'
import { createCsrfToken, createTicket } from '../tickets.ts'
import { clientKey } from './client-key.ts'
import { discover, redeem, type Claims, type Client } from './issuer.ts'

/** Seconds that somebody may take at the issuer. */
const AWAY = 600

/** Signing in by another's word (OpenID Connect): a code flow with PKCE. */
export const openIdHandlers: Handlers = {
  'GET /access/openid': () => [{ subdir: 'login' }, { subdir: 'auth-url' }],
  'POST /access/openid/auth-url': sendAway,
  'POST /access/openid/login': async (call) => {
    const { world } = call
    let username: string
    try {
      username = await comeBack(call)
    } catch {
      // Nothing is told that would tell who there is.
      throw new ApiError(401, 'authentication failure\n')
    }
    const identity = { user: username }
    return {
      username,
      ticket: createTicket(world, username),
      CSRFPreventionToken: createCsrfToken(world, username),
      cap: capabilitiesOf(world, identity),
      ...(isCluster(world) &&
        can(world, identity, '/', ['Sys.Audit']) && { clustername: clusterNameOf(world) }),
    }
  },
}

function random(): string {
  return randomBytes(32).toString('base64url')
}

function realmOptions(world: ProxmoxWorld, realm: string): Record<string, string> {
  const options = world.cluster.realms.get(realm) ?? die(`authentication domain '${realm}' does not exist`)
  if (options['type'] !== 'openid') die(`wrong realm type (${options['type'] ?? ''} != openid)`)
  return options
}

function clientOf(world: ProxmoxWorld, realm: string): Client {
  const options = realmOptions(world, realm)
  return {
    issuer: options['issuer-url'] ?? '',
    id: options['client-id'] ?? '',
    secret: clientKey(world, realm),
  }
}

/** The address that somebody is sent to. What belongs to it is kept until they come back. */
async function sendAway(call: Call): Promise<string> {
  const { world } = call
  const realm = call.text('realm')
  const options = realmOptions(world, realm)
  const client = clientOf(world, realm)
  let endpoint: string
  try {
    endpoint = (await discover(client)).authorization_endpoint
  } catch (error) {
    return die(reasonOf(error))
  }
  const [token, nonce, verifier] = [random(), random(), random()]
  const since = Math.floor(world.clock.now() / 1000)
  const states = sectionsOf(world, 'access/openid-states')
  for (const [old, state] of states) if (Number(state['since']) <= since - AWAY) states.delete(old)
  states.set(token, { realm, nonce, verifier, since: String(since) })
  const url = new URL(endpoint)
  const parameters: Record<string, string | undefined> = {
    response_type: 'code',
    client_id: client.id,
    state: JSON.stringify({ csrf_token: token, realm }),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    redirect_uri: call.text('redirect-url'),
    scope: ['openid', ...listOf(options['scopes'] ?? 'email profile')].join(' '),
    nonce,
    prompt: options['prompt'],
    acr_values: options['acr-values'],
  }
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}

/** What went wrong between a host and an issuer, with what is behind it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message
}

/** Who comes back with a code. Throws what is wrong with it. */
async function comeBack(call: Call): Promise<string> {
  const { world } = call
  const { csrf_token: token = '', realm = '' } = JSON.parse(call.text('state')) as {
    csrf_token?: string
    realm?: string
  }
  const states = sectionsOf(world, 'access/openid-states')
  const state = states.get(token)
  // Each serves once.
  states.delete(token)
  const now = world.clock.now()
  if (state?.['realm'] !== realm || Number(state['since']) * 1000 <= now - AWAY * 1000)
    throw new Error('no openid state')
  const options = realmOptions(world, realm)
  const claims = await redeem(
    clientOf(world, realm),
    call.text('code'),
    {
      redirectUrl: call.text('redirect-url'),
      nonce: String(state['nonce']),
      verifier: String(state['verifier']),
      now,
    },
    options['query-userinfo'] !== '0',
  )
  const userid = `${nameOf(claims, options['username-claim'])}@${realm}`
  if (!/^[^\s:/]{1,60}$/.test(userid)) throw new Error(`user name '${userid}' contains invalid characters`)
  if (options['autocreate'] === '1' && !world.access.users.has(userid)) await addUser(world, userid, claims)
  if (!isUsable(world, userid)) throw new Error(`no such user ('${userid}')`)
  await joinGroups(world, userid, realm, claims, options)
  return userid
}

/** Claims that have another name than the option gives them. */
const CLAIMS: Readonly<Record<string, string>> = { subject: 'sub', username: 'preferred_username' }

function nameOf(claims: Claims, claim = 'subject'): string {
  const value = claims[claim] ?? claims[CLAIMS[claim] ?? claim]
  if (typeof value === 'string' && value !== '') return value
  throw new Error(`missing configured claim '${claim}' in returned info object`)
}

function addUser(world: ProxmoxWorld, userid: string, claims: Claims): Promise<void> {
  return changeConfig(world, 'user_cfg', 'autocreate openid user failed', () => {
    const user: User = { enable: true, groups: new Set() }
    for (const [field, claim] of [
      ['email', 'email'],
      ['firstname', 'given_name'],
      ['lastname', 'family_name'],
    ] as const) {
      const value = claims[claim]
      if (typeof value === 'string') user[field] = value
    }
    world.access.users.set(userid, user)
  })
}

/** Makes a user a member of the groups that the issuer tells, which have the realm's name behind theirs here. */
async function joinGroups(
  world: ProxmoxWorld,
  userid: string,
  realm: string,
  claims: Claims,
  options: Readonly<Record<string, string>>,
): Promise<void> {
  const told = claims[options['groups-claim'] ?? '']
  if (!Array.isArray(told)) return
  await changeConfig(world, 'user_cfg', 'openid group mapping failed', () => {
    const { users, groups } = world.access
    const user = users.get(userid)
    if (options['groups-overwrite'] === '1') user?.groups.clear()
    for (const name of told as unknown[]) {
      if (typeof name !== 'string' || !/^[A-Za-z0-9._-]+$/.test(name)) continue
      const groupid = `${name}-${realm}`
      if (options['groups-autocreate'] === '1' && !groups.has(groupid)) groups.set(groupid, {})
      if (groups.has(groupid)) user?.groups.add(groupid)
    }
  })
}

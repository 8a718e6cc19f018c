import type { ApiObject, Json, JsonObject, UserInfo } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { asText, at, isObject } from '../rest/json.ts'
import { LEGACY_ISSUER } from './tokens.ts'
import type { TokenSigner } from './tokens.ts'

/** Whom a token is of, and for which of the audiences that were asked for. */
export interface Recognized {
  user: UserInfo
  audiences: string[]
}

/** Why a token that claims to be of this server is refused. */
export class TokenRefused extends Error {
  override name = 'TokenRefused'
}

const INVALIDATED = 'service account token has been invalidated'

/** Whom a service account token is of; undefined when it is none of this server's. Throws TokenRefused with the reason. */
export function serviceAccount(
  core: Core,
  signer: TokenSigner,
  token: string,
  wanted: string[],
): Recognized | undefined {
  const read = signer.read(token)
  if (read === undefined) return undefined
  const { claims, isGenuine } = read
  if (!isGenuine) throw new TokenRefused('go-jose/go-jose: error in cryptographic primitive')
  const own: Json | undefined = claims['aud']
  const given = Array.isArray(own) ? own.filter((each) => typeof each === 'string') : []
  const isLegacy = claims['iss'] === LEGACY_ISSUER
  const aud = isLegacy ? [signer.issuer] : given
  const audiences = aud.filter((each) => wanted.includes(each))
  if (audiences.length === 0)
    throw new TokenRefused(
      `token audiences ${quoted(aud)} is invalid for the target audiences ${quoted(wanted)}`,
    )
  const user = isLegacy ? legacyUser(core, claims, token) : boundUser(core, claims)
  return { user, audiences }
}

function quoted(texts: string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(' ')}]`
}

function boundUser(core: Core, claims: JsonObject): UserInfo {
  const now = core.clock.now()
  const { exp, nbf } = claims
  if (typeof exp !== 'number' || exp * 1000 + 60_000 < now)
    throw new TokenRefused('service account token has expired')
  if (typeof nbf === 'number' && nbf * 1000 - 60_000 > now)
    throw new TokenRefused('service account token is not valid yet')
  const about = claims['kubernetes.io']
  const namespace = asText(at(about, ['namespace']))
  const account = { namespace, name: asText(at(about, ['serviceaccount', 'name'])) }
  const uid = asText(at(about, ['serviceaccount', 'uid']))
  checkAccount(core, account, uid)
  const extra: { [key: string]: string[] } = {
    'authentication.kubernetes.io/credential-id': [`JTI=${asText(claims['jti'])}`],
  }
  for (const kind of ['pod', 'node', 'secret'] as const) {
    const bound = at(about, [kind])
    if (!isObject(bound)) continue
    const name = asText(bound['name'])
    const found = core.storage.get({
      bucket: `/${kind}s`,
      namespace: kind === 'node' ? '' : namespace,
      name,
    })
    // The node that a pod's token tells of is for information only.
    const isBinding = kind !== 'node' || !isObject(at(about, ['pod']))
    if (isBinding && found?.metadata.uid !== bound['uid']) throw new TokenRefused(INVALIDATED)
    if (kind === 'secret') continue
    extra[`authentication.kubernetes.io/${kind}-name`] = [name]
    extra[`authentication.kubernetes.io/${kind}-uid`] = [asText(bound['uid'])]
  }
  return userOf(account, uid, extra)
}

/** The user of a token that a Secret holds; it holds as long as the Secret does. */
function legacyUser(core: Core, claims: JsonObject, token: string): UserInfo {
  const claim = (name: string): string => asText(claims[`kubernetes.io/serviceaccount/${name}`])
  const account = { namespace: claim('namespace'), name: claim('service-account.name') }
  const uid = claim('service-account.uid')
  const secret = core.storage.get({
    bucket: '/secrets',
    namespace: account.namespace,
    name: claim('secret.name'),
  })
  if (secret === undefined) throw new TokenRefused(INVALIDATED)
  if (Buffer.from(asText(at(secret, ['data', 'token'])), 'base64').toString() !== token)
    throw new TokenRefused("token does not match server's copy")
  checkAccount(core, account, uid)
  return userOf(account, uid)
}

function checkAccount(
  core: Core,
  { namespace, name }: { namespace: string; name: string },
  uid: string,
): void {
  const account: ApiObject | undefined = core.storage.get({ bucket: '/serviceaccounts', namespace, name })
  if (account === undefined) throw new TokenRefused(`serviceaccounts ${JSON.stringify(name)} not found`)
  if (account.metadata.deletionTimestamp !== undefined)
    throw new TokenRefused('service account has been deleted')
  if (account.metadata.uid !== uid)
    throw new TokenRefused(`service account UID (${account.metadata.uid}) does not match claim (${uid})`)
}

function userOf(
  { namespace, name }: { namespace: string; name: string },
  uid: string,
  extra?: { [key: string]: string[] },
): UserInfo {
  return {
    username: `system:serviceaccount:${namespace}:${name}`,
    uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    ...(extra === undefined ? {} : { extra }),
  }
}

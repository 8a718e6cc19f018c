import type { IncomingMessage } from 'node:http'
import { timingSafeEqual } from 'node:crypto'
import { TLSSocket } from 'node:tls'
import type { StaticToken } from '../api.ts'
import { StatusError } from '../errors.ts'
import type { Json, JsonObject, UserInfo } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { asText, at, isObject } from '../rest/json.ts'
import type { TokenSigner } from './tokens.ts'

/** Audience of the API server's own tokens. */
export interface Authenticator {
  /** Who sends a request. Throws Unauthorized for bad credentials. */
  authenticate(request: IncomingMessage): UserInfo
  /** Who a token is, or undefined. */
  token(token: string, audiences?: string[]): { user: UserInfo; audiences: string[] } | undefined
}

/** Puts the credentials of a server together. */
export function createAuthenticator(
  core: Core,
  signer: TokenSigner,
  options: { staticTokens: StaticToken[]; bootstrapTokens: boolean; anonymous: boolean },
): Authenticator {
  const token = (text: string, audiences?: string[]): { user: UserInfo; audiences: string[] } | undefined => {
    const wanted = audiences === undefined || audiences.length === 0 ? [signer.issuer] : audiences
    for (const known of options.staticTokens)
      if (sameText(known.token, text)) return { user: authenticated(known.user), audiences: wanted }
    if (/^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(text)) {
      const user = options.bootstrapTokens ? bootstrapUser(core, text) : undefined
      return user === undefined ? undefined : { user: authenticated(user), audiences: wanted }
    }
    return serviceAccount(core, signer, text, wanted)
  }
  return {
    token,
    authenticate(request) {
      const header = request.headers.authorization ?? ''
      const bearer = /^bearer +(\S+)\s*$/i.exec(header)
      const certificate = certificateUser(request)
      if (certificate !== undefined) return authenticated(certificate)
      if (bearer !== null) {
        const found = token(bearer[1] ?? '')
        if (found === undefined) throw unauthorized()
        return found.user
      }
      if (!options.anonymous) throw unauthorized()
      return { username: 'system:anonymous', groups: ['system:unauthenticated'] }
    },
  }
}

/** 401. */
export function unauthorized(): StatusError {
  return new StatusError(401, 'Unauthorized', 'Unauthorized')
}

function authenticated(user: UserInfo): UserInfo {
  if (user.groups.includes('system:authenticated') || user.groups.includes('system:unauthenticated'))
    return user
  return { ...user, groups: [...user.groups, 'system:authenticated'] }
}

function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a)
  const right = Buffer.from(b)
  return left.length === right.length && timingSafeEqual(left, right)
}

function certificateUser(request: IncomingMessage): UserInfo | undefined {
  const socket = request.socket
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const names = certificate.subject.split('\n').flatMap((line) => line.split(/(?<!\\)\+/))
  const values = (key: string): string[] =>
    names
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1).replaceAll(/\\(.)/g, '$1'))
  const username = values('CN')[0]
  if (username === undefined) return undefined
  return {
    username,
    groups: values('O'),
    extra: {
      'authentication.kubernetes.io/credential-id': [
        `X509SHA256=${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`,
      ],
    },
  }
}

function secretText(secret: JsonObject, key: string): string | undefined {
  const value = at(secret, ['data', key])
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString() : undefined
}

function bootstrapUser(core: Core, token: string): UserInfo | undefined {
  const [id = '', secret = ''] = token.split('.')
  const found = core.storage.get({
    bucket: '/secrets',
    namespace: 'kube-system',
    name: `bootstrap-token-${id}`,
  })
  if (
    found === undefined ||
    found['type'] !== 'bootstrap.kubernetes.io/token' ||
    found.metadata.deletionTimestamp !== undefined
  )
    return undefined
  if (secretText(found, 'token-id') !== id || !sameText(secretText(found, 'token-secret') ?? '', secret))
    return undefined
  if (secretText(found, 'usage-bootstrap-authentication') !== 'true') return undefined
  const expiration = secretText(found, 'expiration')
  if (expiration !== undefined && !(Date.parse(expiration) > core.clock.now())) return undefined
  const extra = (secretText(found, 'auth-extra-groups') ?? '').split(',').filter((group) => group !== '')
  return { username: `system:bootstrap:${id}`, groups: ['system:bootstrappers', ...extra] }
}

function serviceAccount(
  core: Core,
  signer: TokenSigner,
  token: string,
  wanted: string[],
): { user: UserInfo; audiences: string[] } | undefined {
  let claims: JsonObject | undefined
  try {
    claims = signer.verify(token, core.clock.now())
  } catch {
    return undefined
  }
  if (claims === undefined) return undefined
  const own: Json | undefined = claims['aud']
  const aud = Array.isArray(own) ? own.filter((each) => typeof each === 'string') : []
  const audiences = aud.filter((each) => wanted.includes(each))
  if (audiences.length === 0) return undefined
  const about = claims['kubernetes.io']
  const namespace = at(about, ['namespace'])
  const name = at(about, ['serviceaccount', 'name'])
  const uid = at(about, ['serviceaccount', 'uid'])
  if (typeof namespace !== 'string' || typeof name !== 'string' || typeof uid !== 'string') return undefined
  const account = core.storage.get({ bucket: '/serviceaccounts', namespace, name })
  if (account?.metadata.uid !== uid || account.metadata.deletionTimestamp !== undefined) return undefined
  const extra: { [key: string]: string[] } = {
    'authentication.kubernetes.io/credential-id': [`JTI=${asText(claims['jti'])}`],
  }
  for (const kind of ['pod', 'node', 'secret'] as const) {
    const bound = at(about, [kind])
    if (!isObject(bound)) continue
    const boundNamespace = kind === 'node' ? '' : namespace
    const found = core.storage.get({
      bucket: `/${kind}s`,
      namespace: boundNamespace,
      name: asText(bound['name']),
    })
    if (found?.metadata.uid !== bound['uid'] && kind !== 'node') return undefined
    if (kind === 'secret') continue
    extra[`authentication.kubernetes.io/${kind}-name`] = [asText(bound['name'])]
    extra[`authentication.kubernetes.io/${kind}-uid`] = [asText(bound['uid'])]
  }
  return {
    user: authenticated({
      username: `system:serviceaccount:${namespace}:${name}`,
      uid,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
      extra,
    }),
    audiences,
  }
}

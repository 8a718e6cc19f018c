import type { IncomingMessage } from 'node:http'
import { timingSafeEqual } from 'node:crypto'
import type { StaticToken } from '../api.ts'
import { StatusError } from '../errors.ts'
import { TOKEN_PROTOCOL } from '../http/exchange.ts'
import type { JsonObject, UserInfo } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { at } from '../rest/json.ts'
import { CertificateReader, remoteUser } from './certificates.ts'
import { serviceAccount, TokenRefused } from './service-accounts.ts'
import type { Recognized } from './service-accounts.ts'
import { TokenCache } from './token-cache.ts'
import type { TokenSigner } from './tokens.ts'

/** Says who sends requests. */
export interface Authenticator {
  /** Who sends a request. Throws Unauthorized for bad credentials. */
  authenticate(request: IncomingMessage): UserInfo
  /** Whom a token is of, or why it is refused. Audiences default to the server's own. */
  token(token: string, audiences?: string[]): Recognized | { error: string }
}

/** What a TokenReview says of a token that is nobody's. */
const NOBODY = 'invalid bearer token'

/** Puts the credentials of a server together. */
export function createAuthenticator(
  core: Core,
  signer: TokenSigner,
  options: {
    staticTokens: StaticToken[]
    bootstrapTokens: boolean
    anonymous: boolean
    frontProxyCaPem?: string | undefined
  },
): Authenticator {
  const certificates = new CertificateReader(options.frontProxyCaPem)
  const known = (text: string): UserInfo | undefined => {
    for (const each of options.staticTokens) if (sameText(each.token, text)) return each.user
    return options.bootstrapTokens && /^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(text)
      ? bootstrapUser(core, text)
      : undefined
  }
  const cache = new TokenCache(core.clock)
  const look = (text: string, wanted: string[]): Recognized | { error: string } => {
    const user = known(text)
    if (user !== undefined)
      return wanted.includes(signer.issuer)
        ? { user: authenticated(user), audiences: [signer.issuer] }
        : { error: NOBODY }
    try {
      const found = serviceAccount(core, signer, text, wanted)
      return found === undefined ? { error: NOBODY } : { ...found, user: authenticated(found.user) }
    } catch (error) {
      if (!(error instanceof TokenRefused)) throw error
      return { error: `[${NOBODY}, ${error.message}]` }
    }
  }
  const token = (text: string, audiences: string[] = []): Recognized | { error: string } => {
    const wanted = audiences.length === 0 ? [signer.issuer] : audiences
    return cache.find(text, wanted, () => look(text, wanted))
  }
  return {
    token,
    authenticate(request) {
      const shown = certificates.read(request)
      const certified = shown?.isFrontProxy === true ? remoteUser(request) : shown?.user
      if (certified !== undefined) return authenticated(certified)
      const bearer = bearerOf(request)
      if (bearer !== undefined) {
        const found = token(bearer)
        if ('error' in found) throw unauthorized()
        return found.user
      }
      // A certificate of a stranger's is no reason to take its owner for nobody.
      if (shown !== undefined || !options.anonymous) throw unauthorized()
      return { username: 'system:anonymous', groups: ['system:unauthenticated'] }
    },
  }
}

/** The token of a request; browsers, whose WebSockets have no such header, hide it among their protocols. Throws Unauthorized. */
function bearerOf({ headers }: IncomingMessage): string | undefined {
  const named = /^bearer +(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1]
  if (named !== undefined || headers.upgrade?.toLowerCase() !== 'websocket') return named
  const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim())
  const hidden = protocols.find((each) => each.startsWith(TOKEN_PROTOCOL))
  if (hidden === undefined) return undefined
  // The server must be able to choose another one.
  if (protocols.length < 2) throw unauthorized()
  return Buffer.from(hidden.slice(TOKEN_PROTOCOL.length), 'base64url').toString()
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

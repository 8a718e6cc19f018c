import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  verify,
  createHash,
} from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { JsonObject } from '../resources.ts'
import { isObject } from '../rest/json.ts'

/** Signs and checks service account tokens. */
export class TokenSigner {
  readonly #key: KeyObject
  readonly #public: KeyObject
  readonly #algorithm: 'ES256' | 'RS256'
  readonly kid: string
  readonly issuer: string

  /** @param pem private key; a new EC key when absent. */
  constructor(issuer: string, pem?: string) {
    this.#key =
      pem === undefined
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
        : createPrivateKey(pem)
    this.#public = createPublicKey(this.#key)
    this.#algorithm = this.#key.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256'
    this.issuer = issuer
    this.kid = createHash('sha256')
      .update(this.#public.export({ type: 'spki', format: 'der' }))
      .digest('base64url')
  }

  /** A token for these claims; iss, iat, nbf and jti are filled in. */
  sign(claims: JsonObject, now: number): string {
    const seconds = Math.floor(now / 1000)
    const header = { alg: this.#algorithm, kid: this.kid }
    const payload = { iss: this.issuer, iat: seconds, nbf: seconds, jti: randomUUID(), ...claims }
    const text = `${encode(header)}.${encode(payload)}`
    return `${text}.${this.#signature(text)}`
  }

  /** Claims of a token signed here, not expired (with a minute of leeway); undefined otherwise. */
  verify(token: string, now: number): JsonObject | undefined {
    const [header, payload, signature, rest] = token.split('.')
    if (header === undefined || payload === undefined || signature === undefined || rest !== undefined)
      return undefined
    const data = Buffer.from(`${header}.${payload}`)
    const key =
      this.#algorithm === 'ES256' ? ({ key: this.#public, dsaEncoding: 'ieee-p1363' } as const) : this.#public
    if (!verify('sha256', data, key, Buffer.from(signature, 'base64url'))) return undefined
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (!isObject(claims) || claims['iss'] !== this.issuer) return undefined
    const { exp, nbf } = claims
    if (typeof exp !== 'number' || exp * 1000 + 60_000 < now) return undefined
    if (typeof nbf === 'number' && nbf * 1000 - 60_000 > now) return undefined
    return claims
  }

  /** The public key as a JSON web key set. */
  jwks(): JsonObject {
    return {
      keys: [
        {
          use: 'sig',
          kid: this.kid,
          alg: this.#algorithm,
          ...(this.#public.export({ format: 'jwk' }) as JsonObject),
        },
      ],
    }
  }

  #signature(text: string): string {
    const key =
      this.#algorithm === 'ES256' ? ({ key: this.#key, dsaEncoding: 'ieee-p1363' } as const) : this.#key
    return sign('sha256', Buffer.from(text), key).toString('base64url')
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

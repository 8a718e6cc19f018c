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

/** Issuer of the tokens that Secrets hold. */
export const LEGACY_ISSUER = 'kubernetes/serviceaccount'

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

  /** A token that a Secret holds: it says no times, and holds as long as the Secret. */
  signLegacy(claims: JsonObject): string {
    const text = `${encode({ alg: this.#algorithm, kid: this.kid })}.${encode({ iss: LEGACY_ISSUER, ...claims })}`
    return `${text}.${this.#signature(text)}`
  }

  /** A token for these claims; iss, iat, nbf and jti are filled in. */
  sign(claims: JsonObject, now: number): string {
    const seconds = Math.floor(now / 1000)
    const header = { alg: this.#algorithm, kid: this.kid }
    const payload = { iss: this.issuer, iat: seconds, nbf: seconds, jti: randomUUID(), ...claims }
    const text = `${encode(header)}.${encode(payload)}`
    return `${text}.${this.#signature(text)}`
  }

  /**
   * What a token of this issuer claims, and whether it was signed here; neither its times nor whom it is of are looked at. Undefined
   * for what is no token of this issuer.
   */
  read(token: string): { claims: JsonObject; isGenuine: boolean } | undefined {
    const [header, payload, signature, rest] = token.split('.')
    if (header === undefined || payload === undefined || signature === undefined || rest !== undefined)
      return undefined
    let claims: unknown
    try {
      claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    } catch {
      return undefined
    }
    if (!isObject(claims) || (claims['iss'] !== this.issuer && claims['iss'] !== LEGACY_ISSUER))
      return undefined
    const key =
      this.#algorithm === 'ES256' ? ({ key: this.#public, dsaEncoding: 'ieee-p1363' } as const) : this.#public
    const isGenuine = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      key,
      Buffer.from(signature, 'base64url'),
    )
    return { claims, isGenuine }
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

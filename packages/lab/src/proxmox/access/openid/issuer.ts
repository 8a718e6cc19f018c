import { createPublicKey, verify, type JsonWebKey } from 'node:crypto'

/** Whom a host trusts to tell who somebody is. */
export interface Client {
  readonly issuer: string
  readonly id: string
  readonly secret: string | undefined
}

/** What an issuer tells of somebody. */
export type Claims = Readonly<Record<string, unknown>>

/** Where an issuer has what. */
interface Discovered {
  readonly issuer: string
  readonly authorization_endpoint: string
  readonly token_endpoint: string
  readonly jwks_uri: string
  readonly userinfo_endpoint?: string
}

/** How long an issuer may take to answer, ms of real time: it is another program. */
const PATIENCE = 10_000
/** Hashes of the signatures that are known, by algorithm. */
const HASHES: Readonly<Record<string, string>> = {
  RS256: 'sha256',
  RS384: 'sha384',
  RS512: 'sha512',
  ES256: 'sha256',
  ES384: 'sha384',
}

/** Asks an issuer where it has what. Throws an Error with the reason. */
export async function discover({ issuer }: Client): Promise<Discovered> {
  const found = await askIssuer(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  for (const name of ['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri'])
    if (typeof found[name] !== 'string') throw new Error(`missing field \`${name}\``)
  if (found['issuer'] !== issuer)
    throw new Error(`unexpected issuer URI \`${String(found['issuer'])}\` (expected \`${issuer}\`)`)
  return found as unknown as Discovered
}

/**
 * Turns the code that somebody came back with into what the issuer tells of them.
 * @param proof what was kept when they were sent there. Throws an Error for an answer that does not belong to it.
 */
export async function redeem(
  client: Client,
  code: string,
  proof: {
    readonly redirectUrl: string
    readonly nonce: string
    readonly verifier: string
    readonly now: number
  },
  queriesUserInfo: boolean,
): Promise<Claims> {
  const { token_endpoint, jwks_uri, userinfo_endpoint } = await discover(client)
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code,
    redirect_uri: proof.redirectUrl,
    code_verifier: proof.verifier,
    client_id: client.id,
  })
  const basic = Buffer.from(`${encodeURIComponent(client.id)}:${encodeURIComponent(client.secret ?? '')}`)
  const tokens = await askIssuer(token_endpoint, {
    method: 'POST',
    body: form,
    headers: client.secret === undefined ? {} : { authorization: `Basic ${basic.toString('base64')}` },
  })
  const { id_token: idToken } = tokens
  if (typeof idToken !== 'string') throw new Error('no ID token returned')
  const claims = readToken(idToken, await askIssuer(jwks_uri))
  const audience = [claims['aud']].flat()
  if (claims['iss'] !== client.issuer) throw new Error('invalid issuer')
  if (!audience.includes(client.id)) throw new Error('invalid audience')
  if (Number(claims['exp']) * 1000 <= proof.now) throw new Error('ID token expired')
  if (claims['nonce'] !== proof.nonce) throw new Error('invalid nonce')
  if (!queriesUserInfo || userinfo_endpoint === undefined) return claims
  const more = await askIssuer(userinfo_endpoint, {
    headers: { authorization: `Bearer ${String(tokens['access_token'])}` },
  })
  if (more['sub'] !== claims['sub']) throw new Error('unexpected subject')
  return { ...claims, ...more }
}

/** Claims of a token whose signature is one of the issuer's. */
function readToken(token: string, { keys }: Claims): Claims {
  const [head = '', body = '', signature = ''] = token.split('.')
  const { alg = '', kid } = parse(head) as { alg?: string; kid?: string }
  const hash = HASHES[alg]
  const known = (Array.isArray(keys) ? keys : []) as (JsonWebKey & { kid?: string })[]
  const isSigned = known
    .filter((key) => kid === undefined || key.kid === kid)
    .some((key) =>
      verify(
        hash,
        Buffer.from(`${head}.${body}`),
        { key: createPublicKey({ key, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64url'),
      ),
    )
  if (hash === undefined || !isSigned) throw new Error('signature verification failed')
  return parse(body)
}

function parse(part: string): Claims {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Claims
}

async function askIssuer(url: string, init: RequestInit = {}): Promise<Claims> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE) })
  if (!answer.ok) throw new Error(`HTTP status ${answer.status} at ${url}`)
  return (await answer.json()) as Claims
}

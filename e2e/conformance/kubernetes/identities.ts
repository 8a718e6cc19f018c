import { generateKeyPairSync } from 'node:crypto'
import type { ApiServer } from '../../../packages/lab/src/kubernetes/api.ts'
import { TokenSigner } from '../../../packages/lab/src/kubernetes/auth/tokens.ts'
import { createCa, createRequest, issueCertificate } from '../../../packages/lab/src/pki.ts'
import type { KeyPair } from '../../../packages/lab/src/pki.ts'
import type { Identity } from './send.ts'

/** Who the certificates of the recordings are of, by the names in their notes. */
const SUBJECTS = {
  alice: { commonName: 'alice', organizations: ['devs'] },
  super: { commonName: 'kubernetes-super-admin', organizations: ['system:masters'] },
  node1: { commonName: 'system:node:node-1', organizations: ['system:nodes'] },
}
const ISSUER = 'https://kubernetes.default.svc.cluster.local'
/** Seconds. */
const HOUR = 3600

/** A key that signs service account tokens, PEM. */
export function signingKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** The client certificates of the recordings, by name; that of the front proxy is another authority's, PEM in `frontProxyCa`. */
export async function certificatesFor(
  ca: KeyPair,
): Promise<{ identities: { [name: string]: Identity }; frontProxyCa: string }> {
  const proxyCa = await createCa({ commonName: 'front-proxy-ca' })
  const issue = async (from: KeyPair, subject: object & { commonName: string }): Promise<Identity> => {
    const { certPem, keyPem } = await issueCertificate(from, { ...subject, usages: ['client'] })
    return { cert: certPem, key: keyPem }
  }
  const identities: { [name: string]: Identity } = {
    'front-proxy-client': await issue(proxyCa, { commonName: 'front-proxy-client' }),
  }
  for (const [name, subject] of Object.entries(SUBJECTS)) identities[name] = await issue(ca, subject)
  return { identities, frontProxyCa: proxyCa.certPem }
}

/** Whom the certificate requests of the recording of kinds ask for, by their marks. */
const REQUESTERS = {
  '<base64-pem:2>': { commonName: 'c1' },
  '<base64-pem:4>': { commonName: 'c2' },
  '<base64-pem:5>': { commonName: 'c4' },
  '<base64-pem:6>': { commonName: 'c5', organizations: ['system:masters'] },
  '<base64-pem:7>': { commonName: 'c6' },
  '<base64-pem:8>': { commonName: 'c7' },
}

/** Certificate requests in the place of those that the recorder masked: base64 of PEM, by their marks. */
export async function certificateRequests(): Promise<{ [mark: string]: string }> {
  const requests: { [mark: string]: string } = {}
  for (const [mark, subject] of Object.entries(REQUESTERS))
    requests[mark] = Buffer.from((await createRequest(subject)).requestPem).toString('base64')
  return requests
}

/** Tokens that the recorder made itself for the ServiceAccount `bot`, or read out of a Secret, by their marks in the recording. */
export function madeTokens(server: ApiServer, keyPem: string): (mark: string) => string | undefined {
  const account = () =>
    server.store.get({ group: '', version: 'v1', resource: 'serviceaccounts' }, 'au', 'bot')?.metadata.uid ??
    ''
  const now = (): number => Math.floor(Date.now() / 1000)
  const token = (other: { [claim: string]: string | number | string[] }, name = 'bot', uid = account()) =>
    new TokenSigner(ISSUER, keyPem).sign(
      {
        aud: [ISSUER],
        exp: now() + HOUR,
        sub: `system:serviceaccount:au:${name}`,
        'kubernetes.io': { namespace: 'au', serviceaccount: { name, uid } },
        ...other,
      },
      Date.now(),
    )
  const made: { [mark: string]: () => string } = {
    '<jwt:3>': () => token({ aud: ['a', 'b'] }),
    '<jwt:10>': () => token({ exp: now() - 100 }),
    '<jwt:11>': () => token({ exp: now() - 10 }),
    '<jwt:12>': () => token({ nbf: now() + HOUR / 2 }),
    '<jwt:13>': () => token({ iss: 'https://other.example' }),
    '<jwt:14>': () => token({ aud: ['other'] }),
    '<jwt:15>': () => token({}, 'bot', '11111111-1111-1111-1111-111111111111'),
    '<jwt:16>': () => token({}, 'nosuch'),
    '<jwt:17>': () => token({}).replace(/.{8}$/, 'AAAAAAAA'),
    '<jwt:19>': () => secretToken(server),
  }
  return (mark) => made[mark]?.()
}

function secretToken(server: ApiServer): string {
  const secret = server.store.get({ group: '', version: 'v1', resource: 'secrets' }, 'au', 'legacy')
  const data = secret?.['data']
  const packed = data !== null && typeof data === 'object' && !Array.isArray(data) ? data['token'] : undefined
  return typeof packed === 'string' ? Buffer.from(packed, 'base64').toString() : 'none'
}

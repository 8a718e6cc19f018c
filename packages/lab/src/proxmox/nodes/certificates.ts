import { X509Certificate } from 'node:crypto'
import type { Handlers } from '../handler.ts'

/** Certificates of a host. */
export const certificateHandlers: Handlers = {
  'GET /nodes/{node}/certificates': () => ['acme', 'custom', 'info'].map((name) => ({ name })),
  'GET /nodes/{node}/certificates/info': ({ world, params }) => {
    const [own, ...authorities] = world.cluster.certificates.get(String(params['node'] as string)) ?? []
    const root = authorities.at(-1)
    return [
      ...(root === undefined ? [] : [describe('pve-root-ca.pem', root)]),
      ...(own === undefined ? [] : [describe('pve-ssl.pem', own)]),
    ]
  },
}

/** The certificates of a PEM text, the host's own first. */
export function splitPem(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n?/g) ?? []
}

function describe(filename: string, pem: string): Record<string, unknown> {
  const certificate = new X509Certificate(pem)
  const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey
  const name = (text: string): string => `/${text.split('\n').join('/')}`
  return {
    filename,
    fingerprint: certificate.fingerprint256,
    subject: name(certificate.subject),
    issuer: name(certificate.issuer),
    notbefore: Math.floor(Date.parse(certificate.validFrom) / 1000),
    notafter: Math.floor(Date.parse(certificate.validTo) / 1000),
    san: (certificate.subjectAltName ?? '')
      .split(', ')
      .filter(Boolean)
      .map((each) => each.replace(/^(?:DNS|IP Address):/, '')),
    'public-key-type': asymmetricKeyType === 'ec' ? 'id-ecPublicKey' : 'rsaEncryption',
    'public-key-bits': asymmetricKeyDetails?.modulusLength ?? 256,
    pem,
  }
}

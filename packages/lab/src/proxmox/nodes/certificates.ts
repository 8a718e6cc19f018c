import { createPrivateKey, X509Certificate } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { sectionsOf } from '../sections.ts'

/** Certificates of a host. */
export const certificateHandlers: Handlers = {
  'POST /nodes/{node}/certificates/custom': upload,
  'DELETE /nodes/{node}/certificates/custom': (call) => {
    dropCustomCertificate(call)
    return null
  },
  'GET /nodes/{node}/certificates': () => ['acme', 'custom', 'info'].map((name) => ({ name })),
  'GET /nodes/{node}/certificates/info': (call) => {
    const [own, ...authorities] = call.world.cluster.certificates.get(call.text('node')) ?? []
    const root = authorities.at(-1)
    const custom = customCertificateOf(call)
    return [
      ...(custom === undefined ? [] : [describe(CUSTOM, custom.chain)]),
      ...(root === undefined ? [] : [describe('pve-root-ca.pem', root)]),
      ...(own === undefined ? [] : [describe('pve-ssl.pem', own)]),
    ]
  },
}

/** The file of a certificate that somebody gave a host. */
const CUSTOM = 'pveproxy-ssl.pem'

/** The certificate that the host of a call was given, with its key, PEM; undefined for none. */
export function customCertificateOf(call: Call): { chain: string; key: string } | undefined {
  const { chain, key } = sectionsOf(call.world, 'hosts/certificates').get(call.text('node')) ?? {}
  return typeof chain === 'string' && typeof key === 'string' ? { chain, key } : undefined
}

/** Gives the host of a call a certificate. */
export function keepCustomCertificate(call: Call, certificate: { chain: string; key: string }): void {
  sectionsOf(call.world, 'hosts/certificates').set(call.text('node'), certificate)
}

/** The host of a call goes back to its own certificate. */
export function dropCustomCertificate(call: Call): void {
  sectionsOf(call.world, 'hosts/certificates').delete(call.text('node'))
}

/** Keeps a certificate for a host's API. The lab's own port goes on with the one that it has. */
function upload(call: Call): Record<string, unknown> {
  const before = customCertificateOf(call)
  if (before !== undefined && !call.flag('force'))
    die('Custom certificate file exists but force flag is not set.')
  const key = call.optional('key') ?? before?.key ?? die('no private key given, and none is there')
  const chain = call.text('certificates')
  const [first] = splitPem(chain)
  if (first === undefined || !belongsTo(first, key)) die('certificate and private key do not belong together')
  keepCustomCertificate(call, { chain, key })
  return describe(CUSTOM, chain)
}

function belongsTo(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
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

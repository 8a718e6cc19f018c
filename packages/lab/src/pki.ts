// The decorators of the certificate library need the reflection API before anything of it is loaded.
import 'reflect-metadata'
import { createHash, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import * as x509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY = 86_400_000
/** Certificates begin this long before they are made, so that a guest whose clock is a little late accepts them. */
const BACKDATED = 5 * 60_000

const provider = webcrypto
x509.cryptoProvider.set(provider)

/** A certificate with its private key, both PEM (the key PKCS #8). */
export interface KeyPair {
  readonly certPem: string
  readonly keyPem: string
}

/** What a certificate may be used for. */
export type Usage = 'server' | 'client' | 'code signing'

/** Whom and how long a certificate is for. */
export interface CertificateOptions {
  readonly commonName: string
  /** O entries of the subject: groups of a Kubernetes client. */
  readonly organizations?: readonly string[]
  readonly dns?: readonly string[]
  readonly ips?: readonly string[]
  readonly usages: readonly Usage[]
  /** Days it is valid for. Default 365. */
  readonly days?: number
  /** Now, milliseconds since 1970. Default: the wall clock. */
  readonly now?: number
}

/** Makes a certificate authority. Like kubeadm's, its certificate has a SAN equal to its name. */
export async function createCa(options: {
  commonName: string
  /** Default 3650. */
  days?: number
  now?: number
}): Promise<KeyPair> {
  const keys = await generateKeys()
  const now = options.now ?? Date.now()
  const name = subjectOf(options.commonName)
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial(),
      subject: name,
      issuer: name,
      notBefore: new Date(now - BACKDATED),
      notAfter: new Date(now + (options.days ?? 3650) * DAY),
      publicKey: keys.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature |
            x509.KeyUsageFlags.keyEncipherment |
            x509.KeyUsageFlags.keyCertSign,
          true,
        ),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: options.commonName }]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, provider),
      ],
    },
    provider,
  )
  return { certPem: pem(certificate), keyPem: await exportKey(keys.privateKey) }
}

/** Issues a certificate with a new key. */
export async function issueCertificate(ca: KeyPair, options: CertificateOptions): Promise<KeyPair> {
  const keys = await generateKeys()
  const certificate = await sign(
    ca,
    keys.publicKey,
    subjectOf(options.commonName, options.organizations),
    options,
  )
  return { certPem: certificate, keyPem: await exportKey(keys.privateKey) }
}

/** A certificate signing request with a new key, as a kubelet makes one. */
export async function createRequest(options: {
  commonName: string
  organizations?: readonly string[]
}): Promise<{ requestPem: string; keyPem: string }> {
  const keys = await generateKeys()
  const request = await x509.Pkcs10CertificateRequestGenerator.create(
    { name: subjectOf(options.commonName, options.organizations), keys, signingAlgorithm: ALGORITHM },
    provider,
  )
  return { requestPem: `${request.toString('pem')}\n`, keyPem: await exportKey(keys.privateKey) }
}

/** What a signing request asks for. */
export interface RequestFacts {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** Names and addresses asked for beside the subject. */
  readonly alternativeNames: readonly string[]
}

/** Reads a signing request. Throws when the text is none or its signature is wrong. */
export async function readRequest(requestPem: string): Promise<RequestFacts> {
  const request = new x509.Pkcs10CertificateRequest(requestPem)
  if (!(await request.verify(provider))) throw new Error('the signature of the certificate request is wrong')
  const names = request.getExtension('2.5.29.17')
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    alternativeNames:
      names instanceof x509.SubjectAlternativeNameExtension
        ? names.names.items.map((item) => item.value)
        : [],
  }
}

/** The organizations that a signing request names; undefined when the text is none. Its signature is not looked at. */
export function organizationsOf(requestPem: string): readonly string[] | undefined {
  try {
    return new x509.Pkcs10CertificateRequest(requestPem).subjectName.getField('O')
  } catch {
    return undefined
  }
}

/** Signs a request as it is asked. Throws when its signature is wrong. */
export async function signRequest(
  ca: KeyPair,
  requestPem: string,
  options: { usages: readonly Usage[]; days?: number; now?: number },
): Promise<string> {
  const facts = await readRequest(requestPem)
  const request = new x509.Pkcs10CertificateRequest(requestPem)
  const key = await request.publicKey.export(provider)
  return sign(ca, key, request.subjectName.toJSON(), {
    ...options,
    commonName: facts.commonName,
    dns: facts.alternativeNames.filter((name) => isIP(name) === 0),
    ips: facts.alternativeNames.filter((name) => isIP(name) !== 0),
  })
}

/** A certificate for the same names with the same key, that ended yesterday. */
export async function expiredCopy(ca: KeyPair, { certPem, keyPem }: KeyPair): Promise<KeyPair> {
  const certificate = new x509.X509Certificate(certPem)
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? []
  const expired = await sign(
    ca,
    await certificate.publicKey.export(provider),
    certificate.subjectName.toJSON(),
    {
      commonName: certificate.subjectName.getField('CN')[0] ?? '',
      dns: names.filter(({ type }) => type === 'dns').map(({ value }) => value),
      ips: names.filter(({ type }) => type === 'ip').map(({ value }) => value),
      usages: ['server'],
      days: 364,
      now: Date.now() - 365 * DAY,
    },
  )
  return { certPem: expired, keyPem }
}

/** SHA-256 fingerprint of a certificate, `AA:BB:…`. */
export function fingerprint(certPem: string): string {
  const der = Buffer.from(new x509.X509Certificate(certPem).rawData)
  return (createHash('sha256').update(der).digest('hex').toUpperCase().match(/../g) ?? []).join(':')
}

/** From when to when a certificate is valid, milliseconds since 1970, and whom it names. */
export function readCertificate(certPem: string): {
  notBefore: number
  notAfter: number
  commonName: string
  organizations: string[]
} {
  const certificate = new x509.X509Certificate(certPem)
  return {
    notBefore: certificate.notBefore.getTime(),
    notAfter: certificate.notAfter.getTime(),
    commonName: certificate.subjectName.getField('CN')[0] ?? '',
    organizations: certificate.subjectName.getField('O'),
  }
}

/** A key pair alone, PEM (PKCS #8 and SPKI): what signs service account tokens. */
export async function createKeys(): Promise<{ publicPem: string; privatePem: string }> {
  const keys = await generateKeys()
  const spki = await provider.subtle.exportKey('spki', keys.publicKey)
  return { publicPem: armor('PUBLIC KEY', spki), privatePem: await exportKey(keys.privateKey) }
}

async function sign(
  ca: KeyPair,
  publicKey: webcrypto.CryptoKey,
  subject: x509.JsonName,
  options: CertificateOptions,
): Promise<string> {
  const issuer = new x509.X509Certificate(ca.certPem)
  const now = options.now ?? Date.now()
  const alternatives = [
    ...(options.dns ?? []).map((value) => ({ type: 'dns' as const, value })),
    ...(options.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ]
  const usages: Record<Usage, x509.ExtendedKeyUsage> = {
    server: x509.ExtendedKeyUsage.serverAuth,
    client: x509.ExtendedKeyUsage.clientAuth,
    'code signing': x509.ExtendedKeyUsage.codeSigning,
  }
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: serial(),
      subject,
      issuer: issuer.subjectName.toJSON(),
      notBefore: new Date(now - BACKDATED),
      // A certificate never outlives its authority.
      notAfter: new Date(Math.min(now + (options.days ?? 365) * DAY, issuer.notAfter.getTime())),
      publicKey,
      signingKey: await importKey(ca.keyPem),
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
          true,
        ),
        new x509.ExtendedKeyUsageExtension(options.usages.map((usage) => usages[usage])),
        new x509.BasicConstraintsExtension(false, undefined, true),
        await x509.AuthorityKeyIdentifierExtension.create(issuer, false, provider),
        ...(alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)]),
      ],
    },
    provider,
  )
  return pem(certificate)
}

function subjectOf(commonName: string, organizations: readonly string[] = []): x509.JsonName {
  return [...organizations.map((value) => ({ O: [value] })), { CN: [commonName] }]
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trimEnd()}\n`
}

function serial(): string {
  const bytes = randomBytes(8)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return provider.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

async function importKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(keyPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  return provider.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign'])
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return armor('PRIVATE KEY', await provider.subtle.exportKey('pkcs8', key))
}

function armor(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

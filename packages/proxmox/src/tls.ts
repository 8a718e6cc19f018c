import type { TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'

/** How the endpoints' certificates are verified. By default against the CAs of the system. */
export type TlsConfig =
  | { /** PEM of the CA. */ readonly ca: string }
  | {
      /** SHA-256 fingerprints, one of which the certificate must have, as `AA:BB:…`. */ readonly fingerprints: readonly string[]
    }
  | {
      /** Accept any certificate: whoever is in between then owns the cluster. */ readonly insecureSkipVerify: true
    }

/** The certificate has none of the pinned fingerprints. */
export class FingerprintMismatchError extends Error {
  override readonly name = 'FingerprintMismatchError'
  /** The fingerprint that was shown. */
  readonly fingerprint: string
  constructor(fingerprint: string) {
    super('the certificate has none of the pinned fingerprints')
    this.fingerprint = fingerprint
  }
}

/** Makes undici's connector for a TLS configuration. A pin is checked before a byte of any request is sent. */
export function createConnector(tls: TlsConfig | undefined, timeoutMs: number): buildConnector.connector {
  const base = { allowH2: false, timeout: timeoutMs, keepAlive: true }
  if (!tls) return buildConnector(base)
  if ('ca' in tls) return buildConnector({ ...base, ca: tls.ca })
  const unverified = buildConnector({ ...base, rejectUnauthorized: false })
  if ('insecureSkipVerify' in tls) return unverified
  const pins = new Set(tls.fingerprints.map(normalise))
  return (options, callback) => {
    unverified(options, (error, socket) => {
      if (error) return callback(error, null)
      const fingerprint = (socket as TLSSocket).getPeerCertificate().fingerprint256 ?? ''
      if (pins.has(normalise(fingerprint))) return callback(null, socket)
      socket.destroy()
      return callback(new FingerprintMismatchError(fingerprint), null)
    })
  }
}

const tlsCodes = /^(ERR_TLS|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_SSL|HOSTNAME_MISMATCH|INVALID_CA)/

/** True if a connection failed because of the certificate. */
export function isCertificateError(error: unknown): boolean {
  if (error instanceof FingerprintMismatchError) return true
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && tlsCodes.test(error.code)
  )
}

function normalise(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase()
}

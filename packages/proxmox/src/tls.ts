import type { SecureContext, SecureContextOptions, TLSSocket } from 'node:tls'
import type { buildConnector as Connecting } from 'undici'
import { buildConnector } from './undici.ts'

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

/** Errors of connections that never came about: no byte of a request has left then. */
const unconnected = new WeakSet<object>()

/** True if the error came while connecting, so that the request was certainly not sent. */
export function wasNotSent(error: unknown): boolean {
  return typeof error === 'object' && error !== null && unconnected.has(error)
}

/**
 * Makes undici's connector for a TLS configuration. A pin is checked before a byte of any request is sent. Throws a TypeError for a pin
 * that is no SHA-256 fingerprint.
 */
export function createConnector(tls: TlsConfig | undefined, timeoutMs: number): Connecting.connector {
  const connect = connectorOf(tls, timeoutMs)
  return (options, callback) => {
    connect(options, (error, socket) => {
      if (!error) return callback(null, socket)
      unconnected.add(error)
      return callback(error, null)
    })
  }
}

function connectorOf(tls: TlsConfig | undefined, timeoutMs: number): Connecting.connector {
  const base = { allowH2: false, timeout: timeoutMs, keepAlive: true }
  if (!tls) return verifiedBySystem(base)
  if ('ca' in tls) return buildConnector({ ...base, secureContext: createSecureContext({ ca: tls.ca }) })
  // A resumed session shows no certificate to compare, so none is kept. Nothing is verified against a CA, so none is read.
  const secureContext = createSecureContext({ ca: [] })
  const unverified = buildConnector({
    ...base,
    secureContext,
    rejectUnauthorized: false,
    maxCachedSessions: 0,
  })
  if ('insecureSkipVerify' in tls) return unverified
  const pins = new Set(tls.fingerprints.map(normalise))
  if (pins.size === 0) throw new TypeError('tls.fingerprints: at least one is needed')
  return (options, callback) => {
    unverified(options, (error, socket) => {
      if (error) return callback(error, null)
      const shown = (socket as TLSSocket).getPeerCertificate?.().fingerprint256 ?? ''
      if (pins.has(shown.replaceAll(':', '').toLowerCase())) return callback(null, socket)
      socket.destroy()
      return callback(new FingerprintMismatchError(shown), null)
    })
  }
}

/**
 * One context for all connections: Proxmox closes a connection after each error, and to read the CAs of the system takes longer than all the
 * rest of a short command. So they are read once, and not before they are needed.
 */
function verifiedBySystem(base: Connecting.BuildOptions): Connecting.connector {
  const plain = buildConnector(base)
  let verified: Connecting.connector | undefined
  return (options, callback) => {
    if (options.protocol !== 'https:') return plain(options, callback)
    verified ??= buildConnector({ ...base, secureContext: createSecureContext() })
    return verified(options, callback)
  }
}

/** Node reads its CAs in a thread as soon as its TLS is loaded, which takes as long as all else of a short command: it is loaded with the first need. */
function createSecureContext(options?: SecureContextOptions): SecureContext {
  return process.getBuiltinModule('node:tls').createSecureContext(options)
}

const tlsCodes =
  /^(ERR_TLS|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_SSL|HOSTNAME_MISMATCH|INVALID_|EPROTO$)/

/** True if a connection failed because of the certificate, or because the other side speaks no TLS. */
export function isCertificateError(error: unknown): boolean {
  if (error instanceof FingerprintMismatchError) return true
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && tlsCodes.test(error.code)
  )
}

function normalise(fingerprint: string): string {
  const hex = fingerprint.trim().replaceAll(':', '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(hex))
    throw new TypeError(
      `tls.fingerprints: "${fingerprint}" is no SHA-256 fingerprint (32 bytes in hexadecimal)`,
    )
  return hex
}

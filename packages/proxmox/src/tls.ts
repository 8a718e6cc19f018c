import { connect as connectTcp, isIP, type Socket } from 'node:net'
import type { ConnectionOptions, SecureContext, SecureContextOptions, TLSSocket } from 'node:tls'
import { alarmIn } from './alarm.ts'
import { ClosedError } from './http/connection.ts'
import type { Connect } from './http/pool.ts'

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

/** No connection in time. */
class ConnectTimeoutError extends Error {
  override readonly name = 'ConnectTimeoutError'
  readonly code = 'ETIMEDOUT'
  constructor(host: string, timeoutMs: number) {
    super(`no connection to ${host} within ${timeoutMs} ms`)
  }
}

/** After how long a connection on which nothing moves is probed, milliseconds. */
const PROBE_AFTER_MS = 60_000

/**
 * Makes what connects to addresses, with TLS as configured where they are https. A pin is checked before a byte of any request is sent. Throws
 * a TypeError for a pin that is no SHA-256 fingerprint.
 */
export function createConnector(tls: TlsConfig | undefined, timeoutMs: number): (origin: URL) => Connect {
  const trust = trustOf(tls)
  return (origin) => {
    const host = origin.hostname.replace(/^\[(.*)\]$/, '$1')
    const isTls = origin.protocol === 'https:'
    const at = { host, port: Number(origin.port || (isTls ? 443 : 80)) }
    let session: Buffer | undefined
    return (done) => {
      let socket: Socket
      if (isTls) {
        const secure = openTls({ ...at, ...trust.options(), ...(session ? { session } : {}) })
        // The next connection needs no second proof of who is there, and half of the handshake.
        if (trust.mayResume) secure.on('session', (ticket) => (session = ticket))
        socket = secure
      } else socket = connectTcp(at)
      return whenConnected(socket, isTls ? 'secureConnect' : 'connect', origin.host, timeoutMs, (error) => {
        const wrong = error ?? trust.problem(socket)
        if (!wrong) return done(undefined, socket)
        session = undefined
        socket.on('error', () => {}).destroy()
        unconnected.add(wrong)
        return done(wrong)
      })
    }
  }
}

/** Calls once: with nothing when the socket is connected, or with why it is not. @returns what gives it up without a call */
function whenConnected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  host: string,
  timeoutMs: number,
  done: (error?: Error) => void,
): () => void {
  const finish = (error?: Error): void => {
    stop()
    if (error) return done(error)
    socket.setNoDelay(true).setKeepAlive(true, PROBE_AFTER_MS)
    done()
  }
  const ready = (): void => finish()
  const closed = (): void => finish(new ClosedError('the connection was closed before it was made'))
  const stop = (): void => {
    cancel()
    socket.off(event, ready).off('error', finish).off('close', closed)
  }
  const cancel = alarmIn(timeoutMs, () => {
    finish(new ConnectTimeoutError(host, timeoutMs))
  })
  socket.on(event, ready).on('error', finish).on('close', closed)
  return () => {
    stop()
    // A late error must not end the process.
    socket.on('error', () => {}).destroy()
  }
}

/** How a configuration trusts. */
interface Trust {
  /** What a TLS connection is made with. */
  options(): ConnectionOptions
  /** A resumed session shows no certificate to compare. */
  readonly mayResume: boolean
  /** What is wrong with a connection that was made. */
  problem(socket: Socket): Error | undefined
}

const noProblem = (): undefined => undefined

function trustOf(tls: TlsConfig | undefined): Trust {
  // One context for all connections: Proxmox closes a connection after each error, and to read the CAs of the system takes longer than all the
  // rest of a short command. So they are read once, and not before they are needed.
  let context: SecureContext | undefined
  if (!tls)
    return {
      options: () => ({ secureContext: (context ??= createSecureContext()) }),
      mayResume: true,
      problem: noProblem,
    }
  if ('ca' in tls) {
    const secureContext = createSecureContext({ ca: tls.ca })
    return { options: () => ({ secureContext }), mayResume: true, problem: noProblem }
  }
  // Nothing is verified against a CA, so none is read.
  const options = { secureContext: createSecureContext({ ca: [] }), rejectUnauthorized: false }
  if ('insecureSkipVerify' in tls) return { options: () => options, mayResume: false, problem: noProblem }
  const pins = new Set(tls.fingerprints.map(normalise))
  if (pins.size === 0) throw new TypeError('tls.fingerprints: at least one is needed')
  return {
    options: () => options,
    mayResume: false,
    problem: (socket) => {
      const shown = (socket as TLSSocket).getPeerCertificate?.().fingerprint256 ?? ''
      return pins.has(shown.replaceAll(':', '').toLowerCase())
        ? undefined
        : new FingerprintMismatchError(shown)
    },
  }
}

/** Node reads its CAs in a thread as soon as its TLS is loaded, which takes as long as all else of a short command: it is loaded with the first need. */
function createSecureContext(options?: SecureContextOptions): SecureContext {
  return process.getBuiltinModule('node:tls').createSecureContext(options)
}

function openTls(options: ConnectionOptions & { readonly host: string }): TLSSocket {
  return process.getBuiltinModule('node:tls').connect({
    ALPNProtocols: ['http/1.1'],
    // Said always: else Node's environment decides.
    rejectUnauthorized: true,
    // An address is no name, and is not asked for as one.
    ...(isIP(options.host) === 0 ? { servername: options.host } : {}),
    ...options,
  })
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

import { isIP } from 'node:net'
import { connect } from 'node:tls'

/**
 * SHA-256 fingerprint of the certificate that a URL shows, for a person to compare; nothing is sent there. Undefined when nobody
 * answers within `timeoutMs`.
 */
export function shownFingerprint(url: string, timeoutMs = 5000): Promise<string | undefined> {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const socket = connect({
      host,
      // A gateway shows by it whose certificate it shows.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      port: Number(port) || 443,
      // It is looked at, not trusted: whether it is the right one is what the person is asked.
      rejectUnauthorized: false,
      timeout: timeoutMs,
    })
    const end = (fingerprint?: string): void => {
      socket.destroy()
      resolve(fingerprint)
    }
    socket.once('secureConnect', () => end(socket.getPeerCertificate().fingerprint256))
    socket.once('timeout', () => end())
    socket.once('error', () => end())
  })
}

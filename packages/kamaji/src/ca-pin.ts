import { createHash, X509Certificate } from 'node:crypto'
import { TenantRefusedError } from './errors.ts'

/** Pins already worked out, by certificate: the same few are asked for again and again, and reading one costs a third of a millisecond. */
const known = new Map<string, string>()
const MOST_KNOWN = 2000

/**
 * The pin of a CA certificate (PEM) as kubeadm prints it: `sha256:` and the digest of its public key, so that a renewed certificate with
 * the same key keeps its pin. Of several certificates the first counts. Throws TenantRefusedError for what is no certificate.
 */
export function caPin(caPem: string): string {
  const before = known.get(caPem)
  if (before !== undefined) return before
  let key: Buffer
  try {
    key = new X509Certificate(caPem).publicKey.export({ type: 'spki', format: 'der' })
  } catch (error) {
    throw new TenantRefusedError('the certificate authority is not a certificate in PEM', { cause: error })
  }
  const pin = `sha256:${createHash('sha256').update(key).digest('hex')}`
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(caPem, pin)
  return pin
}

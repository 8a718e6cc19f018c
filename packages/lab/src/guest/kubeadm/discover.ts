import { createHash, X509Certificate } from 'node:crypto'
import { parse } from 'yaml'
import type { LabClock } from '../../clock.ts'
import { detachedSignature } from '../../kubernetes/controllers/bootstrap-tokens.ts'
import type { Json } from '../../kubernetes/resources.ts'
import { asText, at } from '../../kubernetes/rest/json.ts'
import { AnswerError, ApiClient } from '../kubelet/client.ts'
import { phaseError } from './error.ts'
import type { JoinRequest } from './request.ts'

/** The cluster that a token and a pin vouch for. */
export interface Discovered {
  readonly server: string
  readonly caPem: string
}

const CLUSTER_INFO = '/api/v1/namespaces/kube-public/configmaps/cluster-info?timeout=10s'
const POLL_MS = 5000
/** A server that does not answer is given up after this long, one without the signature after the other time. */
const NO_ANSWER_MS = 10_000
const NO_SIGNATURE_MS = 300_000

/**
 * Finds the cluster as kubeadm does: cluster-info without credentials and unverified, its signature by the token, the pins on its authority, then the same
 * again verified. Throws a KubeadmError.
 */
export async function discover(
  clock: LabClock,
  request: JoinRequest,
  signal: AbortSignal,
): Promise<Discovered> {
  const refuse = (text: string): Error =>
    phaseError('preflight', `couldn't validate the identity of the API Server: ${text}`)
  const pins = request.caCertHashes.map((pin) => readPin(pin, refuse))
  const server = `https://${request.endpoint}`
  const first = await signedInfo(clock, { server, caPem: '', insecure: true }, request, signal, refuse)
  const caPem = authorityOf(first)
  if (pins.length > 0) {
    const hash = publicKeyHash(caPem)
    if (!pins.includes(hash))
      throw refuse(
        `cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "${hash}" are pinned`,
      )
    const again = await signedInfo(clock, { server, caPem }, request, signal, refuse)
    if (again !== first)
      throw refuse(
        'the second kubeconfig retrieved from the cluster-info ConfigMap does not match the first one',
      )
  }
  return { server: clusterOf(first, 'server') || server, caPem }
}

function readPin(pin: string, refuse: (text: string) => Error): string {
  const match = /^sha256:(.*)$/i.exec(pin)
  if (match === null)
    throw refuse(
      `invalid discovery token CA certificate hash: unsupported hash type "${pin}", expected "sha256"`,
    )
  const hex = match[1] ?? ''
  const bytes = Buffer.from(hex, 'hex').length
  if (!/^[0-9a-f]{64}$/i.test(hex))
    throw refuse(
      `invalid discovery token CA certificate hash: invalid hash "${pin}", expected a 32 byte SHA-256 hash, found ${bytes} bytes`,
    )
  return `sha256:${hex.toLowerCase()}`
}

/** The kubeconfig in cluster-info, once the token's signature is in it and right. */
async function signedInfo(
  clock: LabClock,
  connection: { server: string; caPem: string; insecure?: boolean },
  request: JoinRequest,
  signal: AbortSignal,
  refuse: (text: string) => Error,
): Promise<string> {
  const [id = '', secret = ''] = request.token.split('.')
  const client = new ApiClient(connection)
  const start = clock.now()
  const elapsed = (): number => (clock.now() - start) * clock.speed
  try {
    for (;;) {
      let problem: string
      let patience = NO_ANSWER_MS
      try {
        const info = await client.call('GET', CLUSTER_INFO, undefined, { signal })
        const text = asText(at(info, ['data', 'kubeconfig']))
        const signature = asText(at(info, ['data', `jws-kubeconfig-${id}`]))
        if (signature !== '') {
          if (signature === detachedSignature(text, id, secret)) return text
          throw refuse(
            "failed to verify JWS signature of received cluster info object, can't trust this API Server",
          )
        }
        problem = `could not find a JWS signature in the cluster-info ConfigMap for token ID "${id}"`
        patience = NO_SIGNATURE_MS
      } catch (error) {
        if (signal.aborted || (error instanceof Error && error.name === 'KubeadmError')) throw error
        problem = `failed to request the cluster-info ConfigMap: ${error instanceof Error ? error.message : String(error)}`
        if (error instanceof AnswerError) patience = NO_SIGNATURE_MS
      }
      if (elapsed() + POLL_MS > patience) throw refuse(problem)
      await clock.sleep(POLL_MS, signal)
    }
  } finally {
    client.close()
  }
}

function authorityOf(kubeconfig: string): string {
  return Buffer.from(clusterOf(kubeconfig, 'certificate-authority-data'), 'base64').toString()
}

/** A field of the first cluster of a kubeconfig. */
function clusterOf(kubeconfig: string, field: string): string {
  const clusters = at(parse(kubeconfig) as Json, ['clusters'])
  return Array.isArray(clusters) ? asText(at(clusters[0], ['cluster', field])) : ''
}

function publicKeyHash(certPem: string): string {
  const key = new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}

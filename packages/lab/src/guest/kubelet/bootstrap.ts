import type { Json } from '../../kubernetes/resources.ts'
import { asText, at, isObject } from '../../kubernetes/rest/json.ts'
import { createRequest } from '../../pki.ts'
import { AnswerError, ApiClient } from './client.ts'
import { KubeletExit } from './exit.ts'
import type { KubeletHost } from './host.ts'
import { logLine } from './host.ts'
import type { Bootstrap } from './kubeconfig.ts'
import { storeCertificate } from './kubeconfig.ts'

const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests'
/** When requests are sent, ms after the start; then every `RETRY_MS`. */
const ATTEMPTS = [0, 2000, 6500, 15_000, 32_000]
const RETRY_MS = 32_000
/** Without a certificate and with a server that answers, the kubelet ends itself after this long. */
const GIVE_UP_MS = 300_500
/** How long one request may wait for its certificate. */
const WAIT_MS = 900_000

/**
 * Gets the node's client certificate with the bootstrap token: posts a signing request and waits for the answer, as often as it takes. Throws
 * KubeletExit when the server answers and refuses for five minutes.
 */
export async function bootstrap(
  host: KubeletHost,
  found: Bootstrap,
  nodeName: string,
  signal: AbortSignal,
): Promise<void> {
  const client = new ApiClient({ server: found.server, caPem: found.caPem, token: found.token })
  const { requestPem, keyPem } = await createRequest({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
  })
  const startedAt = host.clock.now()
  const elapsed = (): number => (host.clock.now() - startedAt) * host.clock.speed
  let responsive = true
  try {
    for (let attempt = 0; ; attempt++) {
      const due = ATTEMPTS[attempt] ?? 32_000 + (attempt - 4) * RETRY_MS
      await sleepUntil(host, due, elapsed, signal, () => {
        if (responsive && elapsed() > GIVE_UP_MS)
          throw new KubeletExit(
            '"No valid client certificate is found and the server is responsive, exiting."',
          )
      })
      try {
        const certificate = await requestCertificate(host, client, requestPem, signal)
        storeCertificate(host.disk, certificate, keyPem, host.clock.now())
        logLine(host, 'I', 'certificate_manager.go:356', '"Certificate rotation is enabled"')
        return
      } catch (error) {
        if (signal.aborted) throw error
        responsive = error instanceof AnswerError && [401, 403, 404].includes(error.status)
        const text = error instanceof Error ? error.message : String(error)
        logLine(
          host,
          'E',
          'certificate_manager.go:596',
          `"Failed while requesting a signed certificate from the control plane" err=${JSON.stringify(`cannot create certificate signing request: ${text}`)}`,
        )
        if (!responsive && elapsed() > GIVE_UP_MS)
          logLine(
            host,
            'E',
            'transport.go:123',
            '"No valid client certificate is found but the server is not responsive. A restart may be necessary to retrieve new initial credentials."',
          )
        if (responsive && elapsed() > GIVE_UP_MS)
          throw new KubeletExit(
            '"No valid client certificate is found and the server is responsive, exiting."',
          )
      }
    }
  } finally {
    client.close()
  }
}

async function sleepUntil(
  host: KubeletHost,
  due: number,
  elapsed: () => number,
  signal: AbortSignal,
  check: () => void,
): Promise<void> {
  while (elapsed() < due) {
    await host.clock.sleep(Math.min(1000 * Math.max(1, host.clock.speed / 20), due - elapsed()), signal)
    check()
  }
}

async function requestCertificate(
  host: KubeletHost,
  client: ApiClient,
  requestPem: string,
  signal: AbortSignal,
): Promise<string> {
  const made = await client.call(
    'POST',
    REQUESTS,
    {
      kind: 'CertificateSigningRequest',
      apiVersion: 'certificates.k8s.io/v1',
      metadata: { generateName: 'csr-' },
      spec: {
        request: Buffer.from(requestPem).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
        usages: ['digital signature', 'client auth'],
      },
    },
    { signal },
  )
  const name = asText(at(made, ['metadata', 'name']))
  const selector = encodeURIComponent(`metadata.name=${name}`)
  const end = new AbortController()
  const stop = (): void => end.abort()
  signal.addEventListener('abort', stop, { once: true })
  const cancel = host.clock.setTimeout(stop, WAIT_MS)
  let outcome: { certificate: string } | { refusal: string } | undefined
  const look = (object: Json | undefined): void => {
    const certificate = asText(at(object, ['status', 'certificate']))
    if (certificate !== '') outcome = { certificate: Buffer.from(certificate, 'base64').toString() }
    const conditions = at(object, ['status', 'conditions'])
    const refused = Array.isArray(conditions)
      ? conditions.filter(isObject).find((each) => each['type'] === 'Denied' || each['type'] === 'Failed')
      : undefined
    if (refused !== undefined)
      outcome = {
        refusal: `certificate signing request is not approved, reason: ${asText(refused['reason'])}`,
      }
    if (outcome !== undefined) stop()
  }
  try {
    const list = await client.call('GET', `${REQUESTS}?fieldSelector=${selector}`, undefined, { signal })
    const items = at(list, ['items'])
    look(Array.isArray(items) ? items[0] : undefined)
    const version = asText(at(list, ['metadata', 'resourceVersion']))
    while (outcome === undefined && !end.signal.aborted)
      await client
        .watch(
          `${REQUESTS}?watch=true&fieldSelector=${selector}&resourceVersion=${version}`,
          (event) => look(at(event, ['object'])),
          end.signal,
        )
        .catch((error: unknown) => {
          if (outcome === undefined && !(error instanceof Error && error.name === 'AbortError')) throw error
        })
  } finally {
    cancel()
    signal.removeEventListener('abort', stop)
  }
  if (outcome === undefined) throw new Error('timed out waiting for the certificate')
  if ('refusal' in outcome) throw new Error(outcome.refusal)
  return outcome.certificate
}

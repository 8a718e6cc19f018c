import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createCa, issueCertificate } from '../../../packages/lab/src/pki.ts'

/** What the recorded webhook answered, by the path it was called at: `response` of the review, or a whole body. */
const RESPONSES: { [path: string]: { [field: string]: unknown } } = {
  '/allow': { allowed: true },
  '/deny': { allowed: false },
  '/deny-msg': { allowed: false, status: { message: 'not today' } },
  '/deny-custom': {
    allowed: false,
    status: {
      code: 422,
      reason: 'Invalid',
      message: 'custom text',
      details: { name: 'n', causes: [{ reason: 'FieldValueInvalid', message: 'bad', field: 'spec.x' }] },
    },
  },
  '/deny-409': { allowed: false, status: { code: 409, reason: 'Conflict', message: 'clash' } },
  '/deny-reason': { allowed: false, status: { reason: 'only a reason' } },
  '/deny-200': { allowed: false, status: { code: 200, message: 'odd code' } },
  '/deny-warn': { allowed: false, status: { message: 'no' }, warnings: ['w'] },
  '/warn': { allowed: true, warnings: ['first warning', 'second "quoted" warning', 'x'.repeat(300)] },
  '/patch': patching([{ op: 'add', path: '/metadata/labels', value: { patched: 'yes' } }]),
  '/badpatch': patching([{ op: 'remove', path: '/nosuch' }]),
  '/patchnotype': { ...patching([{ op: 'add', path: '/data/z', value: '1' }]), patchType: undefined },
  '/invalidpatch': patching([{ op: 'add', path: '/data/bad key', value: '1' }]),
  '/wronguid': { uid: 'x', allowed: true },
  '/nouid': { uid: undefined, allowed: true },
}

function patching(patch: object[]): { [field: string]: unknown } {
  return {
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  }
}

/** The webhook server that the recordings were made with. */
export interface WebhookServer {
  /** host:port. */
  address: string
  /** CA of its certificate, base64 of PEM, and another CA. */
  caBundle: string
  otherCa: string
  /** The body it was last sent. */
  readonly last: string
  close(): Promise<void>
}

/** Starts the webhook server of the recordings. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const ca = await createCa({ commonName: 'webhook' })
  const other = await createCa({ commonName: 'another' })
  const tls = await issueCertificate(ca, { commonName: 'server', ips: ['127.0.0.1'], usages: ['server'] })
  let last = ''
  const server = createServer({ key: tls.keyPem, cert: tls.certPem }, (request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      last = body
      const [path = ''] = (request.url ?? '').split('?')
      const { uid } = (JSON.parse(body) as { request: { uid: string } }).request
      const send = (status: number, value: unknown): void => {
        response.writeHead(status, { 'Content-Type': 'application/json' })
        response.end(JSON.stringify(value))
      }
      const kind = 'AdmissionReview'
      const apiVersion = 'admission.k8s.io/v1'
      if (path === '/500' || path === '/404') send(Number(path.slice(1)), {})
      else if (path === '/garbage') send(200, 'garbage')
      else if (path === '/empty') send(200, {})
      else if (path === '/noresponse') send(200, { apiVersion, kind })
      else if (path === '/oldversion')
        send(200, { apiVersion: 'admission.k8s.io/v1beta1', kind, response: { uid, allowed: true } })
      else if (path !== '/sleep') send(200, { apiVersion, kind, response: { uid, ...RESPONSES[path] } })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const base64 = (pem: string): string => Buffer.from(pem).toString('base64')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: base64(ca.certPem),
    otherCa: base64(other.certPem),
    get last() {
      return last
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

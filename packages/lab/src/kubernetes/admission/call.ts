import { request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { JsonObject } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { asText, at, isObject } from '../rest/json.ts'

/** Where a webhook is called: its address for people, and where to connect. */
interface Target {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly servername: string
}

/** What came of a call: the decoded answer, or why there is none. */
export type CallResult = { readonly body: unknown } | { readonly failure: string }

/** Calls a webhook outside with an AdmissionReview. Never rejects. */
export function callWebhook(core: Core, webhook: JsonObject, review: JsonObject): Promise<CallResult> {
  const seconds = typeof webhook['timeoutSeconds'] === 'number' ? webhook['timeoutSeconds'] : 10
  const config = isObject(webhook['clientConfig']) ? webhook['clientConfig'] : {}
  const target = targetOf(core, config, seconds)
  const failed = (why: string): CallResult => ({ failure: `failed to call webhook: ${why}` })
  if ('failure' in target) return Promise.resolve(failed(target.failure))
  const { url, host, port, servername } = target
  const { pathname, search } = new URL(url)
  const caBundle = asText(config['caBundle'])
  const body = `${JSON.stringify(review)}\n`
  return new Promise((resolve) => {
    const outgoing = httpsRequest({
      host,
      port,
      path: `${pathname}${search}`,
      method: 'POST',
      // A name that is an address is checked against the certificate's addresses, and is not announced.
      ...(/^[\d.:]+$/.test(servername) ? {} : { servername }),
      ...(caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64') }),
      agent: false,
      headers: {
        'User-Agent': 'kube-apiserver-admission',
        'Content-Length': Buffer.byteLength(body),
        Accept: 'application/json, */*',
        'Content-Type': 'application/json',
      },
    })
    const timer = setTimeout(() => {
      resolve(failed(`Post ${JSON.stringify(url)}: context deadline exceeded`))
      outgoing.destroy()
    }, seconds * 1000)
    outgoing.on('response', (response) => {
      void textOf(response).then((text) => {
        clearTimeout(timer)
        resolve(read(response.statusCode ?? 0, text, failed))
      })
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      resolve(failed(`Post ${JSON.stringify(url)}: ${why(error, host, port)}`))
    })
    outgoing.end(body)
  })
}

function targetOf(core: Core, config: JsonObject, seconds: number): Target | { failure: string } {
  const service = config['service']
  if (!isObject(service)) {
    const url = new URL(asText(config['url']))
    url.searchParams.set('timeout', `${seconds}s`)
    const host = url.hostname.replaceAll(/[[\]]/g, '')
    return { url: url.href, host, port: Number(url.port || 443), servername: host }
  }
  const namespace = asText(service['namespace'])
  const name = asText(service['name'])
  const port = typeof service['port'] === 'number' ? service['port'] : 443
  const path = asText(service['path'])
  const servername = `${name}.${namespace}.svc`
  const url = `https://${servername}:${port}${path.startsWith('/') ? path : `/${path}`}?timeout=${seconds}s`
  const fail = (text: string): { failure: string } => ({ failure: `Post ${JSON.stringify(url)}: ${text}` })
  const found = core.storage.get({ bucket: '/services', namespace, name })
  if (found === undefined) return fail(`service ${JSON.stringify(name)} not found`)
  const endpoints = core.storage.get({ bucket: '/endpoints', namespace, name })
  const subsets = endpoints?.['subsets']
  const subset = Array.isArray(subsets) ? subsets.find(isObject) : undefined
  const ip = asText(at(subset, ['addresses', '0', 'ip']) ?? firstOf(subset, 'addresses')?.['ip'])
  const to = firstOf(subset, 'ports')?.['port']
  if (ip === '' || typeof to !== 'number')
    return fail(`no endpoints available for service ${JSON.stringify(name)}`)
  return { url, host: ip, port: to, servername }
}

function firstOf(object: JsonObject | undefined, field: string): JsonObject | undefined {
  const value = object?.[field]
  return Array.isArray(value) ? value.find(isObject) : undefined
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  try {
    for await (const chunk of response) text += String(chunk)
  } catch {
    // What was cut off is read as it came.
  }
  return text
}

function read(status: number, text: string, failed: (why: string) => CallResult): CallResult {
  if (status === 404) return failed('the server could not find the requested resource')
  if (status >= 300)
    return failed(
      status >= 500
        ? 'an error on the server ("unknown") has prevented the request from succeeding'
        : 'the server rejected our request for an unknown reason',
    )
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return failed("couldn't get version/kind; json parse error: invalid character in the answer")
  }
  if (!isObject(body))
    return failed(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${typeof body} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    )
  const version = asText(body['apiVersion'])
  if (body['kind'] !== undefined && version !== 'admission.k8s.io/v1')
    return failed(
      `converting (${version.split('/').pop() ?? ''}.AdmissionReview) to (v1.AdmissionReview): unknown conversion`,
    )
  return { body }
}

/** Why a connection failed, in the words of Go's libraries. */
function why(error: NodeJS.ErrnoException, host: string, port: number): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${host}:${port}: connect: connection refused`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: no such host`
    case 'ECONNRESET':
      return 'EOF'
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
    default:
      return error.code?.startsWith('ERR_TLS_CERT') === true
        ? `tls: failed to verify certificate: x509: certificate is not valid for ${host}`
        : error.message
  }
}

import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Json } from '../../kubernetes/resources.ts'
import { asText, at } from '../../kubernetes/rest/json.ts'

/** Credentials of one connection to an API server. */
export interface ClientOptions {
  server: string
  /** Empty for the system's authorities. */
  caPem: string
  /** Do not verify the server. */
  insecure?: boolean
  token?: string
  certificate?: { certPem: string; keyPem: string }
}

/** An answer that is an error. */
export class AnswerError extends Error {
  override name = 'AnswerError'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** A kubelet's connection to its API server: real TLS, verified with the CA it was given. */
export class ApiClient {
  readonly #options: ClientOptions
  readonly #agent: Agent
  readonly #url: URL

  /** Throws an Error for a server that is no URL. */
  constructor(options: ClientOptions) {
    this.#options = options
    this.#url = new URL(options.server)
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 4,
      ...(options.caPem === '' ? {} : { ca: options.caPem }),
      ...(options.insecure === true ? { rejectUnauthorized: false } : {}),
      ...(options.certificate === undefined
        ? {}
        : { cert: options.certificate.certPem, key: options.certificate.keyPem }),
    })
  }

  /** Sends one request. Throws AnswerError for an answer of 400 and up, and an Error in the words of Go for a connection that fails. */
  async call(
    method: string,
    path: string,
    body?: Json,
    options: { contentType?: string; signal?: AbortSignal } = {},
  ): Promise<Json> {
    const response = await this.#send(method, path, body, options)
    let text = ''
    response.setEncoding('utf8')
    for await (const chunk of response) text += String(chunk)
    const status = response.statusCode ?? 0
    let answer: Json = null
    try {
      answer = text === '' ? null : (JSON.parse(text) as Json)
    } catch {
      answer = text
    }
    if (status >= 400) throw new AnswerError(status, asText(at(answer, ['message'])) || text)
    return answer
  }

  /** Follows a watch; returns when the server ends it or `signal` is aborted. */
  async watch(path: string, onEvent: (event: Json) => void, signal: AbortSignal): Promise<void> {
    const response = await this.#send('GET', path, undefined, { signal })
    if ((response.statusCode ?? 0) >= 400) {
      response.resume()
      throw new AnswerError(response.statusCode ?? 0, `watch ${path}`)
    }
    let rest = ''
    response.setEncoding('utf8')
    for await (const chunk of response) {
      const lines = `${rest}${String(chunk)}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') onEvent(JSON.parse(line) as Json)
    }
  }

  /** Breaks every connection. */
  close(): void {
    this.#agent.destroy()
  }

  #send(
    method: string,
    path: string,
    body: Json | undefined,
    options: { contentType?: string; signal?: AbortSignal },
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const data = body === undefined ? undefined : JSON.stringify(body)
    const outgoing = request(
      {
        agent: this.#agent,
        host: this.#url.hostname.replace(/^\[|\]$/g, ''),
        port: this.#url.port || 443,
        method,
        path,
        headers: {
          Accept: 'application/json',
          'User-Agent': 'kubelet',
          ...(data === undefined
            ? {}
            : {
                'Content-Type': options.contentType ?? 'application/json',
                'Content-Length': Buffer.byteLength(data),
              }),
          ...(this.#options.token === undefined || this.#options.token === ''
            ? {}
            : { Authorization: `Bearer ${this.#options.token}` }),
        },
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      },
      resolve,
    )
    outgoing.on('error', (error) => reject(this.#inGoWords(method, path, error)))
    outgoing.end(data)
    return promise
  }

  #inGoWords(method: string, path: string, error: Error): Error {
    if (error.name === 'AbortError') return error
    const { code = '', address, port } = error as Error & { code?: string; address?: string; port?: number }
    const verb = `${method[0] ?? ''}${method.slice(1).toLowerCase()}`
    const where = `${verb} ${JSON.stringify(`${this.#url.origin}${path.split('?')[0]}`)}:`
    const target = `${address ?? this.#url.hostname}:${port ?? (this.#url.port || 443)}`
    return new Error(`${where} ${goText(code, target, this.#url.hostname, error)}`, { cause: error })
  }
}

function goText(code: string, target: string, host: string, error: Error): string {
  const tls = 'tls: failed to verify certificate: x509:'
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return `${tls} certificate signed by unknown authority`
    case 'ERR_TLS_CERT_ALTNAME_INVALID': {
      const { cert } = error as Error & { cert?: { subjectaltname?: string } }
      const names = (cert?.subjectaltname ?? '')
        .split(', ')
        .map((name) => name.replace(/^(DNS|IP Address):/, ''))
        .join(', ')
      return `${tls} certificate is valid for ${names}, not ${host}`
    }
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return `${tls} certificate has expired or is not yet valid: current time ${new Date().toISOString().replace(/\.\d+Z$/, 'Z')}`
    case 'ECONNREFUSED':
      return `dial tcp ${target}: connect: connection refused`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `dial tcp ${target}: connect: no route to host`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${host}: no such host`
    case 'ECONNRESET':
      return 'EOF'
    case 'ETIMEDOUT':
      return `dial tcp ${target}: i/o timeout`
    default:
      return error.message
  }
}

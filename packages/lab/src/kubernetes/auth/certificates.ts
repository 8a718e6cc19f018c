import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { X509Certificate } from 'node:crypto'
import type { UserInfo } from '../resources.ts'

/** What a client's certificate says. */
export interface Shown {
  /** Whom it is of; undefined when no authority that is trusted here signed it. */
  user?: UserInfo
  /** Whether it is that of the front proxy, which names its users in headers. */
  isFrontProxy: boolean
}

/** What clients' certificates say, once for each connection. */
export class CertificateReader {
  readonly #known = new WeakMap<TLSSocket, Shown>()
  readonly #frontProxy: X509Certificate | undefined

  /** @param frontProxyCaPem authority of the front proxy's certificates. */
  constructor(frontProxyCaPem?: string) {
    this.#frontProxy = frontProxyCaPem === undefined ? undefined : new X509Certificate(frontProxyCaPem)
  }

  /** What the certificate of a request's connection says; undefined when the client showed none. */
  read({ socket }: IncomingMessage): Shown | undefined {
    if (!(socket instanceof TLSSocket)) return undefined
    const known = this.#known.get(socket)
    if (known !== undefined) return known
    const certificate = socket.getPeerX509Certificate()
    if (certificate === undefined) return undefined
    const shown = this.#shown(certificate, socket.authorized)
    this.#known.set(socket, shown)
    return shown
  }

  #shown(certificate: X509Certificate, authorized: boolean): Shown {
    if (!authorized) return { isFrontProxy: false }
    const proxy = this.#frontProxy
    if (proxy !== undefined && certificate.checkIssued(proxy) && certificate.verify(proxy.publicKey))
      return { isFrontProxy: true }
    const user = userOf(certificate)
    return user === undefined ? { isFrontProxy: false } : { isFrontProxy: false, user }
  }
}

function userOf(certificate: X509Certificate): UserInfo | undefined {
  const names = certificate.subject.split('\n').flatMap((line) => line.split(/(?<!\\)\+/))
  const values = (key: string): string[] =>
    names
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1).replaceAll(/\\(.)/g, '$1'))
  const username = values('CN')[0]
  if (username === undefined) return undefined
  return {
    username,
    groups: values('O'),
    extra: {
      'authentication.kubernetes.io/credential-id': [
        `X509SHA256=${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`,
      ],
    },
  }
}

/** The user that a front proxy names in the headers of a request. */
export function remoteUser(request: IncomingMessage): UserInfo | undefined {
  const values = (name: string): string[] => request.headersDistinct[name] ?? []
  const username = values('x-remote-user')[0] ?? ''
  if (username === '') return undefined
  const extra: { [key: string]: string[] } = {}
  for (const name of Object.keys(request.headersDistinct))
    if (name.startsWith('x-remote-extra-')) extra[name.slice('x-remote-extra-'.length)] = values(name)
  const uid = values('x-remote-uid')[0]
  return {
    username,
    groups: values('x-remote-group'),
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

import type { Pool as UndiciPool } from 'undici'
import { createConnector, type TlsConfig } from './tls.ts'
import { Pool } from './undici.ts'

/** One address of the cluster's API, with its kept-alive connections. */
export interface Endpoint {
  readonly pool: UndiciPool
  /** Path before `/api2`: empty on Proxmox itself, `/proxmox/name` behind a gateway. */
  readonly prefix: string
}

/** Proxmox closes idle connections after 5 s; a request on a connection that is being closed is lost. */
const KEEP_ALIVE_MS = 4000

/** Makes the endpoints. Nothing is connected. Throws a TypeError for an address that cannot be used, above all one without TLS. */
export function createEndpoints(
  addresses: readonly string[],
  tls: TlsConfig | undefined,
  connections: number,
  connectTimeoutMs: number,
): readonly [Endpoint, ...Endpoint[]] {
  const connect = createConnector(tls, connectTimeoutMs)
  const options = {
    connect,
    connections,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
  }
  const endpoints = addresses.map((address) => {
    const { origin, prefix } = readAddress(address)
    return { pool: new Pool(origin, options), prefix }
  })
  const [first, ...rest] = endpoints
  if (!first) throw new TypeError('endpoints: at least one is needed')
  return [first, ...rest]
}

function readAddress(address: string): { origin: string; prefix: string } {
  if (!URL.canParse(address)) throw new TypeError(`endpoints: "${address}" is not a URL`)
  const url = new URL(address)
  if (url.username || url.password || url.search || url.hash)
    throw new TypeError(`endpoints: the address of ${url.host} holds more than host, port and path`)
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  // A secret in the clear may only stay on this machine.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal))
    throw new TypeError(`endpoints: "${address}" is not https`)
  return { origin: url.origin, prefix: url.pathname.replace(/\/+$/, '').replace(/\/api2(\/json)?$/, '') }
}

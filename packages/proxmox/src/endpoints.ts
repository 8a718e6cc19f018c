import { Pool } from './http/pool.ts'
import { createConnector, type TlsConfig } from './tls.ts'

/** One address of the cluster's API, with its kept-alive connections. */
export interface Endpoint {
  readonly pool: Pool
  /** Host and port, as requests name them. */
  readonly host: string
  /** Path before `/api2`: empty on Proxmox itself, `/proxmox/name` behind a gateway. */
  readonly prefix: string
}

/** Makes the endpoints. Nothing is connected. Throws a TypeError for an address that cannot be used, above all one without TLS. */
export function createEndpoints(
  addresses: readonly string[],
  tls: TlsConfig | undefined,
  connections: number,
  connectTimeoutMs: number,
): readonly [Endpoint, ...Endpoint[]] {
  const connectorFor = createConnector(tls, connectTimeoutMs)
  const endpoints = addresses.map((address) => {
    const { origin, prefix } = readAddress(address)
    return { pool: new Pool(connectorFor(origin), connections), host: origin.host, prefix }
  })
  const [first, ...rest] = endpoints
  if (!first) throw new TypeError('endpoints: at least one is needed')
  return [first, ...rest]
}

function readAddress(address: string): { origin: URL; prefix: string } {
  if (!URL.canParse(address)) throw new TypeError(`endpoints: "${address}" is not a URL`)
  const url = new URL(address)
  if (url.username || url.password || url.search || url.hash)
    throw new TypeError(`endpoints: the address of ${url.host} holds more than host, port and path`)
  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  // A secret in the clear may only stay on this machine.
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocal))
    throw new TypeError(`endpoints: "${address}" is not https`)
  return { origin: url, prefix: url.pathname.replace(/\/+$/, '').replace(/\/api2(\/json)?$/, '') }
}

import { createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { fingerprint } from '../pki.ts'
import type { KeyPair } from '../pki.ts'
import { runServices } from './cluster/services.ts'
import { answerExchange, type Backend } from './dispatch.ts'
import type { Handlers } from './handler.ts'
import { proxmoxHandlers } from './handlers.ts'
import { Connection, type Exchange } from './http/connection.ts'
import { splitPem } from './nodes/certificates.ts'
import type { ProxmoxWorld } from './world.ts'

/** Where and as what an emulated Proxmox VE API listens. */
export interface ProxmoxServerOptions {
  /** Certificate, with those that vouch for it behind, and its key; PEM. */
  readonly certPem: string
  readonly keyPem: string
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string
  /** Default 0: any free port. */
  readonly port?: number
  /** Host of the world that clients contact, while it is online. Default its first. */
  readonly node?: string
  /** What answers the calls. Default all that the lab emulates. */
  readonly handlers?: Handlers
  /** Stands between requests and what answers them. Default: nothing. */
  readonly intercept?: NonNullable<Backend['intercept']>
}

/** A listening API. */
export interface ProxmoxServer {
  readonly host: string
  readonly port: number
  /** `https://host:port` */
  readonly url: string
  /** The certificate that it shows, with those that vouch for it behind. */
  readonly certificate: KeyPair
  /** Shows another certificate to those who connect from now on. */
  present(certificate: KeyPair): void
  /** Cuts all connections and stops to listen until `resume`. */
  suspend(): Promise<void>
  /** Listens again, at the same address. */
  resume(): Promise<void>
  /** Cuts all connections and stops to listen. */
  close(): Promise<void>
}

/** First byte of a TLS handshake. */
const HANDSHAKE = 22
/** Milliseconds of the wall clock that a client may say nothing at first, as it may later between its requests. */
const SILENCE = 5000
/** Milliseconds that it may take to agree on TLS. */
const AGREEMENT = 30_000

/**
 * Listens as a host's `pveproxy` does: HTTPS, HTTP/1.x only, and on the same port a redirect for plain HTTP.
 * @throws RangeError when the world has no host; what `listen` throws when the address is taken.
 */
export async function createProxmoxServer(
  world: ProxmoxWorld,
  options: ProxmoxServerOptions,
): Promise<ProxmoxServer> {
  const home = options.node ?? [...world.hosts.keys()][0]
  if (home === undefined) throw new RangeError('a world without hosts has no API')
  const backend: Backend = {
    world,
    // The one address stands for the cluster's: while its host is away another one answers there.
    get contact() {
      if (world.hosts.get(home)?.online) return home
      return [...world.hosts.values()].find(({ online }) => online)?.name ?? home
    },
    handlers: options.handlers ?? proxmoxHandlers,
    ...(options.intercept && { intercept: options.intercept }),
  }
  const certificates = splitPem(options.certPem)
  world.cluster.certificates.set(home, certificates)
  if (!world.cluster.fingerprints.has(home))
    world.cluster.fingerprints.set(home, fingerprint(certificates[0] ?? options.certPem))
  const sockets = new Set<Socket>()
  const serve = (socket: Socket, answer: (exchange: Exchange) => Promise<void>): void => {
    void new Connection(socket, { clock: world.clock, answer }).serve().catch((error: unknown) => {
      socket.destroy(error instanceof Error ? error : undefined)
    })
  }
  const tls = createTlsServer(
    { cert: options.certPem, key: options.keyPem, handshakeTimeout: AGREEMENT },
    (socket) => serve(socket, (exchange) => answerExchange(backend, exchange)),
  )
  // A client that gives up in the middle of the handshake is no concern of anybody.
  tls.on('tlsClientError', (_error, socket) => socket.destroy())
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.setNoDelay(true)
    socket.setTimeout(SILENCE, () => socket.destroy())
    socket.once('data', (first) => {
      socket.setTimeout(0)
      socket.pause()
      socket.unshift(first)
      if (first[0] === HANDSHAKE) tls.emit('connection', socket)
      else serve(socket, redirect)
    })
  })
  const { host = '127.0.0.1' } = options
  const port = await listen(server, options.port ?? 0, host)
  const stopServices = runServices(world)
  let certificate: KeyPair = { certPem: options.certPem, keyPem: options.keyPem }
  const suspend = async (): Promise<void> => {
    // A server that does not listen has nothing to close.
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    host,
    port,
    get certificate() {
      return certificate
    },
    present(next) {
      certificate = next
      tls.setSecureContext({ cert: next.certPem, key: next.keyPem })
      for (const socket of sockets) socket.destroy()
    },
    suspend,
    async resume() {
      await listen(server, port, host)
    },
    url: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async close() {
      stopServices()
      await suspend()
    },
  }
}

/** Answers plain HTTP: the same address, with TLS. Without a host header there is no address to name. */
function redirect(exchange: Exchange): Promise<void> {
  const { method, target, headers } = exchange.head
  const { host } = headers
  const isRead = method === 'GET' || method === 'HEAD'
  const reason = isRead ? 'Moved Permanently' : 'Permanent Redirect'
  if (host === undefined) exchange.silence()
  else
    exchange.answer({
      status: isRead ? 301 : 308,
      reason,
      headers: [['Location', `https://${host}${target}`]],
      body: reason,
      thenClose: true,
    })
  return Promise.resolve()
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

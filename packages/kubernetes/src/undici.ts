// Named here for those who compile this file as a part of theirs.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./undici-parts.d.ts" />
import type { buildConnector, Dispatcher, ProxyAgent } from 'undici'
import requestBy from 'undici/lib/api/api-request.js'
import connectorFor from 'undici/lib/core/connect.js'
import Agent from 'undici/lib/dispatcher/agent.js'

// Files of undici instead of its entry, which loads fetch, WebSockets, caches and mocks as well: as much time again as all the rest of a
// short command takes, and nothing of it is used here. The version is pinned.

export {
  /** Kept-alive connections. Its methods are `dispatch`, `close` and `destroy`: the rest is added by undici's entry. */
  Agent,
}

/** Connects as undici does. A connection whose TLS breaks is closed: Node says so by an error alone, and undici waits for the close. */
export function createConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  const connect = connectorFor(options)
  return (to, done) =>
    connect(to, (...result) => {
      const [, socket] = result
      socket?.on('error', () => socket.destroy())
      done(...result)
    })
}

/** Sends one request; resolves when the headers of its answer are there. Rejects with undici's errors. */
export function request(
  dispatcher: Dispatcher,
  options: Dispatcher.RequestOptions,
): Promise<Dispatcher.ResponseData> {
  return requestBy.call(dispatcher, options)
}

/** Loads what connects through a proxy, and with it SOCKS: few do. */
export async function loadProxyAgent(): Promise<typeof ProxyAgent> {
  return (await import('undici/lib/dispatcher/proxy-agent.js')).default
}

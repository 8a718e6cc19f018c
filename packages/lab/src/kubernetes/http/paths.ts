import { PathNotFound } from '../errors.ts'
import { handleDiscovery } from '../discovery/handle.ts'
import { handleOpenApi } from '../openapi/handle.ts'
import type { JsonObject } from '../resources.ts'
import type { Server } from '../server-parts.ts'
import type { Exchange } from './exchange.ts'

/** Answers every path that is not one of resources: health, version, discovery, OpenAPI, keys. */
export function servePath(server: Server, exchange: Exchange): void {
  const { path } = exchange
  if (/^\/(healthz|livez|readyz)$/.test(path)) {
    const name = path.slice(1)
    const body = exchange.query.has('verbose') ? `[+]ping ok\n[+]etcd ok\n${name} check passed\n` : 'ok'
    exchange.send(200, 'text/plain; charset=utf-8', body)
    return
  }
  if (path === '/openid/v1/jwks') {
    exchange.send(200, 'application/jwk-set+json', JSON.stringify(server.signer.jwks()))
    return
  }
  if (path === '/.well-known/openid-configuration') {
    exchange.send(200, 'application/json', JSON.stringify(configuration(server, exchange)))
    return
  }
  if (handleDiscovery(exchange, server.core.registry)) return
  if (handleOpenApi(exchange, server.core.registry)) return
  throw new PathNotFound()
}

function configuration(server: Server, exchange: Exchange): JsonObject {
  return {
    issuer: server.signer.issuer,
    jwks_uri: `https://${exchange.serverAddress}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }
}

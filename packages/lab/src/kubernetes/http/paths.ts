import { noSuchResource, PathNotFound, StatusError } from '../errors.ts'
import { handleDiscovery } from '../discovery/handle.ts'
import { healthText } from '../discovery/health.ts'
import { rootPaths } from '../discovery/root.ts'
import { handleOpenApi } from '../openapi/handle.ts'
import type { JsonObject } from '../resources.ts'
import { isObject } from '../rest/json.ts'
import type { Server } from '../server-parts.ts'
import { wantedTypes } from '../discovery/answer.ts'
import type { Exchange } from './exchange.ts'

/** Answers every path that is not one of resources: health, version, discovery, OpenAPI, keys. */
export function servePath(server: Server, exchange: Exchange): void {
  const { path } = exchange
  const health = healthText(path, exchange.query)
  if (health !== undefined) {
    exchange.send(200, 'text/plain; charset=utf-8', health)
    return
  }
  if (path === '/') {
    exchange.send(200, 'application/json', JSON.stringify(rootPaths(server.core.registry), null, 2))
    return
  }
  refuseUnserved(exchange)
  if (path === '/openid/v1/jwks') {
    if (!accepts(exchange, JWKS))
      throw new StatusError(
        406,
        'NotAcceptable',
        `406: Not Acceptable\n\nAvailable representations: ${JWKS}`,
        {},
      )
    exchange.send(200, JWKS, JSON.stringify(server.signer.jwks()))
    return
  }
  if (path === '/.well-known/openid-configuration') {
    exchange.send(200, 'application/json', JSON.stringify(configuration(server, exchange)))
    return
  }
  if (handleDiscovery(exchange, server.core.registry)) return
  if (handleOpenApi(exchange, server.core.registry)) return
  const [, , asked = '', version = ''] = path.split('/')
  if (
    path.startsWith('/apis/') &&
    server.core.registry.remotes.some((each) => each.group === asked && each.version === version)
  ) {
    exchange.send(503, 'text/plain; charset=utf-8', 'service unavailable\n', {
      'X-Content-Type-Options': 'nosniff',
    })
    return
  }
  if (path.startsWith('/version/')) throw noSuchResource()
  // A version that a known group has not is missed by what serves the group, in JSON.
  const [, root = '', group = ''] = path.split('/')
  const known = root === 'apis' && group !== '' && server.core.registry.groups().includes(group)
  if (/^\/(api\/[^/]+|apis\/[^/]+\/[^/]+)\/?$/.test(path) && (root === 'api' || known)) {
    const custom = server.core.registry.all().some((each) => each.crd === true && each.group === group)
    if (!custom) throw noSuchResource()
  }
  throw new PathNotFound()
}

const JWKS = 'application/jwk-set+json'

/** Whether the Accept header takes a media type. */
function accepts(exchange: Exchange, media: string): boolean {
  const [kind = ''] = media.split('/')
  return wantedTypes(exchange.accept).some(({ type }) => [media, `${kind}/*`, '*/*'].includes(type))
}

/** Refuses the pages about the server itself: what they would show does not exist in the lab. */
function refuseUnserved(exchange: Exchange): void {
  const { path } = exchange
  if (/^\/(flagz|statusz)$/.test(path) && !accepts(exchange, 'text/plain'))
    throw new StatusError(
      406,
      'NotAcceptable',
      'only the following media types are accepted: application/json, application/yaml, text/plain',
    )
  if (/^\/(flagz|statusz|metrics|metrics\/slis|debug\/.*)$/.test(path))
    throw new StatusError(501, undefined, `${path} is not emulated`)
}

function configuration(server: Server, exchange: Exchange): JsonObject {
  const { keys } = server.signer.jwks()
  const algorithms = (Array.isArray(keys) ? keys : []).flatMap((key) =>
    isObject(key) ? [key['alg'] ?? ''] : [],
  )
  return {
    issuer: server.signer.issuer,
    jwks_uri: `https://${exchange.serverAddress}/openid/v1/jwks`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
  }
}

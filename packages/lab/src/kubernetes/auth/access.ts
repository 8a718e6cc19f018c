import { forbidden, StatusError } from '../errors.ts'
import type { Exchange } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { Core } from '../rest/core.ts'
import { parseFieldTerms } from '../store/selectors.ts'
import type { FieldTerm } from '../store/selectors.ts'
import { authorize } from './authorize.ts'
import type { Attributes } from './rbac.ts'

/** Paths anyone may read, credentials or not. */
const PUBLIC = new Set(['/version', '/version/', '/healthz', '/livez', '/readyz'])

/** Checks that the user may make a request. Throws Forbidden with the API server's text. */
export function checkAccess(core: Core, info: RequestInfo, exchange: Exchange): void {
  const attributes = attributesOf(info, exchange)
  if (
    attributes.path !== undefined &&
    (PUBLIC.has(attributes.path) || /^\/(livez|readyz)\//.test(attributes.path)) &&
    info.verb === 'get'
  )
    return
  const { allowed, reason } = authorize(core, attributes)
  if (!allowed) throw denial(attributes, reason)
}

/** What a request wants to do. */
export function attributesOf(info: RequestInfo, exchange: Exchange): Attributes {
  const { user } = exchange
  if (!info.isResource) return { user, verb: info.verb, group: '', resource: '', path: exchange.path }
  const fields = fieldsOf(info, exchange)
  const name = info.name ?? fields.find((term) => term.field === 'metadata.name' && !term.not)?.value
  return {
    user,
    verb: info.verb,
    group: info.group,
    version: info.version,
    resource: info.resource,
    ...(info.subresource === undefined ? {} : { subresource: info.subresource }),
    ...(name === undefined ? {} : { name }),
    ...(info.namespace === undefined ? {} : { namespace: info.namespace }),
    ...(fields.length === 0 ? {} : { fields }),
  }
}

function fieldsOf(info: RequestInfo, exchange: Exchange): FieldTerm[] {
  const selector = exchange.query.get('fieldSelector') ?? ''
  if (selector === '' || !['list', 'watch', 'deletecollection'].includes(info.verb)) return []
  try {
    return parseFieldTerms(selector)
  } catch {
    // A selector that does not parse asks for nothing; the list says what is wrong with it.
    return []
  }
}

/** 403 for what a user wanted, with an authorizer's reason if it gave one. */
export function denial(attributes: Attributes, reason = ''): StatusError {
  const why = reason === '' ? '' : `: ${reason}`
  const who = `User ${JSON.stringify(attributes.user.username)} cannot`
  if (attributes.path !== undefined)
    return new StatusError(
      403,
      'Forbidden',
      `forbidden: ${who} ${attributes.verb} path ${JSON.stringify(attributes.path)}${why}`,
      {},
    )
  const resource =
    attributes.subresource === undefined
      ? attributes.resource
      : `${attributes.resource}/${attributes.subresource}`
  const where =
    attributes.namespace === undefined || attributes.namespace === ''
      ? 'at the cluster scope'
      : `in the namespace ${JSON.stringify(attributes.namespace)}`
  return forbidden(
    { group: attributes.group, resource: attributes.resource },
    attributes.name,
    `${who} ${attributes.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(attributes.group)} ${where}${why}`,
  )
}

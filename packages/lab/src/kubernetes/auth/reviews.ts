import { badRequest, fieldError, invalid } from '../errors.ts'
import { readBody } from '../http/body.ts'
import { decodeObject } from '../http/decode.ts'
import { updateManagedFields } from '../fields/manage.ts'
import { writeContext } from '../http/write-context.ts'
import type { Exchange } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition, UserInfo } from '../resources.ts'
import { asText, isObject } from '../rest/json.ts'
import type { Server } from '../server-parts.ts'
import { authorize } from './authorize.ts'
import type { Attributes } from './rbac.ts'
import { rulesFor, texts } from './rbac.ts'
import { requestToken } from './token-request.ts'

/** Answers the review kinds and TokenRequest, which are asked and never kept. False when the request is none of them. */
export async function authReview(
  server: Server,
  definition: ResourceDefinition,
  info: RequestInfo,
  exchange: Exchange,
): Promise<boolean> {
  const { group, resource } = definition
  if (exchange.method !== 'POST') return false
  if (group === '' && resource === 'serviceaccounts' && info.subresource === 'token') {
    await requestToken(server, info, exchange)
    return true
  }
  if (
    (group !== 'authorization.k8s.io' && group !== 'authentication.k8s.io') ||
    info.subresource !== undefined
  )
    return false
  const data = await readBody(exchange.request)
  const contentType = exchange.request.headers['content-type'] ?? ''
  const { object } = decodeObject(server.core.registry, definition, data, contentType)
  const spec = isObject(object['spec']) ? object['spec'] : {}
  const { resource: name } = definition
  if (name.endsWith('accessreviews')) checkAccessReview(server, definition, info, exchange, object)
  const status = review(server, definition, exchange, spec)
  const asked: ApiObject = {
    kind: definition.kind,
    apiVersion: `${group}/${definition.version}`,
    metadata: info.namespace === undefined ? givenName(object) : { namespace: info.namespace },
  }
  if (name === 'selfsubjectreviews')
    asked.metadata = {
      creationTimestamp: new Date(server.core.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    }
  else if (name === 'selfsubjectrulesreviews') asked['spec'] = {}
  else {
    asked['spec'] = withoutEmpty(object['spec'])
    updateManagedFields(server.core, definition, undefined, asked, writeContext(exchange))
  }
  const answer: ApiObject = { ...asked, status }
  exchange.sendObject(201, answer)
  return true
}

/** A spec without its empty texts, which the typed object does not print. */
function withoutEmpty(spec: Json | undefined): JsonObject {
  if (!isObject(spec)) return {}
  const result: JsonObject = {}
  for (const [key, value] of Object.entries(spec))
    if (isObject(value)) result[key] = withoutEmpty(value)
    else if (value !== '' && value !== undefined) result[key] = value
  return result
}

function givenName(object: ApiObject): JsonObject {
  const { name, namespace } = object.metadata
  return { ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) }
}

function review(
  server: Server,
  definition: ResourceDefinition,
  exchange: Exchange,
  spec: JsonObject,
): JsonObject {
  switch (definition.resource) {
    case 'selfsubjectreviews':
      return { userInfo: userJson(exchange.user) }
    case 'tokenreviews': {
      const token = typeof spec['token'] === 'string' ? spec['token'] : ''
      if (token === '') throw badRequest('token is required for TokenReview in authentication')
      const audiences = texts(spec['audiences'])
      const found = server.authenticator.token(token, audiences)
      if ('error' in found) return { user: {}, error: found.error }
      return { authenticated: true, user: userJson(found.user), audiences: found.audiences }
    }
    case 'selfsubjectrulesreviews': {
      const namespace = spec['namespace']
      if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request')
      return rulesReview(server, exchange.user, namespace)
    }
    default:
      return accessReview(server, definition, exchange, spec)
  }
}

function userJson(user: UserInfo): JsonObject {
  return {
    username: user.username,
    ...(user.uid === undefined || user.uid === '' ? {} : { uid: user.uid }),
    ...(user.groups.length === 0 ? {} : { groups: user.groups }),
    ...(user.extra === undefined ? {} : { extra: user.extra }),
  }
}

/** Throws Invalid for a review that asks for nothing or for too much. */
function checkAccessReview(
  server: Server,
  definition: ResourceDefinition,
  info: RequestInfo,
  exchange: Exchange,
  object: ApiObject,
): void {
  const spec = isObject(object['spec']) ? object['spec'] : {}
  const resource = spec['resourceAttributes']
  const path = spec['nonResourceAttributes']
  const errors = []
  if (isObject(resource) && isObject(path))
    errors.push(
      fieldError.invalid(
        'spec.nonResourceAttributes',
        goFields(path),
        'cannot be specified in combination with resourceAttributes',
      ),
    )
  if (definition.resource === 'localsubjectaccessreviews') {
    if (isObject(path))
      errors.push(
        fieldError.invalid(
          'spec.nonResourceAttributes',
          goFields(path),
          'disallowed on this kind of request',
        ),
      )
    if (isObject(resource) && resource['namespace'] !== info.namespace)
      errors.push(
        fieldError.invalid(
          'spec.resourceAttributes.namespace',
          resource['namespace'] ?? '',
          'must match metadata.namespace',
        ),
      )
  }
  if (!isObject(resource) && !isObject(path))
    errors.push(
      fieldError.invalid(
        'spec.resourceAttributes',
        null,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    )
  const isSelf = definition.resource === 'selfsubjectaccessreviews'
  if (!isSelf && asText(spec['user']) === '' && texts(spec['groups']).length === 0)
    errors.push(fieldError.invalid('spec.user', '', 'at least one of user or group must be specified'))
  const { namespace, ...metadata } = object.metadata
  const isLocal = definition.resource === 'localsubjectaccessreviews'
  if (Object.keys(metadata).length > 0 || (!isLocal && namespace !== undefined))
    errors.push(
      fieldError.invalid(
        'metadata',
        metadataWithManager(server, definition, exchange, object),
        isLocal ? 'must be empty except for namespace' : 'must be empty',
      ),
    )
  if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors)
}

/** The metadata of a review as its error prints it: with who manages what, in the order of the fields in Go. */
function metadataWithManager(
  server: Server,
  definition: ResourceDefinition,
  exchange: Exchange,
  { metadata, spec }: ApiObject,
): JsonObject {
  const noted: ApiObject = {
    kind: definition.kind,
    apiVersion: `${definition.group}/${definition.version}`,
    metadata: {},
    spec: withoutEmpty(spec),
  }
  updateManagedFields(server.core, definition, undefined, noted, writeContext(exchange))
  const { managedFields: _, ...rest } = metadata
  return { ...rest, managedFields: noted.metadata.managedFields ?? [] }
}

function accessReview(
  server: Server,
  definition: ResourceDefinition,
  exchange: Exchange,
  spec: JsonObject,
): JsonObject {
  const self = definition.resource === 'selfsubjectaccessreviews'
  const resource = spec['resourceAttributes']
  const path = spec['nonResourceAttributes']
  const groups = texts(spec['groups'])
  const username = asText(spec['user'])
  const user: UserInfo = self ? exchange.user : { username, groups }
  const text = (source: JsonObject, key: string): string => {
    const value = source[key]
    return typeof value === 'string' ? value : ''
  }
  let attributes: Attributes
  if (isObject(resource)) {
    attributes = {
      user,
      verb: text(resource, 'verb'),
      group: text(resource, 'group'),
      resource: text(resource, 'resource'),
    }
    for (const key of ['version', 'subresource', 'name', 'namespace'] as const)
      if (text(resource, key) !== '') attributes[key] = text(resource, key)
  } else
    attributes = {
      user,
      verb: isObject(path) ? text(path, 'verb') : '',
      group: '',
      resource: '',
      path: isObject(path) ? text(path, 'path') : '',
    }
  const { allowed, reason } = authorize(server.core, attributes)
  return { allowed, ...(reason === '' ? {} : { reason }) }
}

/** The attributes with the names that they have in Go: errors print them so. */
function goFields(path: JsonObject): JsonObject {
  return { Path: path['path'] ?? '', Verb: path['verb'] ?? '' }
}

function rulesReview(server: Server, user: UserInfo, namespace: string): JsonObject {
  const resourceRules: Json[] = []
  const nonResourceRules: Json[] = []
  for (const { rule } of rulesFor(server.core, user, namespace)) {
    if (rule.nonResourceURLs.length > 0)
      nonResourceRules.push({ verbs: rule.verbs, nonResourceURLs: rule.nonResourceURLs })
    if (rule.resources.length > 0)
      resourceRules.push({
        verbs: rule.verbs,
        apiGroups: rule.apiGroups,
        resources: rule.resources,
        ...(rule.resourceNames.length === 0 ? {} : { resourceNames: rule.resourceNames }),
      })
  }
  return { resourceRules, nonResourceRules, incomplete: false }
}

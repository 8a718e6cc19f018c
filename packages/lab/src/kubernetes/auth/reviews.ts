import { badRequest, conflict, fieldError, forbidden, invalid, notFound } from '../errors.ts'
import { decodeObject, readBody } from '../http/body.ts'
import { updateManagedFields } from '../fields/manage.ts'
import { writeContext } from '../http/write-context.ts'
import type { Exchange } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition, UserInfo } from '../resources.ts'
import { asText, at, isObject } from '../rest/json.ts'
import type { Server } from '../server-parts.ts'
import type { Attributes } from './rbac.ts'
import { authorize, rulesFor, texts } from './rbac.ts'

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
    await tokenRequest(server, info, exchange)
    return true
  }
  if (
    (group !== 'authorization.k8s.io' && group !== 'authentication.k8s.io') ||
    info.subresource !== undefined
  )
    return false
  const data = await readBody(exchange.request)
  const { object } = decodeObject(
    definition,
    definition.kind,
    data,
    exchange.request.headers['content-type'] ?? '',
  )
  const spec = isObject(object['spec']) ? object['spec'] : {}
  const status = review(server, definition, info, exchange, spec)
  const { resource: name } = definition
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
  info: RequestInfo,
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
      if (found === undefined) return { user: {}, error: 'invalid bearer token' }
      return { authenticated: true, user: userJson(found.user), audiences: found.audiences }
    }
    case 'selfsubjectrulesreviews': {
      const namespace = spec['namespace']
      if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request')
      return rulesReview(server, exchange.user, namespace)
    }
    default:
      return accessReview(server, definition, info, exchange, spec)
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

function accessReview(
  server: Server,
  definition: ResourceDefinition,
  info: RequestInfo,
  exchange: Exchange,
  spec: JsonObject,
): JsonObject {
  const self = definition.resource === 'selfsubjectaccessreviews'
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
  const groups = texts(spec['groups'])
  const username = typeof spec['user'] === 'string' ? spec['user'] : ''
  if (!self && username === '' && groups.length === 0)
    errors.push(fieldError.invalid('spec.user', '', 'at least one of user or group must be specified'))
  if (errors.length > 0) throw invalid({ group: 'authorization.k8s.io', kind: '' }, '', errors)
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
  const masters = user.groups.includes('system:masters')
  if (masters) {
    resourceRules.push({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] })
    nonResourceRules.push({ verbs: ['*'], nonResourceURLs: ['*'] })
  }
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

async function tokenRequest(server: Server, info: RequestInfo, exchange: Exchange): Promise<void> {
  const data = await readBody(exchange.request)
  const definition: ResourceDefinition = {
    group: 'authentication.k8s.io',
    version: 'v1',
    resource: 'tokenrequests',
    singular: 'tokenrequest',
    kind: 'TokenRequest',
    listKind: 'TokenRequestList',
    namespaced: true,
    verbs: ['create'],
  }
  const { object } = decodeObject(
    definition,
    'TokenRequest',
    data,
    exchange.request.headers['content-type'] ?? '',
  )
  const namespace = info.namespace ?? ''
  const name = info.name ?? ''
  const account = server.core.storage.get({ bucket: '/serviceaccounts', namespace, name })
  if (account === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, name)
  if ((object.metadata.namespace ?? '') !== '' && object.metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const { uid } = object.metadata
  if (uid !== undefined && uid !== '' && uid !== account.metadata.uid)
    throw conflict(
      { group: definition.group, resource: definition.kind },
      name,
      `the UID in the token request (${uid}) does not match the UID of the service account (${account.metadata.uid})`,
    )
  const asked = at(object, ['spec', 'audiences'])
  if (asked !== undefined && asked !== null && !Array.isArray(asked))
    throw badRequest(
      `TokenRequest in version "v1" cannot be handled as a TokenRequest: json: cannot unmarshal ${typeof asked} into Go struct field TokenRequestSpec.spec.audiences of type []string`,
    )
  const audiences = texts(asked).length > 0 ? texts(asked) : [server.signer.issuer]
  const duration = at(object, ['spec', 'expirationSeconds'])
  const seconds = typeof duration === 'number' && duration !== 0 ? duration : 3600
  const refuse = (detail: string) =>
    invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
      fieldError.invalid('spec.expirationSeconds', seconds, detail),
    ])
  if (seconds < 600) throw refuse('may not specify a duration less than 10 minutes')
  if (seconds > 2 ** 32) throw refuse('may not specify a duration larger than 2^32 seconds')
  const bound = at(object, ['spec', 'boundObjectRef'])
  const about: JsonObject = { namespace, serviceaccount: { name, uid: account.metadata.uid ?? '' } }
  if (isObject(bound)) {
    const kind = asText(bound['kind']).toLowerCase()
    const boundName = asText(bound['name'])
    if (!['pod', 'secret', 'node'].includes(kind))
      throw badRequest(
        `cannot bind token to object of type /${asText(bound['apiVersion'])}, Kind=${asText(bound['kind'])}`,
      )
    const found = server.core.storage.get({
      bucket: `/${kind}s`,
      namespace: kind === 'node' ? '' : namespace,
      name: boundName,
    })
    if (found === undefined) throw notFound({ group: '', resource: `${kind}s` }, boundName)
    if (bound['uid'] !== undefined && bound['uid'] !== '' && bound['uid'] !== found.metadata.uid)
      throw forbidden(
        { group: '', resource: `${kind}s` },
        boundName,
        `the UID in the bound object reference (${asText(bound['uid'])}) does not match the UID in record. The object might have been deleted and then recreated`,
      )
    if (kind === 'pod' && at(found, ['spec', 'serviceAccountName']) !== name)
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(name)} to pod running with different serviceaccount name.`,
      )
    about[kind] = { name: boundName, uid: found.metadata.uid ?? '' }
  }
  const now = server.core.clock.now()
  const exp = Math.floor(now / 1000) + seconds
  const token = server.signer.sign(
    { aud: audiences, exp, sub: `system:serviceaccount:${namespace}:${name}`, 'kubernetes.io': about },
    now,
  )
  const noted: ApiObject = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {},
    spec: { ...(isObject(object['spec']) ? object['spec'] : {}), expirationSeconds: seconds },
  }
  updateManagedFields(server.core, definition, undefined, noted, {
    ...writeContext(exchange),
    subresource: 'token',
  })
  const { managedFields } = noted.metadata
  exchange.sendObject(201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {
      name,
      namespace,
      uid: account.metadata.uid,
      creationTimestamp: new Date(now).toISOString().replace(/\.\d+Z$/, 'Z'),
      ...(managedFields === undefined ? {} : { managedFields }),
    },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: isObject(bound) ? bound : null },
    status: { token, expirationTimestamp: new Date(exp * 1000).toISOString().replace(/\.\d+Z$/, 'Z') },
  })
}

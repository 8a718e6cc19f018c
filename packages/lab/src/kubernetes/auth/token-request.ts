import { badRequest, conflict, fieldError, forbidden, invalid, notFound } from '../errors.ts'
import { updateManagedFields } from '../fields/manage.ts'
import { readBody } from '../http/body.ts'
import { decodeObject } from '../http/decode.ts'
import type { Exchange } from '../http/exchange.ts'
import type { RequestInfo } from '../http/request-info.ts'
import { writeContext } from '../http/write-context.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import { asText, at, isObject } from '../rest/json.ts'
import { checkNamespace } from '../rest/home.ts'
import type { Server } from '../server-parts.ts'
import { texts } from './rbac.ts'

const DEFINITION: ResourceDefinition = {
  group: 'authentication.k8s.io',
  version: 'v1',
  resource: 'tokenrequests',
  singular: 'tokenrequest',
  kind: 'TokenRequest',
  listKind: 'TokenRequestList',
  namespaced: true,
  verbs: ['create'],
}
/** Seconds a token holds when nothing else is asked for. */
const HOUR = 3600
/** Seconds that old kubelets ask for when they renew tokens: such tokens hold a year and warn after the time asked for. */
const RENEWED = 3607
const YEAR = 365 * 24 * 3600

/** Answers a request for a ServiceAccount's token. Throws NotFound, Conflict, Invalid and BadRequest. */
export async function requestToken(server: Server, info: RequestInfo, exchange: Exchange): Promise<void> {
  const data = await readBody(exchange.request)
  const contentType = exchange.request.headers['content-type'] ?? ''
  const { object } = decodeObject(server.core.registry, DEFINITION, data, contentType)
  const namespace = info.namespace ?? ''
  const name = info.name ?? ''
  const accounts = server.core.registry.find('', 'v1', 'serviceaccounts')
  if (accounts !== undefined) checkNamespace(server.core, accounts, namespace, name)
  const account = server.core.storage.get({ bucket: '/serviceaccounts', namespace, name })
  if (account === undefined) throw notFound({ group: '', resource: 'serviceaccounts' }, name)
  checkMetadata(object, account)
  const asked = audiencesOf(object)
  const audiences = asked.length > 0 ? asked : [server.signer.issuer]
  const seconds = secondsOf(object)
  const bound = at(object, ['spec', 'boundObjectRef'])
  const about: JsonObject = {
    namespace,
    serviceaccount: { name, uid: account.metadata.uid ?? '' },
    ...(isObject(bound) ? boundTo(server, account, bound) : {}),
  }
  const now = server.core.clock.now()
  let exp = Math.floor(now / 1000) + seconds
  const expirationTimestamp = time(exp * 1000)
  if (seconds === RENEWED && audiences.length === 1 && audiences[0] === server.signer.issuer) {
    about['warnafter'] = exp
    exp = Math.floor(now / 1000) + YEAR
  }
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
  updateManagedFields(server.core, DEFINITION, undefined, noted, {
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
      creationTimestamp: time(now),
      ...(managedFields === undefined ? {} : { managedFields }),
    },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: isObject(bound) ? bound : null },
    status: { token, expirationTimestamp },
  })
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

function checkMetadata({ metadata }: ApiObject, account: ApiObject): void {
  const { namespace, uid } = metadata
  if (namespace !== undefined && namespace !== '' && namespace !== account.metadata.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (uid !== undefined && uid !== '' && uid !== account.metadata.uid)
    throw conflict(
      { group: DEFINITION.group, resource: DEFINITION.kind },
      account.metadata.name ?? '',
      `the UID in the token request (${uid}) does not match the UID of the service account (${account.metadata.uid})`,
    )
}

function audiencesOf(object: ApiObject): string[] {
  const asked: Json | undefined = at(object, ['spec', 'audiences'])
  if (asked !== undefined && asked !== null && !Array.isArray(asked))
    throw badRequest(
      `TokenRequest in version "v1" cannot be handled as a TokenRequest: json: cannot unmarshal ${typeof asked} into Go struct field TokenRequestSpec.spec.audiences of type []string`,
    )
  return texts(asked)
}

function secondsOf(object: ApiObject): number {
  const duration = at(object, ['spec', 'expirationSeconds'])
  const seconds = typeof duration === 'number' && duration !== 0 ? duration : HOUR
  const refuse = (detail: string) =>
    invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
      fieldError.invalid('spec.expirationSeconds', seconds, detail),
    ])
  if (seconds < 600) throw refuse('may not specify a duration less than 10 minutes')
  if (seconds > 2 ** 32) throw refuse('may not specify a duration larger than 2^32 seconds')
  return seconds
}

/** What a token claims of the object that it lives and dies with. */
function boundTo(server: Server, account: ApiObject, bound: JsonObject): JsonObject {
  const { namespace = '', name = '' } = account.metadata
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
  return { [kind]: { name: boundName, uid: found.metadata.uid ?? '' } }
}

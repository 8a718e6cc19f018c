import { createHash } from 'node:crypto'
import { yamlText } from '../http/yaml-text.ts'
import { encodeProtobuf, PROTOBUF } from '../protobuf/encode.ts'
import type { JsonObject, RequestContext, ResourceRegistry } from '../resources.ts'
import { aggregatedDiscovery, AGGREGATED } from './aggregated.ts'
import { isPretty, questionOf, sendAnswer, wantedTypes } from './answer.ts'
import type { Answer, Question } from './answer.ts'
import { apiGroup, apiGroupList, apiResourceList, apiVersions } from './plain.ts'
import { versionBody } from './version.ts'

const MEDIA = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'

/** Answers /version, /api, /apis and what is below them up to a group version; false when the path is none of them. */
export function handleDiscovery(ctx: RequestContext, registry: ResourceRegistry): boolean {
  const answer = discover(questionOf(ctx), registry)
  if (answer === undefined) return false
  sendAnswer(ctx, answer)
  return true
}

/** The answer to a discovery request; undefined when the path is none. */
export function discover(question: Question, registry: ResourceRegistry): Answer | undefined {
  const path = question.path.replace(/\/$/, '')
  if (path === '/version')
    return wantsOnly(question, /^(application\/json|application\/\*|\*\/\*)$/)
      ? json(200, `${JSON.stringify(versionBody(question.gitVersion), null, 2)}`)
      : notAcceptable(question, '406: Not Acceptable\n\nAvailable representations: application/json', true)
  const parts = path.split('/').slice(1)
  if (parts.length === 1 && (parts[0] === 'api' || parts[0] === 'apis'))
    return parts[0] === 'api' ? root(question, registry, '/api') : root(question, registry, '/apis')
  const [first, second = '', third] = parts
  if (first === 'apis' && parts.length === 2) {
    const known = registry.groups().includes(second) || registry.remotes.some(({ group }) => group === second)
    if (!known || second === '') return undefined
    return plain(question, () => apiGroup(registry, second))
  }
  const group = first === 'apis' ? second : ''
  const version = first === 'apis' ? (third ?? '') : second
  if (first === 'apis' ? parts.length !== 3 || second === '' : first !== 'api' || parts.length !== 2)
    return undefined
  if (!registry.versions(group).includes(version)) return undefined
  if (question.method !== 'GET') return methodNotAllowed()
  return plain(question, () => apiResourceList(registry, group, version))
}

function root(question: Question, registry: ResourceRegistry, path: '/api' | '/apis'): Answer {
  // /apis belongs to the aggregator, which looks at no method.
  if (path === '/api' && question.method !== 'GET') return methodNotAllowed()
  const wished = wantedTypes(question.headers.accept).find(({ parameters }) => isAggregated(parameters))
  if (wished?.type === 'application/json') return aggregated(question, registry, path, 'json')
  if (wished?.type === PROTOBUF) return aggregated(question, registry, path, 'protobuf')
  return plain(question, () =>
    path === '/api' ? apiVersions(question.serverAddress) : apiGroupList(registry),
  )
}

function isAggregated(parameters: Map<string, string>): boolean {
  return (
    parameters.get('g') === 'apidiscovery.k8s.io' &&
    parameters.get('v') === 'v2' &&
    parameters.get('as') === 'APIGroupDiscoveryList'
  )
}

const cached = new WeakMap<
  ResourceRegistry,
  { revision: number; bodies: Map<string, { body: string | Uint8Array; etag: string }> }
>()

function aggregated(
  question: Question,
  registry: ResourceRegistry,
  path: '/api' | '/apis',
  media: 'json' | 'protobuf',
): Answer {
  let known = cached.get(registry)
  if (known === undefined || known.revision !== registry.revision)
    cached.set(registry, (known = { revision: registry.revision, bodies: new Map() }))
  const key = `${media} ${path}`
  let found = known.bodies.get(key)
  if (found === undefined) {
    const document = aggregatedDiscovery(registry, path)
    const packed = media === 'protobuf' ? encodeProtobuf(document) : undefined
    const body = packed ?? JSON.stringify(document)
    const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
    known.bodies.set(key, (found = { body, etag }))
  }
  const headers = { 'Cache-Control': 'public', Etag: found.etag, Vary: 'Accept' }
  if (question.headers['if-none-match'] === found.etag)
    return { status: 304, contentType: '', body: '', headers }
  const contentType = media === 'json' ? AGGREGATED : AGGREGATED.replace('application/json', PROTOBUF)
  return { status: 200, contentType, body: found.body, headers }
}

function wantsOnly(question: Question, pattern: RegExp): boolean {
  return wantedTypes(question.headers.accept).some(({ type }) => pattern.test(type))
}

/** A plain body as JSON, as YAML, or not at all, by what the client accepts. */
function plain(question: Question, make: () => JsonObject): Answer {
  for (const { type, parameters } of wantedTypes(question.headers.accept)) {
    if (parameters.has('as') || parameters.has('g')) continue
    if (type === 'application/yaml') return { status: 200, contentType: type, body: yamlText(make()) }
    const packed = type === PROTOBUF ? encodeProtobuf(make()) : undefined
    if (packed !== undefined) return { status: 200, contentType: PROTOBUF, body: packed }
    if (type === 'application/json' || type === 'application/*' || type === '*/*') {
      const body = make()
      return json(200, isPretty(question) ? JSON.stringify(body, null, 2) : `${JSON.stringify(body)}\n`)
    }
  }
  const hasShape = wantedTypes(question.headers.accept).some(({ parameters }) => parameters.has('as'))
  return hasShape
    ? notAcceptable(question, `only the following media types are accepted: ${MEDIA}`, false)
    : notAcceptable(question, `406: Not Acceptable\n\nAvailable representations: ${MEDIA}`, true)
}

function json(status: number, body: string): Answer {
  return { status, contentType: 'application/json', body }
}

function notAcceptable(question: Question, message: string, details: boolean): Answer {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: 'NotAcceptable',
    ...(details ? { details: {} } : {}),
    code: 406,
  }
  // Errors may be in protobuf where the answer may not.
  const packed = wantedTypes(question.headers.accept).some(
    ({ type, parameters }) => type === PROTOBUF && !parameters.has('as'),
  )
    ? encodeProtobuf(body)
    : undefined
  return packed === undefined
    ? json(406, JSON.stringify(body, null, 2))
    : { status: 406, contentType: PROTOBUF, body: packed }
}

function methodNotAllowed(): Answer {
  const body = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server does not allow this method on the requested resource',
    reason: 'MethodNotAllowed',
    details: {},
    code: 405,
  }
  return json(405, `${JSON.stringify(body)}\n`)
}

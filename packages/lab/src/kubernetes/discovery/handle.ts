import { createHash } from 'node:crypto'
import { yamlText } from '../http/yaml-text.ts'
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
      : notAcceptable('406: Not Acceptable\n\nAvailable representations: application/json', true)
  const parts = path.split('/').slice(1)
  if (parts.length === 1 && (parts[0] === 'api' || parts[0] === 'apis'))
    return parts[0] === 'api' ? root(question, registry, '/api') : root(question, registry, '/apis')
  const [first, second = '', third] = parts
  if (first === 'apis' && parts.length === 2) {
    if (!registry.groups().includes(second) || second === '') return undefined
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
  const types = wantedTypes(question.headers.accept)
  if (types.some(({ type, parameters }) => isAggregated(type, parameters)))
    return aggregated(question, registry, path)
  return plain(question, () =>
    path === '/api' ? apiVersions(question.serverAddress) : apiGroupList(registry),
  )
}

function isAggregated(type: string, parameters: Map<string, string>): boolean {
  return (
    type === 'application/json' &&
    parameters.get('g') === 'apidiscovery.k8s.io' &&
    parameters.get('v') === 'v2' &&
    parameters.get('as') === 'APIGroupDiscoveryList'
  )
}

const cached = new WeakMap<
  ResourceRegistry,
  { revision: number; bodies: Map<string, { body: string; etag: string }> }
>()

function aggregated(question: Question, registry: ResourceRegistry, path: '/api' | '/apis'): Answer {
  let known = cached.get(registry)
  if (known === undefined || known.revision !== registry.revision)
    cached.set(registry, (known = { revision: registry.revision, bodies: new Map() }))
  let found = known.bodies.get(path)
  if (found === undefined) {
    const body = JSON.stringify(aggregatedDiscovery(registry, path))
    const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
    known.bodies.set(path, (found = { body, etag }))
  }
  const headers = { 'Cache-Control': 'public', Etag: found.etag, Vary: 'Accept' }
  if (question.headers['if-none-match'] === found.etag)
    return { status: 304, contentType: '', body: '', headers }
  return { status: 200, contentType: AGGREGATED, body: found.body, headers }
}

function wantsOnly(question: Question, pattern: RegExp): boolean {
  return wantedTypes(question.headers.accept).some(({ type }) => pattern.test(type))
}

/** A plain body as JSON, as YAML, or not at all, by what the client accepts. */
function plain(question: Question, make: () => JsonObject): Answer {
  for (const { type, parameters } of wantedTypes(question.headers.accept)) {
    if (parameters.has('as') || parameters.has('g')) continue
    if (type === 'application/yaml') return { status: 200, contentType: type, body: yamlText(make()) }
    if (type === 'application/json' || type === 'application/*' || type === '*/*') {
      const body = make()
      return json(200, isPretty(question) ? JSON.stringify(body, null, 2) : `${JSON.stringify(body)}\n`)
    }
  }
  const hasShape = wantedTypes(question.headers.accept).some(({ parameters }) => parameters.has('as'))
  return hasShape
    ? notAcceptable(`only the following media types are accepted: ${MEDIA}`, false)
    : notAcceptable(`406: Not Acceptable\n\nAvailable representations: ${MEDIA}`, true)
}

function json(status: number, body: string): Answer {
  return { status, contentType: 'application/json', body }
}

function notAcceptable(message: string, details: boolean): Answer {
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
  return json(406, JSON.stringify(body, null, 2))
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

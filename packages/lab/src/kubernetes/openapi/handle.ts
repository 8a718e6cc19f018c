import { createHash } from 'node:crypto'
import { questionOf, sendAnswer, wantedTypes } from '../discovery/answer.ts'
import type { Answer, Question } from '../discovery/answer.ts'
import { groupsInOrder, kindsInOrder } from '../discovery/plain.ts'
import type { JsonObject, RequestContext, ResourceDefinition, ResourceRegistry } from '../resources.ts'
import { openApiDocument } from './document.ts'
import { informationDocument, informationNames } from './information.ts'
import { openApiV2 } from './v2/handle.ts'
import { encodeOpenApiV3 } from './v3-protobuf.ts'

interface Document {
  definitions: ResourceDefinition[]
  body: string
  /** The same in protobuf, once it was asked for. */
  packed?: Uint8Array
  hash: string
}

/** Documents by their first kind and version: servers with the same built-in kinds share them, a changed CRD makes its own anew. */
const documents = new WeakMap<ResourceDefinition, Map<string, Document>>()
/** The same for documents that tell of no kinds. */
const others = new WeakMap<ResourceRegistry, { revision: number; made: Map<string, Document> }>()
const JSON_TYPES = ['application/json', 'application/*', '*/*']
/** What is asked for, and what the answer is then called. */
const ASKED = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf'
const PROTOBUF = 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf'
const YEAR = 365 * 86_400_000

/** Answers /openapi/v2 and /openapi/v3 and the documents below it; false when the path is none of them. */
export function handleOpenApi(ctx: RequestContext, registry: ResourceRegistry): boolean {
  const answer = openApi(questionOf(ctx), registry)
  if (answer === undefined) return false
  sendAnswer(ctx, answer)
  return true
}

/** The answer to an OpenAPI request; undefined when the path is none. */
export function openApi(question: Question, registry: ResourceRegistry): Answer | undefined {
  const { path } = question
  const version = minorOf(question.gitVersion)
  if (path === '/openapi/v2')
    return openApiV2(
      question,
      index(registry, version).map(([, document]) => document.body),
    )
  if (path === '/openapi/v3') {
    const paths: { [path: string]: { serverRelativeURL: string } } = {}
    for (const [name, document] of index(registry, version))
      paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${document.hash}` }
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: JSON.stringify({ paths }) }
  }
  if (!path.startsWith('/openapi/v3/')) return undefined
  const document = documentAt(path.slice('/openapi/v3/'.length), registry, version)
  if (document === undefined) return bare(404)
  return serve(question, document)
}

/** `1.36` of `v1.36.3`. */
function minorOf(gitVersion: string): string {
  return /^v(\d+\.\d+)/.exec(gitVersion)?.[1] ?? 'unversioned'
}

function bare(status: number, headers: Record<string, string> = {}, contentType = ''): Answer {
  return {
    status,
    contentType,
    body: '',
    headers: { 'Cache-Control': 'no-cache, private', ...headers },
  }
}

function serve(question: Question, document: Document): Answer {
  const etag = `"${document.hash}"`
  const types = wantedTypes(question.headers.accept)
  const wished = types.find(({ type }) => [ASKED, PROTOBUF, ...JSON_TYPES].includes(type))
  if (wished === undefined) return bare(406, { Vary: 'Accept' })
  const asked = question.query.get('hash')
  const common = { Etag: etag, Vary: 'Accept' }
  if (asked !== null && asked !== document.hash)
    return bare(301, { ...common, Location: `${question.path}?hash=${document.hash}` }, 'application/json')
  const caching: Record<string, string> =
    asked === null
      ? { 'Cache-Control': 'no-cache, private' }
      : {
          'Cache-Control': 'public, immutable',
          Expires: new Date(Date.now() + YEAR).toUTCString().replace('GMT', 'UTC'),
        }
  const headers = { ...common, ...caching }
  if (question.headers['if-none-match'] === etag) return { status: 304, contentType: '', body: '', headers }
  if (JSON_TYPES.includes(wished.type))
    return { status: 200, contentType: 'application/json', body: document.body, headers }
  document.packed ??= encodeOpenApiV3(JSON.parse(document.body) as JsonObject)
  return { status: 200, contentType: PROTOBUF, body: document.packed, headers }
}

function index(registry: ResourceRegistry, version: string): [string, Document][] {
  const names = ['', ...groupsInOrder(registry)].flatMap((group) =>
    registry.versions(group).map((each) => (group === '' ? `api/${each}` : `apis/${group}/${each}`)),
  )
  return [...names, ...informationNames(registry)].toSorted().flatMap((name): [string, Document][] => {
    const document = documentAt(name, registry, version)
    return document === undefined ? [] : [[name, document]]
  })
}

function documentAt(name: string, registry: ResourceRegistry, version: string): Document | undefined {
  const [root, first = '', second, ...rest] = name.split('/')
  const isOfKinds =
    root === 'api' ? first !== '' && second === undefined : root === 'apis' && second !== undefined
  if (!isOfKinds || rest.length > 0) return informationAt(name, registry, version)
  const definitions =
    root === 'api' ? kindsInOrder(registry, '', first) : kindsInOrder(registry, first, second ?? '')
  const [head] = definitions
  if (head === undefined) return undefined
  let made = documents.get(head)
  if (made === undefined) documents.set(head, (made = new Map()))
  const known = made.get(version)
  if (
    known !== undefined &&
    known.definitions.length === definitions.length &&
    known.definitions.every((each, at) => each === definitions[at])
  )
    return known
  const document = documentOf(openApiDocument(definitions, registry, version), definitions)
  made.set(version, document)
  return document
}

function informationAt(name: string, registry: ResourceRegistry, version: string): Document | undefined {
  let kept = others.get(registry)
  if (kept?.revision !== registry.revision)
    others.set(registry, (kept = { revision: registry.revision, made: new Map() }))
  const key = `${version} ${name}`
  const known = kept.made.get(key)
  if (known !== undefined) return known
  const value = informationDocument(name, registry, version)
  if (value === undefined) return undefined
  const document = documentOf(value, [])
  kept.made.set(key, document)
  return document
}

function documentOf(value: JsonObject, definitions: ResourceDefinition[]): Document {
  const body = JSON.stringify(value)
  return { definitions, body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() }
}

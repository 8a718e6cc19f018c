import { createHash } from 'node:crypto'
import { questionOf, sendAnswer, wantedTypes } from '../discovery/answer.ts'
import type { Answer, Question } from '../discovery/answer.ts'
import { groupsInOrder, kindsInOrder, versionsInOrder } from '../discovery/plain.ts'
import type { RequestContext, ResourceDefinition, ResourceRegistry } from '../resources.ts'
import { openApiDocument } from './document.ts'
import { openApiV2 } from './v2/handle.ts'

interface Document {
  definitions: ResourceDefinition[]
  body: string
  hash: string
}

/** Documents by their first kind: servers with the same built-in kinds share them, a changed CRD makes its own anew. */
const documents = new WeakMap<ResourceDefinition, Document>()

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
  if (path === '/openapi/v2')
    return openApiV2(
      question,
      index(registry).map(([, document]) => document.body),
    )
  if (path === '/openapi/v3') {
    const paths: { [path: string]: { serverRelativeURL: string } } = {}
    for (const [name, document] of index(registry))
      paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${document.hash}` }
    return { status: 200, contentType: 'text/plain; charset=utf-8', body: JSON.stringify({ paths }) }
  }
  if (!path.startsWith('/openapi/v3/')) return undefined
  const document = documentAt(path.slice('/openapi/v3/'.length), registry)
  if (document === undefined) return bare(404)
  return serve(question, document)
}

function bare(status: number, headers: Record<string, string> = {}): Answer {
  return { status, contentType: '', body: '', headers: { 'Cache-Control': 'no-cache, private', ...headers } }
}

function serve(question: Question, document: Document): Answer {
  const etag = `"${document.hash}"`
  const types = wantedTypes(question.headers.accept)
  if (!types.some(({ type }) => ['application/json', 'application/*', '*/*'].includes(type)))
    return bare(406, { Vary: 'Accept' })
  const asked = question.query.get('hash')
  const common = { Etag: etag, Vary: 'Accept' }
  if (asked !== null && asked !== document.hash)
    return bare(301, { ...common, Location: `${question.path}?hash=${document.hash}` })
  const caching: Record<string, string> =
    asked === null
      ? { 'Cache-Control': 'no-cache, private' }
      : {
          'Cache-Control': 'public, immutable',
          Expires: new Date(Date.now() + YEAR).toUTCString().replace('GMT', 'UTC'),
        }
  const headers = { ...common, ...caching }
  if (question.headers['if-none-match'] === etag) return { status: 304, contentType: '', body: '', headers }
  return { status: 200, contentType: 'application/json', body: document.body, headers }
}

function index(registry: ResourceRegistry): [string, Document][] {
  const names = ['', ...groupsInOrder(registry)].flatMap((group) =>
    versionsInOrder(registry, group).map((version) =>
      group === '' ? `api/${version}` : `apis/${group}/${version}`,
    ),
  )
  return names.toSorted().flatMap((name): [string, Document][] => {
    const document = documentAt(name, registry)
    return document === undefined ? [] : [[name, document]]
  })
}

function documentAt(name: string, registry: ResourceRegistry): Document | undefined {
  const [root, first = '', second, ...rest] = name.split('/')
  if (rest.length > 0 || (root !== 'api' && root !== 'apis')) return undefined
  if (root === 'api' && second !== undefined) return undefined
  const definitions =
    root === 'api' ? kindsInOrder(registry, '', first) : kindsInOrder(registry, first, second ?? '')
  const [head] = definitions
  if (head === undefined) return undefined
  const known = documents.get(head)
  if (
    known !== undefined &&
    known.definitions.length === definitions.length &&
    known.definitions.every((each, at) => each === definitions[at])
  )
    return known
  const body = JSON.stringify(openApiDocument(definitions, registry))
  const hash = createHash('sha512').update(body).digest('hex').toUpperCase()
  const made = { definitions, body, hash }
  documents.set(head, made)
  return made
}

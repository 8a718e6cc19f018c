import { createHash } from 'node:crypto'
import { wantedTypes } from '../../discovery/answer.ts'
import type { Answer, Question } from '../../discovery/answer.ts'
import type { JsonObject } from '../../resources.ts'
import { openApiV2Document } from './document.ts'
import { encodeOpenApiV2 } from './protobuf.ts'

/** What kubectl asks for, and what the answer is then called. */
const ASKED = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
const PROTOBUF = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'

interface Published {
  version: string
  /** Bodies of the OpenAPI 3 documents it was made of. */
  of: readonly string[]
  json: string
  protobuf: Uint8Array
  etag: string
  since: string
}

/** The last ones that were asked for: making one takes a while, and what it is made of seldom changes. */
const recent: Published[] = []
/** As many servers that are asked in turns, a management cluster and some tenants, make theirs once. */
const MOST_RECENT = 8

function published(of: readonly string[], version: string): Published {
  const before = recent.find(
    (each) =>
      each.version === version &&
      each.of.length === of.length &&
      each.of.every((body, at) => body === of[at]),
  )
  if (before !== undefined) return before
  const document = openApiV2Document(
    of.map((body) => JSON.parse(body) as JsonObject),
    version,
  )
  const json = JSON.stringify(document)
  const made = {
    version,
    of,
    json,
    protobuf: encodeOpenApiV2(document),
    etag: `"${createHash('sha512').update(json).digest('hex').toUpperCase()}"`,
    since: new Date().toUTCString(),
  }
  recent.push(made)
  if (recent.length > MOST_RECENT) recent.shift()
  return made
}

/** The answer to /openapi/v2. @param bodies Of the OpenAPI 3 documents of all group versions. */
export function openApiV2(question: Question, bodies: readonly string[]): Answer {
  const headers = { 'Cache-Control': 'no-cache, private', Vary: 'Accept-Encoding, Accept' }
  const type = wantedTypes(question.headers.accept)
    .map((wanted) => wanted.type)
    .find((each) => ['application/json', 'application/*', '*/*', ASKED, PROTOBUF].includes(each))
  if (type === undefined) return { status: 406, contentType: '', body: '', headers }
  const version = /\d+\.\d+/.exec(question.gitVersion)?.[0] ?? question.gitVersion
  const { json, protobuf, etag, since } = published(bodies, version)
  const tagged = { ...headers, Etag: etag }
  if (question.headers['if-none-match'] === etag)
    return { status: 304, contentType: '', body: '', headers: tagged }
  const whole = { ...tagged, 'Accept-Ranges': 'bytes', 'Last-Modified': since }
  return type === ASKED || type === PROTOBUF
    ? { status: 200, contentType: PROTOBUF, body: protobuf, headers: whole }
    : { status: 200, contentType: 'application/json', body: json, headers: whole }
}

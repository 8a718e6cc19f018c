import { badRequest, expired, fieldError, invalid, StatusError } from '../errors.ts'
import { toTable } from '../tables/table.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { bucketOf, inVersion } from '../rest/core.ts'
import { sorted } from '../rest/json.ts'
import { fieldPredicate, labelPredicate } from '../store/selectors.ts'
import type { Predicate } from '../store/selectors.ts'
import { goJsonError } from './body.ts'
import type { Exchange } from './exchange.ts'
import { includeOf, negotiate, wrongShape } from './negotiate.ts'

/** Selectors of a request as one predicate; undefined selects everything. */
export function selection(
  definition: ResourceDefinition,
  query: URLSearchParams,
  name?: string,
): Predicate | undefined {
  const labels = labelPredicate(query.get('labelSelector'))
  const fields = fieldPredicate(definition, query.get('fieldSelector'))
  const named: Predicate | undefined =
    name === undefined ? undefined : (object) => object.metadata.name === name
  const all = [labels, fields, named].filter((each) => each !== undefined)
  return all.length === 0 ? undefined : (object) => all.every((each) => each(object))
}

/** Part of a list. */
interface Page {
  objects: ApiObject[]
  revision: number
  continue?: string
  remaining?: number
}

/** Answers a list: whole, in pages, at a revision, as Table or metadata only. */
export function serveList(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  exchange: Exchange,
): void {
  const selects = selection(definition, exchange.query)
  const page = readPage(core, definition, namespace, selects, exchange.query)
  const shape = negotiate(exchange.accept, definition)
  const metadata: JsonObject = {
    resourceVersion: String(page.revision),
    ...(page.continue === undefined ? {} : { continue: page.continue }),
    ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
  }
  if (shape?.as === 'Table') {
    const include = includeOf(exchange)
    const objects = page.objects.map((object) => inVersion(definition, object))
    const table = toTable(definition, objects, {
      includeObject: include,
      now: core.clock.now(),
    })
    exchange.sendObject(200, {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${shape.version}`,
      metadata,
      ...table,
    })
    return
  }
  if (shape !== undefined) {
    if (shape.as === 'PartialObjectMetadata') throw wrongShape(definition, shape, true)
    exchange.sendObject(200, {
      kind: 'PartialObjectMetadataList',
      apiVersion: `meta.k8s.io/${shape.version}`,
      metadata,
      items:
        page.objects.length === 0
          ? null
          : page.objects.map((object): Json => ({
              kind: 'PartialObjectMetadata',
              apiVersion: `meta.k8s.io/${shape.version}`,
              metadata: object.metadata,
            })),
    })
    return
  }
  const items = page.objects.map((object) => itemText(definition, object))
  if (definition.crd === true) {
    // What serves custom kinds prints its members in order, and an empty continue.
    const head = JSON.stringify({ apiVersion: apiVersionOf(definition) }).slice(1, -1)
    const tail = JSON.stringify({
      kind: definition.listKind,
      metadata: sorted({ continue: '', ...metadata }),
    })
    exchange.sendText(200, `{${head},"items":[${items.join(',')}],${tail.slice(1)}\n`)
    return
  }
  const head = JSON.stringify({ kind: definition.listKind, apiVersion: apiVersionOf(definition), metadata })
  exchange.sendText(200, `${head.slice(0, -1)},"items":[${items.join(',')}]}\n`)
}

const texts = new WeakMap<ApiObject, string>()

/** JSON of a list's item; kept per object, since objects never change. Items of built-in kinds do not repeat kind and version. */
function itemText(definition: ResourceDefinition, stored: ApiObject): string {
  if (definition.crd === true) {
    const object = inVersion(definition, stored)
    return object === stored ? cached(stored, stored) : JSON.stringify(object)
  }
  const { kind: _kind, apiVersion: _version, ...rest } = stored
  return cached(stored, rest)
}

function cached(stored: ApiObject, shown: Json): string {
  let text = texts.get(stored)
  if (text === undefined) texts.set(stored, (text = JSON.stringify(shown)))
  return text
}

function readPage(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  selects: Predicate | undefined,
  query: URLSearchParams,
): Page {
  const version = query.get('resourceVersion') ?? ''
  const match = query.get('resourceVersionMatch') ?? ''
  const limit = numberOf(query, 'limit')
  const token = query.get('continue') ?? ''
  checkOptions(version, match, token, query)
  const bucket = bucketOf(definition)
  let revision = core.storage.revision
  let after: string | undefined
  if (token !== '') {
    const start = readToken(token)
    revision = start.revision
    after = start.after
  } else if (version !== '' && version !== '0') {
    const wanted = Number(version)
    if (wanted > revision) throw tooLarge(wanted, revision)
    if (match === 'Exact') revision = wanted
  }
  let objects: ApiObject[]
  try {
    objects =
      revision === core.storage.revision
        ? core.storage.list(bucket, namespace)
        : core.storage.listAt(bucket, namespace, revision)
  } catch (error) {
    if (token !== '' && error instanceof StatusError && error.code === 410)
      throw expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      )
    throw error
  }
  if (after !== undefined) objects = objects.slice(firstAfter(objects, after))
  const pages = limit > 0 && version !== '0'
  if (selects === undefined) {
    if (!pages || objects.length <= limit) return { objects, revision }
    const part = objects.slice(0, limit)
    return {
      objects: part,
      revision,
      continue: makeToken(revision, part.at(-1)),
      remaining: objects.length - limit,
    }
  }
  if (!pages) return { objects: objects.filter(selects), revision }
  const part: ApiObject[] = []
  for (const object of objects) {
    if (!selects(object)) continue
    if (part.length === limit) return { objects: part, revision, continue: makeToken(revision, part.at(-1)) }
    part.push(object)
  }
  return { objects: part, revision }
}

function checkOptions(version: string, match: string, token: string, query: URLSearchParams): void {
  const errors = []
  if (query.get('sendInitialEvents') !== null)
    errors.push(fieldError.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  if (match !== '') {
    if (version === '')
      errors.push(
        fieldError.forbidden(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden unless resourceVersion is provided',
        ),
      )
    if (token !== '')
      errors.push(
        fieldError.forbidden(
          'resourceVersionMatch',
          'resourceVersionMatch is forbidden when continue is provided',
        ),
      )
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(fieldError.notSupported('resourceVersionMatch', match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && version === '0')
      errors.push(
        fieldError.forbidden(
          'resourceVersionMatch',
          'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
      )
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  if (version !== '' && !/^\d+$/.test(version))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
    )
  if (token !== '') readToken(token)
  if (token !== '' && version !== '' && version !== '0')
    throw badRequest('specifying resource version is not allowed when using continue')
}

/** 504 of a revision that is not there yet. */
export function tooLarge(wanted: number, current: number): StatusError {
  return new StatusError(
    504,
    'Timeout',
    `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  )
}

function numberOf(query: URLSearchParams, name: string): number {
  const text = query.get(name)
  if (text === null || text === '') return 0
  if (!/^[+-]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

function position(object: ApiObject): string {
  return object.metadata.namespace === undefined
    ? (object.metadata.name ?? '')
    : `${object.metadata.namespace}/${object.metadata.name ?? ''}`
}

function makeToken(revision: number, last: ApiObject | undefined): string {
  const start = `${last === undefined ? '' : position(last)}\u0000`
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url')
}

function readToken(token: string): { revision: number; after: string } {
  const refuse = (why: string): StatusError =>
    badRequest(`invalid continue token: continue key is not valid: ${why}`)
  const odd = token.search(/[^\w-]/)
  if (odd >= 0) throw refuse(`illegal base64 data at input byte ${odd}`)
  const text = Buffer.from(token, 'base64url').toString()
  try {
    const value: unknown = JSON.parse(text)
    if (
      value !== null &&
      typeof value === 'object' &&
      'rv' in value &&
      'start' in value &&
      typeof value.rv === 'number' &&
      typeof value.start === 'string'
    )
      return { revision: value.rv, after: value.start }
  } catch {
    // Not one of ours: said below.
  }
  throw refuse(goJsonError(text) || 'unrecognized encoded meta.k8s.io/v1')
}

function firstAfter(objects: ApiObject[], start: string): number {
  const [path = ''] = start.split('\u0000')
  const [namespace = '', name] = path.includes('/') ? path.split('/') : ['', path]
  const index = objects.findIndex((object) => {
    const own = object.metadata.namespace ?? ''
    return own > namespace || (own === namespace && (object.metadata.name ?? '') > (name ?? ''))
  })
  return index < 0 ? objects.length : index
}

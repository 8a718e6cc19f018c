import { badRequest, expired, StatusError } from '../errors.ts'
import { toTable } from '../tables/table.ts'
import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { bucketOf, inVersion } from '../rest/core.ts'
import { sorted } from '../rest/json.ts'
import { fieldPredicate, labelPredicate } from '../store/selectors.ts'
import type { Predicate } from '../store/selectors.ts'
import { continueAfter, firstAfter, inconsistent, readToken } from './continue-token.ts'
import type { Start } from './continue-token.ts'
import type { Exchange } from './exchange.ts'
import { listOptions } from './list-options.ts'
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
  const options = listOptions(query, false)
  const { limit, resourceVersion: version, match } = options
  if (version !== '' && !/^\d+$/.test(version))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(version)}: strconv.ParseUint: parsing ${JSON.stringify(version)}: invalid syntax`,
    )
  const start = options.continue === '' ? undefined : readToken(options.continue)
  if (start !== undefined && version !== '' && version !== '0')
    throw badRequest('specifying resource version is not allowed when using continue')
  let revision = core.storage.revision
  if (start !== undefined) revision = start.revision < 0 ? revision : start.revision
  else if (version !== '' && version !== '0') {
    const wanted = Number(version)
    if (wanted > revision) throw tooLarge(wanted, revision)
    // Pages of a revision are exactly that revision's, unless the client says otherwise.
    if (match === 'Exact' || (match === '' && limit > 0)) revision = wanted
  }
  let objects = objectsAt(core, definition, namespace, revision, start)
  if (start !== undefined) objects = objects.slice(firstAfter(objects, start.after, namespace))
  const pages = limit > 0 && version !== '0'
  const continues = (part: ApiObject[]): string => continueAfter(revision, part.at(-1), namespace)
  if (selects === undefined) {
    if (!pages || objects.length <= limit) return { objects, revision }
    const part = objects.slice(0, limit)
    return { objects: part, revision, continue: continues(part), remaining: objects.length - limit }
  }
  if (!pages) return { objects: objects.filter(selects), revision }
  const part: ApiObject[] = []
  for (const object of objects) {
    if (!selects(object)) continue
    if (part.length === limit) return { objects: part, revision, continue: continues(part) }
    part.push(object)
  }
  return { objects: part, revision }
}

/** The objects at a revision. Throws Expired when that is no longer known, with a token for what is left of a list in pages. */
function objectsAt(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  revision: number,
  start: Start | undefined,
): ApiObject[] {
  const bucket = bucketOf(definition)
  try {
    return revision === core.storage.revision
      ? core.storage.list(bucket, namespace)
      : core.storage.listAt(bucket, namespace, revision)
  } catch (error) {
    if (start === undefined || !(error instanceof StatusError) || error.code !== 410) throw error
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      { continue: inconsistent(start) },
    )
  }
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

import type { StoreEvent } from '../api.ts'
import { StatusError } from '../errors.ts'
import { toTable } from '../tables/table.ts'
import type { ApiObject, JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { bucketOf, inVersion } from '../rest/core.ts'
import { isObject } from '../rest/json.ts'
import type { Predicate } from '../store/selectors.ts'
import type { Exchange } from './exchange.ts'
import { flag, listOptions } from './list-options.ts'
import { tooLarge } from './list.ts'
import { includeOf, negotiate, onlyThese, WATCHED_MEDIA } from './negotiate.ts'
import type { Shape } from './negotiate.ts'
import { watchOutput } from './watch-output.ts'

/** When bookmarks are sent, milliseconds: now and then, soon after the initial events, and before the end of a watch. */
const BOOKMARK_EVERY = 60_000
const BOOKMARK_SOON = 200
const BEFORE_END = [2350, 1150]

/** Serves a watch until its time is over or the client goes. */
export function serveWatch(
  core: Core,
  definition: ResourceDefinition,
  namespace: string | undefined,
  selects: Predicate | undefined,
  exchange: Exchange,
  closing: AbortSignal,
): void {
  const { query } = exchange
  // Only browsers are expected to watch by WebSocket, and they say where they come from.
  if (exchange.wantsWebSocket) {
    const { origin } = exchange.request.headers
    if (origin === undefined || exchange.protocols.length > 1) {
      exchange.sendBare(origin === undefined ? 403 : 400)
      return
    }
  }
  const resourceVersion = query.get('resourceVersion') ?? ''
  if (resourceVersion !== '' && !/^\d+$/.test(resourceVersion))
    throw new StatusError(
      500,
      undefined,
      `resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    )
  const from = Number(resourceVersion === '' ? '0' : resourceVersion)
  const { sendInitialEvents: initial, timeoutSeconds } = listOptions(query, true)
  checkMedia(exchange)
  const bookmarks = flag(query.get('allowWatchBookmarks')) === true
  const printer = new EventPrinter(core, definition, exchange)
  const shown = (object: ApiObject): boolean =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (selects === undefined || selects(object))
  const isBinary = exchange.media(printer.kind) === 'protobuf'
  let stop: () => void = () => {}
  let finish: () => void = () => {}
  const output = watchOutput(exchange, isBinary, () => finish())
  const write = output.event
  const listener = (event: StoreEvent): void => {
    const now = shown(event.object)
    const before = event.old !== undefined && shown(event.old)
    if (event.type === 'DELETED') {
      if (before) write('DELETED', printer.print(event.object))
    } else if (now) write(before ? 'MODIFIED' : 'ADDED', printer.print(event.object))
    else if (before)
      write(
        'DELETED',
        printer.print({
          ...(event.old ?? event.object),
          metadata: { ...(event.old ?? event.object).metadata, resourceVersion: String(event.revision) },
        }),
      )
  }
  try {
    if (initial !== undefined && from > core.storage.revision) throw tooLarge(from, core.storage.revision)
    const starts = initial ?? from === 0
    const start = from === 0 || starts ? core.storage.revision : from
    if (starts)
      for (const object of core.storage.list(bucketOf(definition), namespace))
        if (shown(object)) write('ADDED', printer.print(object))
    // A watch from 0 with bookmarks is told, like one that asks, when the state from before is complete.
    if ((initial === true || (initial === undefined && resourceVersion === '0')) && bookmarks)
      write('BOOKMARK', printer.bookmark(String(Math.max(core.storage.revision, from)), true))
    stop = core.storage.watch(bucketOf(definition), start, listener)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    write('ERROR', error.status())
    output.end()
    return
  }
  // The client knows what had changed until now, and what is sent: a bookmark tells of changes that it was not sent.
  const known = Math.max(from, core.storage.latestOf(bucketOf(definition)))
  const bookmark = (): void => {
    const latest = core.storage.latestOf(bucketOf(definition))
    if (latest > known) write('BOOKMARK', printer.bookmark(String(latest), false))
  }
  const lasts = timeoutSeconds > 0 ? timeoutSeconds * 1000 : (1800 + Math.random() * 1800) * 1000
  const timers: NodeJS.Timeout[] = []
  // A kind that is defined anew is served anew: who watches it begins again.
  const { group, version, resource, schema } = definition
  const unsubscribe =
    definition.crd === true
      ? core.registry.subscribe(() => {
          if (core.registry.find(group, version, resource)?.schema !== schema) setImmediate(finish)
        })
      : () => {}
  finish = (): void => {
    stop()
    unsubscribe()
    for (const timer of timers) clearTimeout(timer)
    closing.removeEventListener('abort', finish)
    output.end()
  }
  timers.push(setTimeout(finish, Math.min(lasts, 2 ** 31 - 1)))
  if (bookmarks) {
    timers.push(setInterval(bookmark, BOOKMARK_EVERY))
    // Who has asked for the state from before is told once more.
    const at = [...(initial === true ? [BOOKMARK_SOON] : []), ...BEFORE_END.map((each) => lasts - each)]
    for (const ms of at) if (ms > 0) timers.push(setTimeout(bookmark, Math.min(ms, 2 ** 31 - 1)))
  }
  for (const timer of timers) timer.unref()
  closing.addEventListener('abort', finish, { once: true })
}

function checkMedia(exchange: Exchange): void {
  const types = exchange.accept.split(',').map((part) => part.trim())
  if (!types.every((type) => type.startsWith('application/yaml'))) return
  if (types.some((type) => type.includes('stream=watch'))) throw onlyThese()
  throw new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${WATCHED_MEDIA}`)
}

/** Shapes the objects of a watch as the client asked. */
class EventPrinter {
  readonly #core: Core
  readonly #definition: ResourceDefinition
  readonly #shape: Shape | undefined
  readonly #include: 'None' | 'Metadata' | 'Object'
  #first = true
  constructor(core: Core, definition: ResourceDefinition, exchange: Exchange) {
    this.#core = core
    this.#definition = definition
    this.#shape = negotiate(exchange.accept, definition)
    this.#include = includeOf(exchange)
  }

  /** Kind of the objects that are sent. */
  get kind(): string {
    return this.#shape?.as ?? this.#definition.kind
  }

  print(stored: ApiObject): JsonObject {
    const object = inVersion(this.#definition, stored)
    if (this.#shape?.as === 'Table') {
      const table = toTable(this.#definition, [object], {
        includeObject: this.#include,
        now: this.#core.clock.now(),
      })
      const columns = this.#first ? table.columnDefinitions : null
      this.#first = false
      return {
        kind: 'Table',
        apiVersion: `meta.k8s.io/${this.#shape.version}`,
        metadata: { resourceVersion: object.metadata.resourceVersion },
        columnDefinitions: columns,
        rows: table.rows,
      }
    }
    if (this.#shape !== undefined)
      return {
        kind: 'PartialObjectMetadata',
        apiVersion: `meta.k8s.io/${this.#shape.version}`,
        metadata: object.metadata,
      }
    return object
  }

  bookmark(revision: string, initialEnd: boolean): JsonObject {
    const metadata: JsonObject = {
      resourceVersion: revision,
      ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    }
    if (this.#shape?.as === 'Table') {
      // A row of an object that has nothing, as the API server prints it.
      const empty = toTable(this.#definition, [{ metadata: {} }], { includeObject: 'None', now: 0 })
      const columns = this.#first ? empty.columnDefinitions : null
      const [row] = empty.rows
      this.#first = false
      return {
        kind: 'Table',
        apiVersion: `meta.k8s.io/${this.#shape.version}`,
        metadata: { resourceVersion: revision },
        columnDefinitions: columns,
        rows: [
          {
            cells: isObject(row) ? (row['cells'] ?? []) : [],
            object: {
              kind: 'PartialObjectMetadata',
              apiVersion: `meta.k8s.io/${this.#shape.version}`,
              metadata,
            },
          },
        ],
      }
    }
    if (this.#shape !== undefined)
      return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${this.#shape.version}`, metadata }
    return { kind: this.#definition.kind, apiVersion: apiVersionOf(this.#definition), metadata }
  }
}

import type { Keep, SelectOptions } from './client-types.ts'
import type { WatchSource } from './client.ts'
import { isGone, KubeconfigError, KubernetesAnswerError, KubernetesApiError } from './errors.ts'
import type { Status } from './errors.ts'
import { collectionPath } from './kind.ts'
import type { Kind } from './kind.ts'
import { requireObject } from './list.ts'
import type { KubernetesObject } from './objects.ts'
import { pause } from './clock.ts'

/** A change of one object. A deleted object is in its last known state. */
export type Change<T> =
  | { type: 'added'; object: T; old?: undefined }
  | { type: 'modified'; object: T; old: T }
  | { type: 'deleted'; object: T; old?: T }

/** What to follow, and who is told. */
export type FollowOptions<T> = SelectOptions & {
  /** What of each object is kept and told. @default all of it */
  keep?: Keep<T>
  signal?: AbortSignal
  /** The longest pause after failures, ms, up to half as much more by chance. @default 30000 */
  longestPauseMs?: number | undefined
  /** Called when everything of a list has been announced. */
  onSynced?: () => void
  /** Called with each failure; all are retried. Without it, what waiting cannot cure is thrown. */
  onError?: (error: unknown) => void
}

type WireEvent<T> = { type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'; object: T & Status }

/** Pauses between failures, ms: doubled from the first to the longest, each times 0.5 to 1.5 so that clients do not come in step. */
const FIRST_PAUSE = 100
const LONGEST_PAUSE = 30_000
/** After so many failures in a row the place in the stream is given up and everything listed again. */
const FAILURES_BEFORE_RELIST = 5
/** A watch that ends sooner without an event is a failure, ms: else a server that closes at once would be asked without pause. */
const SHORTEST_WATCH = 1000
/** What is added to the server's own limit before a silent connection is given up, ms. */
const SILENCE_MARGIN = 30_000

/** `namespace/name`: the key of an object within its kind. */
export function keyOf({
  metadata: { namespace = '', name },
}: {
  metadata: { namespace?: string; name: string }
}): string {
  return `${namespace}/${name}`
}

/**
 * Lists a kind and follows it for ever. Resumes from the last version seen (events and bookmarks) after any end of the connection.
 * When that version is too old it lists again and compares with what it knew, so that an object deleted in the gap is announced,
 * and one deleted and made anew is announced as both. Changes that came together are given together, in their order. Ends when the signal aborts.
 */
export async function* follow<T extends KubernetesObject>(
  source: WatchSource,
  kind: Kind<T>,
  options: FollowOptions<T>,
): AsyncGenerator<Change<T>[]> {
  const { namespace, labelSelector, fieldSelector, signal, onSynced, onError, keep } = options
  const { longestPauseMs = LONGEST_PAUSE } = options
  const select = {
    ...(namespace && { namespace }),
    ...(labelSelector && { labelSelector }),
    ...(fieldSelector && { fieldSelector }),
    ...(signal && { signal }),
  }
  const path = collectionPath(kind as Kind, namespace)
  const known = new Map<string, T>()
  const maxItems = source.maxItems ?? Number.POSITIVE_INFINITY
  let version: string | undefined
  let failures = 0
  let synced = false
  while (!signal?.aborted) {
    try {
      if (version === undefined) {
        const list = await source.list(kind, { ...select, keep })
        yield [...compare(known, list.items)]
        version = list.metadata.resourceVersion
        synced = true
        onSynced?.()
      }
      const seconds = 240 + Math.floor(Math.random() * 240)
      const query = {
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion: version,
        timeoutSeconds: seconds,
        labelSelector,
        fieldSelector,
      }
      const startedAt = performance.now()
      let heard = false
      for await (const lines of source.lines(path, query, seconds * 1000 + SILENCE_MARGIN, signal)) {
        const changes: Change<T>[] = []
        try {
          for (const line of lines) {
            const event = parseEvent<T>(line, path, kind)
            if (event.type === 'ERROR')
              throw new KubernetesApiError(event.object.code ?? 500, event.object, { method: 'WATCH', path })
            heard = true
            // One event and an end, again and again, is no server that has recovered.
            if (performance.now() - startedAt >= SHORTEST_WATCH) failures = 0
            if (event.type !== 'BOOKMARK')
              changes.push(...accept(known, event.type, keep?.(event.object) ?? event.object))
            if (known.size > maxItems) {
              version = undefined
              throw new KubernetesAnswerError(`WATCH ${path}: there are more than ${maxItems} objects`)
            }
            version = event.object.metadata.resourceVersion ?? version
          }
        } finally {
          // What was accepted before a failure is known, and will not be told again.
          if (changes.length > 0) yield changes
        }
      }
      if (signal?.aborted) return
      if (performance.now() - startedAt < SHORTEST_WATCH) {
        failures++
        if (failures % FAILURES_BEFORE_RELIST === 0) version = undefined
      } else {
        failures = 0
        if (!heard && (await wentBack(source, kind, select, version))) version = undefined
      }
    } catch (error) {
      if (signal?.aborted) return
      failures++
      if (isGone(error) || failures % FAILURES_BEFORE_RELIST === 0) version = undefined
      if (onError) onError(error)
      else if (!synced || isRefusal(error)) throw error
      // The first gap is filled at once; waiting is for a server that cannot serve us yet.
      if (isGone(error) && failures === 1) continue
    }
    if (failures > 0)
      await pause(Math.min(FIRST_PAUSE * 2 ** (failures - 1), longestPauseMs) * (0.5 + Math.random()), signal)
  }
}

function* compare<T extends KubernetesObject>(
  known: Map<string, T>,
  items: readonly T[],
): Generator<Change<T>> {
  const present = new Set(items.map(keyOf))
  for (const [key, object] of known) {
    if (present.has(key)) continue
    known.delete(key)
    yield { type: 'deleted', object, old: object }
  }
  for (const item of items) yield* accept(known, 'MODIFIED', item)
}

function* accept<T extends KubernetesObject>(
  known: Map<string, T>,
  type: 'ADDED' | 'MODIFIED' | 'DELETED',
  object: T,
): Generator<Change<T>> {
  const key = keyOf(object)
  const old = known.get(key)
  if (type === 'DELETED') {
    known.delete(key)
    yield { type: 'deleted', object, ...(old && { old }) }
    return
  }
  if (old && old.metadata.uid === object.metadata.uid) {
    if (old.metadata.resourceVersion === object.metadata.resourceVersion) return
    known.set(key, object)
    yield { type: 'modified', object, old }
    return
  }
  if (old) yield { type: 'deleted', object: old, old }
  known.set(key, object)
  yield { type: 'added', object }
}

function parseEvent<T extends KubernetesObject>(line: string, path: string, kind: Kind<T>): WireEvent<T> {
  let event: WireEvent<T>
  try {
    event = JSON.parse(line) as WireEvent<T>
  } catch (error) {
    throw new KubernetesAnswerError(`WATCH ${path}: an event is not JSON`, { cause: error })
  }
  const isKnown = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'].includes(event?.type)
  const isComplete = event?.type === 'ERROR' ? Boolean(event.object) : Boolean(event?.object?.metadata)
  if (!isKnown || !isComplete) throw new KubernetesAnswerError(`WATCH ${path}: an event of unknown form`)
  if (event.type !== 'ERROR' && event.type !== 'BOOKMARK')
    requireObject(event.object, kind, `WATCH ${path}: an object`)
  return event
}

/** A server restored from an older state waits in silence for a version that will come again with other content. */
async function wentBack<T extends KubernetesObject>(
  source: WatchSource,
  kind: Kind<T>,
  select: SelectOptions & { signal?: AbortSignal },
  version: string,
): Promise<boolean> {
  const list = await source.list(kind, { ...select, pageSize: 1, limit: 1 })
  const numbers = /^\d+$/
  const now = list.metadata.resourceVersion
  return numbers.test(now) && numbers.test(version) && BigInt(now) < BigInt(version)
}

/** What comes back however often it is asked: no such resource, no right, a wrong question. */
function isRefusal(error: unknown): boolean {
  if (error instanceof KubeconfigError) return true
  return error instanceof KubernetesApiError && error.status < 500 && ![408, 410, 429].includes(error.status)
}

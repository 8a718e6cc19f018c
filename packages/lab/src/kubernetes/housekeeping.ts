import type { Core } from './rest/core.ts'
import type { ObjectKey } from './store/storage.ts'

/** How long Events are kept after they were written last, milliseconds, as by the API server's `--event-ttl`. */
const EVENT_TTL_MS = 3_600_000
/** How often what is older than that is forgotten of the objects' history, milliseconds, as by its `--etcd-compaction-interval`. */
const COMPACTION_MS = 300_000
const LOOK_MS = 60_000
const EVENTS = '/events'

/** What an API server throws away, by the time of the calendar: without it a server that runs for long would hold ever more. */
export interface Housekeeping {
  /** Throws away what is due. */
  tidy(): void
  stop(): void
}

/** Keeps house for an API server. */
export function startHousekeeping({ storage, clock }: Pick<Core, 'storage' | 'clock'>): Housekeeping {
  /** When each Event was written last, the oldest first. */
  const written = new Map<string, { readonly key: ObjectKey; readonly at: number }>()
  let before = { at: clock.now(), revision: storage.revision }
  storage.tap((key, { type }) => {
    if (key.bucket !== EVENTS) return
    const id = `${key.namespace}/${key.name}`
    written.delete(id)
    if (type !== 'DELETED') written.set(id, { key, at: clock.now() })
  })
  const tidy = (): void => {
    const now = clock.now()
    for (const { key, at } of written.values()) {
      if (now - at < EVENT_TTL_MS) break
      storage.remove(key)
    }
    if (now - before.at < COMPACTION_MS) return
    storage.compact(before.revision)
    before = { at: now, revision: storage.revision }
  }
  const timer = setInterval(tidy, LOOK_MS)
  timer.unref()
  return { tidy, stop: () => clearInterval(timer) }
}

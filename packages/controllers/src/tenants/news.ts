import type { Clock } from '../runtime/clock.ts'

/** Names of a tenant's Nodes are passed on in rounds, milliseconds. */
const ROUND_MS = 1000
/** So many in a round; a cluster of five thousand Nodes, each of which reports every five minutes, has a third of it. */
const MOST_IN_ROUND = 50

/** News of Nodes, passed on no faster than one can act upon: a tenant may change its Nodes as often as it likes. */
export interface News {
  /** Something is new of a Node. The first is passed on at once, the same one twice only with a round between. */
  add(name: string): void
  close(): void
}

/** Makes it. `tell` is called with each name. */
export function createNews(clock: Clock, tell: (name: string) => void): News {
  const waiting = new Set<string>()
  const told = new Set<string>()
  let cancel: (() => void) | undefined
  const round = (): void => {
    told.clear()
    cancel = waiting.size > 0 ? clock.setTimeout(round, ROUND_MS) : undefined
    for (const name of waiting) {
      if (told.size >= MOST_IN_ROUND) break
      waiting.delete(name)
      told.add(name)
      tell(name)
    }
  }
  return {
    add: (name) => {
      if (told.size < MOST_IN_ROUND && !told.has(name)) {
        waiting.delete(name)
        told.add(name)
        cancel ??= clock.setTimeout(round, ROUND_MS)
        tell(name)
      } else waiting.add(name)
    },
    close: () => {
      cancel?.()
      waiting.clear()
    },
  }
}

import type { LabClock } from '../../clock.ts'
import type { Recognized } from './service-accounts.ts'

/** How long the API server believes what it found out of a token, milliseconds (recorded: it outlives its Secret by that). */
const KEPT_FOR = 10_000

/** What a token turned out to be. */
type Verdict = Recognized | { error: string }

/** Remembers for a while whose a token was, so that it is not looked up at each request. Refusals are not remembered. */
export class TokenCache {
  readonly #clock: LabClock
  /** In the order in which they end. */
  readonly #known = new Map<string, { until: number; found: Recognized }>()

  /** @param clock whose hardware time counts. */
  constructor(clock: LabClock) {
    this.#clock = clock
  }

  /** What is known of a token for some audiences; else what `look` finds. */
  find(token: string, audiences: readonly string[], look: () => Verdict): Verdict {
    const now = performance.now()
    for (const [key, { until }] of this.#known)
      if (until <= now) this.#known.delete(key)
      else break
    const key = JSON.stringify([token, ...audiences])
    const known = this.#known.get(key)
    if (known !== undefined) return known.found
    const found = look()
    if (!('error' in found)) this.#known.set(key, { until: now + KEPT_FOR / this.#clock.speed, found })
    return found
  }
}

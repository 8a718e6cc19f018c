import { isTimeout, KubernetesConnectionError } from '@fochista/kubernetes'

/** So many calls in a row without an answer, and nobody waits for one any more. */
const MOST_TIMEOUTS = 4
/** For so long; then it is tried again. */
const PAUSE_MS = 15_000

/** Runs calls while their server answers; refuses them at once for a while when it has not answered several in a row. */
type Breaker = <T>(run: () => Promise<T>) => Promise<T>

/** Makes a breaker. It throws a KubernetesConnectionError in place of a call. */
export function createBreaker(now: () => number): Breaker {
  let timeouts = 0
  let closedUntil = 0
  /** Also by a call that was on its way when others were given up. */
  const answered = (): void => {
    timeouts = 0
    closedUntil = 0
  }
  return async (run) => {
    const rest = closedUntil - now()
    if (rest > 0)
      throw new KubernetesConnectionError(
        `the API server has not answered ${timeouts} calls in a row; it is asked again in ${Math.ceil(rest / 1000)} s`,
        { code: 'UNANSWERED' },
      )
    try {
      const value = await run()
      answered()
      return value
    } catch (error) {
      if (!isTimeout(error)) answered()
      else if ((timeouts += 1) >= MOST_TIMEOUTS) closedUntil = now() + PAUSE_MS
      throw error
    }
  }
}

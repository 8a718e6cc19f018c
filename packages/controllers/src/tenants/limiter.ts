/** Lets so many run at once; the others wait in the order in which they came. */
type Limiter = <T>(run: () => Promise<T>) => Promise<T>

/** Makes a limiter. */
export function createLimiter(most: number): Limiter {
  let running = 0
  const waiting: (() => void)[] = []
  return async (run) => {
    // Whoever leaves hands its place to the first in the row, so that no newcomer slips in between.
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve))
    else running += 1
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running -= 1
    }
  }
}

/** Runs functions of one key one after the other; those of different keys do not wait for each other. */
export type KeyedMutex = <T>(key: string, run: () => Promise<T>) => Promise<T>

/** Makes a mutex; a failure passes to its caller only. */
export function createKeyedMutex(): KeyedMutex {
  const tails = new Map<string, Promise<unknown>>()
  return (key, run) => {
    const before = tails.get(key) ?? Promise.resolve()
    const next = before.then(run, run)
    const tail = next
      .catch(() => undefined)
      .then(() => {
        if (tails.get(key) === tail) tails.delete(key)
      })
    tails.set(key, tail)
    return next
  }
}

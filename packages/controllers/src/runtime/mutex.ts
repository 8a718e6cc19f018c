/** Runs one function after the other. */
export type Mutex = <T>(run: () => Promise<T>) => Promise<T>

/** Makes a mutex; a failure passes to its caller only. */
export function createMutex(): Mutex {
  let tail: Promise<unknown> = Promise.resolve()
  return (run) => {
    const next = tail.then(run, run)
    tail = next.catch(() => undefined)
    return next
  }
}

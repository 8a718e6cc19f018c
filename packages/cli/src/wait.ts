/** Resolves when the signal is aborted; for commands that run until Ctrl-C. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    // An AbortSignal keeps no process alive; this timer does, until the abort.
    const keepAlive = setInterval(() => {}, 1 << 30)
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(keepAlive)
        resolve()
      },
      { once: true },
    )
  })
}

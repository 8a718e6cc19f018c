/** A line costs at least so much, bytes: what a small event sets off is more than its bytes. */
const LEAST_COST = 2048
/** How much may come at once, in seconds of the rate: what has gathered while nobody read. */
const BURST_SECONDS = 8

/**
 * Takes lines no faster than so many bytes a second, after a burst. What is not taken waits in the sender's own buffers, so that one
 * server that floods its watch costs nobody else time.
 */
export async function* paced(
  lines: AsyncIterable<string>,
  bytesPerSecond: number,
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const burst = bytesPerSecond * BURST_SECONDS
  let credit = burst
  let at = performance.now()
  for await (const line of lines) {
    const now = performance.now()
    credit = Math.min(burst, credit + ((now - at) / 1000) * bytesPerSecond)
    at = now
    credit -= Math.max(line.length, LEAST_COST)
    if (credit < 0) await pause(Math.max(10, (-credit / bytesPerSecond) * 1000), signal)
    if (signal?.aborted) return
    yield line
  }
}

/** Waits, or until the signal aborts; never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end, { once: true })
  })
}

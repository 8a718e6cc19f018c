import { pause } from './clock.ts'

/** What is taken is paid for; whoever takes faster than the rate waits. What is not taken stays in the sender's own buffers. */
export interface Pacer {
  /** Pays for so many bytes, and waits while more than the burst was taken ahead of the rate. Never rejects. */
  take(bytes: number, signal?: AbortSignal): Promise<void>
}

/** Makes a pacer. Its burst is what may come at once after a silence, bytes. */
export function createPacer({ bytesPerSecond, burst }: { bytesPerSecond: number; burst: number }): Pacer {
  let credit = burst
  let at = performance.now()
  return {
    take: async (bytes, signal) => {
      const now = performance.now()
      credit = Math.min(burst, credit + ((now - at) / 1000) * bytesPerSecond) - bytes
      at = now
      if (credit < 0) await pause(Math.max(10, (-credit / bytesPerSecond) * 1000), signal)
    },
  }
}

/** What a small event sets off is more than its bytes: it costs at least so much. */
const LEAST_COST = 2048

/** Lines whose bytes are paid for already, one at a time, with what each costs beyond them. */
export async function* pacedLines(
  groups: AsyncIterable<string[]>,
  pacer: Pacer,
  signal?: AbortSignal,
): AsyncGenerator<string[]> {
  for await (const lines of groups)
    for (const line of lines) {
      if (line.length < LEAST_COST) await pacer.take(LEAST_COST - line.length, signal)
      if (signal?.aborted) return
      yield [line]
    }
}

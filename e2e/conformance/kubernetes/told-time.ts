import type { Recorded } from './recorded.ts'

const TOLD = /"(?:time|creationTimestamp|lastTransitionTime)":"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)"/g
/** Less than this a controller is waited for anyway. Milliseconds. */
const LONG = 5000

/** How long the recorder waited before a line, as its title says, milliseconds: `11 s later`. */
export function saidTime(title: string): number {
  return 1000 * Number(/\b(\d+) s later$/.exec(title)?.[1] ?? 0)
}

/** Follows the time that recorded answers tell of. */
export class ToldTime {
  #latest = 0

  /**
   * How long the recorder waited for a controller before a line, milliseconds: a read that tells of a moment well after all that was
   * told before shows what a controller did meanwhile. 0 for what was not waited for.
   */
  before({ request, response }: Recorded): number {
    const times = [...(response?.body ?? '').matchAll(TOLD)].map(([, time = '']) => Date.parse(time))
    const latest = Math.max(0, ...times)
    const gap = this.#latest === 0 ? 0 : latest - this.#latest
    this.#latest = Math.max(this.#latest, latest)
    return request?.method === 'GET' && gap >= LONG ? gap : 0
  }
}

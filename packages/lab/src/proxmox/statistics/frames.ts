import type { ProxmoxWorld } from '../world.ts'

/** Seconds a row stands for, and rows of each time frame. */
const FRAMES: Readonly<Record<string, readonly [step: number, rows: number]>> = {
  hour: [60, 60],
  day: [60, 1440],
  week: [1800, 336],
  month: [1800, 1440],
  year: [21600, 1440],
  decade: [604_800, 570],
}

/** A row of statistics: its time in seconds since 1970, and what is known of it. */
export interface Row {
  readonly time: number
  readonly [source: string]: number
}

/** Looks at a moment, in ms since 1970: the values then; undefined where nothing is known. */
type Look = (at: number) => Readonly<Record<string, number>> | undefined

/** Moments of a row that are looked at. */
const LOOKS = 12

/**
 * Rows of a time frame up to now, each of the values at moments of its time: their mean, or the greatest. A row of which less
 * than a half is known is empty; the last one then is left out.
 * @param since ms since 1970 before which nothing is known.
 */
export function rowsOf(
  world: ProxmoxWorld,
  { frame, cf, since }: { frame: string; cf: string | undefined; since: number },
  look: Look,
): Row[] {
  const [step, count] = FRAMES[frame] ?? [60, 60]
  const end = Math.floor(world.clock.now() / 1000 / step) * step
  const rows = Array.from({ length: count }, (_, index): Row => {
    const time = end - (count - 1 - index) * step
    if (time * 1000 <= since) return { time }
    const looks = Array.from({ length: LOOKS }, (__, at) =>
      look((time - step * (1 - (at + 0.5) / LOOKS)) * 1000),
    )
    const known = looks.filter((values) => values !== undefined)
    return known.length < LOOKS / 2 ? { time } : { time, ...joined(known, cf === 'MAX') }
  })
  if (Object.keys(rows.at(-1) ?? {}).length === 1) rows.pop()
  return rows
}

/** A source that is missing at some moments is nothing then; one that is missing at all of them is missing. */
function joined(all: readonly Readonly<Record<string, number>>[], isMax: boolean): Record<string, number> {
  const names = new Set(all.flatMap((values) => Object.keys(values)))
  return Object.fromEntries(
    [...names].map((name) => {
      const values = all.map((each) => each[name] ?? 0)
      return [
        name,
        isMax ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0) / values.length,
      ]
    }),
  )
}

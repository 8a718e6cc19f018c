/** How many runs, and from which seed: `npm run test:chaos -- --runs N --seed S` says so through the environment. */
export const runs = Number(process.env['CHAOS_RUNS'] ?? 20)
export const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** The command that repeats these runs; printed with a failure. */
export const repeat = (journey: string): string =>
  `npm run test:chaos -- --only ${journey} --runs ${runs} --seed ${seed}`

/** Random numbers that the seed decides. */
export interface Random {
  /** From 0 to 1. */
  (): number
  /** A whole number, both ends included. */
  whole(least: number, most: number): number
  /** One of them. */
  pick<T>(from: readonly T[]): T
}

/** Makes a source of random numbers (Mulberry32: small, and good enough to choose moments). */
export function createRandom(from: number): Random {
  let state = from >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return Object.assign(next, {
    whole,
    pick: <T>(all: readonly T[]): T => {
      const one = all[whole(0, all.length - 1)]
      if (one === undefined) throw new RangeError('nothing to pick from')
      return one
    },
  })
}

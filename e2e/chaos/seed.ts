import { createChance } from '../../packages/controllers/src/model/chance.ts'

/** How many runs, and from which seed: `npm run test:chaos -- --runs N --seed S` says so through the environment. */
export const runs = Number(process.env['CHAOS_RUNS'] ?? 20)
export const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** Whether all there is to be tried is tried, however long it takes: `npm run test:chaos -- --all`. */
export const all = process.env['CHAOS_ALL'] === '1'

/**
 * Only faults whose names have these words (`A|B`: or those) are tried, or those of whole names joined by `; ` together:
 * `npm run test:chaos -- --only faults --fault WORDS`.
 */
export const wantedFault = process.env['CHAOS_FAULT']

/** How many faults in company are drawn: `npm run test:chaos -- --only faults --companies N`; else one for each 20 runs. */
export const companies = Number(process.env['CHAOS_COMPANIES'] ?? Math.max(1, Math.floor(runs / 20)))

/** The commands that repeat one fault or company, and all of this run. */
export const repeatFaults = (name: string): string =>
  `repeat it with: npm run test:chaos -- --only faults --fault '${name}'\nor all with: ${repeat('faults')}`

const chosen = [
  ...(all ? ['--all'] : []),
  ...(process.env['CHAOS_COMPANIES'] === undefined ? [] : [`--companies ${companies}`]),
]

/** The command that repeats these runs; printed with a failure. */
export const repeat = (journey: string): string =>
  `npm run test:chaos -- --only ${journey} --runs ${runs} --seed ${[seed, ...chosen].join(' ')}`

/** Random numbers that the seed decides. */
export interface Random {
  /** From 0 to 1. */
  (): number
  /** A whole number, both ends included. */
  whole(least: number, most: number): number
  /** One of them. */
  pick<T>(from: readonly T[]): T
}

/** Makes a source of random numbers: that of the model test, where nothing to pick from is an error. */
export function createRandom(from: number): Random {
  const chance = createChance(from)
  return Object.assign(() => chance(), {
    whole: (least: number, most: number) => chance.whole(least, most),
    pick: <T>(all: readonly T[]): T => {
      const one = chance.pick(all)
      if (one === undefined) throw new RangeError('nothing to pick from')
      return one
    },
  })
}

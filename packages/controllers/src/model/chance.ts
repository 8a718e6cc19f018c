import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { copyOf } from '../runtime/copy.ts'

/** Random numbers that a seed decides. */
export interface Chance {
  /** From 0 to 1. */
  (): number
  /** A whole number, both ends included. */
  whole(least: number, most: number): number
  /** True so often in a hundred. */
  percent(share: number): boolean
  /** One of them; undefined of none. */
  pick<T>(from: readonly T[]): T | undefined
}

/** Makes a source of random numbers (Mulberry32: small, and good enough to choose moments). */
export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const whole = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return Object.assign(next, {
    whole,
    percent: (share: number) => next() * 100 < share,
    pick: <T>(from: readonly T[]): T | undefined => from[whole(0, from.length - 1)],
  })
}

/** Lets a seed decide all that the process draws: names, ids, VMIDs, jitter. A history that is played again comes out the same. @returns what ends it */
export function decideEverything(chance: Chance): () => void {
  const clone = globalThis.structuredClone
  const { stackTraceLimit } = Error
  globalThis.structuredClone = copyOf
  Error.stackTraceLimit = 0
  const before = { random: Math.random, randomUUID: crypto.randomUUID, randomBytes: crypto.randomBytes }
  const bytes = (size: number): Buffer =>
    Buffer.from(Array.from({ length: size }, () => chance.whole(0, 255)))
  Math.random = chance
  crypto.randomUUID = () => {
    const hex = bytes(16).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }
  crypto.randomBytes = bytes as typeof crypto.randomBytes
  // The bindings that others import by name follow the module's object.
  syncBuiltinESMExports()
  return () => {
    globalThis.structuredClone = clone
    Error.stackTraceLimit = stackTraceLimit
    Math.random = before.random
    crypto.randomUUID = before.randomUUID
    crypto.randomBytes = before.randomBytes
    syncBuiltinESMExports()
  }
}

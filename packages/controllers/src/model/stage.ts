import type { Machine, NodePool } from '@fochista/api'
import type { Truth } from './truth.ts'
import type { Weather } from './weather.ts'

/** One thing that happens, and how long after the one before. Its numbers choose among what is there then. */
export interface Command {
  readonly name: string
  readonly afterMs: number
  readonly a: number
  readonly b: number
}

/** How the controllers come to their end: before a write or after it; or before it, and it is done all the same, late, when others lead already. */
export type End = 'before' | 'after' | 'late'

/** What commands act upon. */
export interface Stage {
  readonly truth: Truth
  readonly weather: Weather
  /** The controllers die at their write that is so many writes ahead; they are started again later. */
  crash(writesAhead: number, when: End, downMs: number): void
  /** The controllers have no connection to Proxmox for so long: its address or its token was changed, and somebody tells them the new one. */
  disconnect(forMs: number): void
  /** Objects that were lost, for those who bring them back. */
  readonly lost: (Machine | NodePool)[]
}

/** Does a thing. @returns to what, for people; undefined if there was nothing to do it to */
export type Act = (stage: Stage, a: number, b: number) => string | undefined

/** Things by their names, and how often each is drawn. */
export type Acts = Readonly<Record<string, readonly [weight: number, act: Act]>>

/** One of them, by a number of any size. */
export const among = <T>(all: readonly T[], number: number): T | undefined =>
  all.length === 0 ? undefined : all[number % all.length]

/** What a person calls an object. */
export const nameOf = (
  object: { metadata: { namespace?: string; name: string } } | undefined,
): string | undefined => object && `${object.metadata.namespace}/${object.metadata.name}`

/** Where the server finds an object of ours. */
export const refOf = ({ metadata }: Machine | NodePool) => ({
  name: metadata.name,
  namespace: metadata.namespace ?? '',
})

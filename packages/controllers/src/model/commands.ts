import type { Chance } from './chance.ts'
import { hands } from './hands.ts'
import { orders } from './orders.ts'
import type { Command, Stage } from './stage.ts'
import { trouble } from './trouble.ts'

const acts = { ...orders, ...trouble, ...hands }

const bag = Object.entries(acts).flatMap(([called, [weight]]) => Array<string>(weight).fill(called))

/** A history that a seed decides: it begins with pools. */
export function drawHistory(chance: Chance, length: number): Command[] {
  return Array.from({ length }, (_, index) => ({
    name: index < 2 ? 'create pool' : (chance.pick(bag) ?? 'crash'),
    afterMs: chance.percent(50) ? chance.whole(0, 5000) : chance.whole(0, 60_000),
    a: chance.whole(0, 9999),
    b: chance.whole(0, 9999),
  }))
}

/** Does one thing. @returns what it was, for people; undefined if there was nothing to do it to */
export function act(stage: Stage, { name: called, a, b }: Command): string | undefined {
  const said = acts[called]?.[1](stage, a, b)
  return said === undefined ? undefined : `${called} ${said}`.trim()
}

import type { Chance } from './chance.ts'
import { hands } from './hands.ts'
import { orders } from './orders.ts'
import type { Command, Stage } from './stage.ts'
import { trouble } from './trouble.ts'

const acts = { ...orders, ...trouble, ...hands }

/** What thousands of histories have not been through yet. */
const young = new Set([
  'edit margins',
  'edit health',
  'edit quota',
  'pause Proxmox cluster',
  'pause machine',
  'tenant is upgraded',
  'drains hang',
  'clocks go apart',
  'no connection to Proxmox',
  'an older leader wakes up',
  'VM locked by hand',
  'VM protected by hand',
  'disk attached by hand',
  'VM copied by hand',
  'template vanishes',
  'images deleted by hand',
  'host is cut off',
  'host is lost',
  'guest never joins',
])

/**
 * A history that a seed decides: it begins with pools.
 * @param isSettled Without what is young, where the verdict on a change must not hang on what it has not touched.
 */
export function drawHistory(chance: Chance, length: number, isSettled: boolean): Command[] {
  const bag = Object.entries(acts).flatMap(([called, [weight]]) =>
    isSettled && young.has(called) ? [] : Array<string>(weight).fill(called),
  )
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

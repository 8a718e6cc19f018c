import type { Random } from '../seed.ts'
import type { Scenario } from './scenario.ts'

/** Some of the ways, each at most once. */
export function draw(from: readonly Scenario[], count: number, random: Random): Scenario[] {
  const left = [...from]
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(random.whole(0, left.length - 1), 1),
  ).flat()
}

/**
 * Some ways that go together: a pool grows or shrinks, not both, so that what goes wrong on a machine's way there would have no machine
 * here; and what somebody does by hand must not be refused because of what another one did.
 */
export function drawCompany(from: readonly Scenario[], count: number, random: Random): Scenario[] {
  const company: Scenario[] = []
  for (const one of draw(from, from.length, random))
    if (company.length < count && company.every((other) => goTogether(one, other))) company.push(one)
  return company
}

function goTogether(one: Scenario, other: Scenario): boolean {
  const isSameWay = (one.while ?? 'growing') === (other.while ?? 'growing')
  return isSameWay && (one.hands === undefined || one.hands !== other.hands)
}

import { canonicalQuantity } from '../builtin/quantity.ts'
import { parseQuantity } from '../schema/quantity.ts'

/** Quantities by the name of what they count: `cpu`, `requests.memory`. */
export type Amounts = { [resource: string]: string }

/** The sum of two quantities, in the spelling of the API. What is none counts as nothing. */
export function addQuantities(a: string, b: string): string {
  const left = parseQuantity(a)
  const right = parseQuantity(b)
  if (left === undefined || right === undefined) return left === undefined ? b : a
  const numerator = left.numerator * right.denominator + right.numerator * left.denominator
  const millis = (numerator * 1000n) / (left.denominator * right.denominator)
  const isBinary = [a, b].some((each) => each.endsWith('i')) && millis % 1_024_000n === 0n
  const sum = isBinary ? `${millis / 1_024_000n}Ki` : `${millis}m`
  return canonicalQuantity(sum) ?? sum
}

/** Adds amounts to others, in place. */
export function addAmounts(to: Amounts, more: Amounts): void {
  for (const [name, amount] of Object.entries(more)) to[name] = addQuantities(to[name] ?? '0', amount)
}

import { parseQuantity } from '../schema/quantity.ts'

const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const NANO = 1_000_000_000n

/** What the API server says of a text that is no quantity. */
export const QUANTITY_PROBLEM =
  "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

/** A quantity as the API server prints it: `1.5Gi` is `1536Mi`, `1000m` is `1`. Undefined when the text is none. */
export function canonicalQuantity(text: string): string | undefined {
  const value = parseQuantity(text)
  if (value === undefined) return undefined
  const { numerator, denominator } = value
  if (numerator === 0n) return '0'
  const sign = numerator < 0n ? '-' : ''
  const size = numerator < 0n ? -numerator : numerator
  if (/[EPTGMK]i$/.test(text) && size >= 1024n * denominator) return sign + binary(size, denominator)
  // Finer than a billionth is rounded up, as in Go.
  const nanos = (size * NANO + denominator - 1n) / denominator
  const exponent = /[eE][+-]?\d+$/.test(text)
  return sign + decimal(nanos, exponent)
}

function binary(size: bigint, denominator: bigint): string {
  let amount = (size + denominator - 1n) / denominator
  let step = 0
  while (amount % 1024n === 0n && step < BINARY.length - 1) {
    amount /= 1024n
    step++
  }
  return `${amount}${BINARY[step]}`
}

function decimal(nanos: bigint, exponent: boolean): string {
  let amount = nanos
  let step = 0
  while (amount % 1000n === 0n && step < DECIMAL.length - 1) {
    amount /= 1000n
    step++
  }
  const power = (step - 3) * 3
  if (exponent) return power === 0 ? `${amount}` : `${amount}e${power}`
  return `${amount}${DECIMAL[step]}`
}

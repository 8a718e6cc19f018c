const FACTORS: { [suffix: string]: [bigint, bigint] } = {
  n: [1n, 1_000_000_000n],
  u: [1n, 1_000_000n],
  m: [1n, 1000n],
  '': [1n, 1n],
  k: [1000n, 1n],
  M: [1000n ** 2n, 1n],
  G: [1000n ** 3n, 1n],
  T: [1000n ** 4n, 1n],
  P: [1000n ** 5n, 1n],
  E: [1000n ** 6n, 1n],
  Ki: [1024n, 1n],
  Mi: [1024n ** 2n, 1n],
  Gi: [1024n ** 3n, 1n],
  Ti: [1024n ** 4n, 1n],
  Pi: [1024n ** 5n, 1n],
  Ei: [1024n ** 6n, 1n],
}

/** A quantity as a fraction, or undefined when the text is none. */
export function parseQuantity(text: string): { numerator: bigint; denominator: bigint } | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei))?$/.exec(
    text,
  )
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent, suffix = ''] = match
  if (whole === '' && fraction === '') return undefined
  const factor = FACTORS[suffix]
  if (factor === undefined) return undefined
  let numerator = BigInt(`${whole}${fraction}` || '0') * factor[0]
  let denominator = 10n ** BigInt(fraction.length) * factor[1]
  const power = Number(exponent ?? 0)
  if (Math.abs(power) > 1000) return undefined
  if (power > 0) numerator *= 10n ** BigInt(power)
  if (power < 0) denominator *= 10n ** BigInt(-power)
  return { numerator: sign === '-' ? -numerator : numerator, denominator }
}

/** Less than, equal to or greater than 0 as the first is less than, equal to or more than the second. */
export function compareQuantities(a: string, b: string): number {
  const left = parseQuantity(a)
  const right = parseQuantity(b)
  if (left === undefined || right === undefined)
    throw new Error('quantities must match the regular expression')
  const difference = left.numerator * right.denominator - right.numerator * left.denominator
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

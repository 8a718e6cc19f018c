const powers: Record<string, bigint> = {
  '': 1n,
  k: 10n ** 3n,
  M: 10n ** 6n,
  G: 10n ** 9n,
  T: 10n ** 12n,
  P: 10n ** 15n,
  Ki: 2n ** 10n,
  Mi: 2n ** 20n,
  Gi: 2n ** 30n,
  Ti: 2n ** 40n,
  Pi: 2n ** 50n,
}

/**
 * Bytes of a Kubernetes quantity such as `8Gi` or `1.5G`, exactly, and rounded up to a whole byte as Kubernetes does; undefined if it is
 * none or too large for a number.
 */
export function parseBytes(quantity: string): number | undefined {
  const match = /^(\d+)(?:\.(\d+))?(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/.exec(quantity)
  const [, whole, fraction = '', unit = ''] = match ?? []
  const power = powers[unit]
  if (whole === undefined || power === undefined || quantity.length > MOST_CHARACTERS) return undefined
  const scale = 10n ** BigInt(fraction.length)
  const bytes = Number((BigInt(whole + fraction) * power + scale - 1n) / scale)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** As in the schema of such fields. */
const MOST_CHARACTERS = 32

/** Bytes in the largest binary unit that divides them: `8Gi`, `1536Mi`, `1000`. */
export function formatBytes(bytes: number): string {
  for (const [unit, factor] of [
    ['Pi', 2 ** 50],
    ['Ti', 2 ** 40],
    ['Gi', 2 ** 30],
    ['Mi', 2 ** 20],
    ['Ki', 2 ** 10],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`
  }
  return String(bytes)
}

/** Milliseconds of a duration such as `20m`, `1h30m` or `90s`; undefined if it is none. */
export function parseDuration(duration: string): number | undefined {
  if (!/^(\d+(ms|s|m|h))+$/.test(duration)) return undefined
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
  return [...duration.matchAll(/(\d+)(ms|s|m|h)/g)].reduce(
    (sum, match) => sum + Number(match[1]) * (units[match[2] ?? ''] ?? 0),
    0,
  )
}

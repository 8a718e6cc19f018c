const factors: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
}

/** Bytes of a Kubernetes quantity such as `8Gi` or `1.5G`, rounded up to a whole byte; undefined if it is none. */
export function parseBytes(quantity: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(Ki|Mi|Gi|Ti|Pi|k|M|G|T|P)?$/.exec(quantity)
  const factor = factors[match?.[2] ?? '']
  if (!match?.[1] || factor === undefined) return undefined
  const bytes = Math.ceil(Number(match[1]) * factor)
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** Bytes in the largest binary unit that divides them: `8Gi`, `1536Mi`, `1000`. */
export function formatBytes(bytes: number): string {
  for (const unit of ['Pi', 'Ti', 'Gi', 'Mi', 'Ki'] as const) {
    const factor = factors[unit] ?? 1
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

/** Names and values that tell the samples of one metric apart. */
export type Labels = Readonly<Record<string, string>>

/** One value of a metric. */
export interface Sample {
  /** What is added to the metric's name: `_sum`, `_count`, `_bucket`. */
  readonly suffix?: string
  readonly labels?: Labels
  readonly value: number
}

/** A metric with its samples. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly samples: readonly Sample[]
}

/** Media type of the text format, which every Prometheus understands. */
export const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8'

/** Metrics in the text format: https://prometheus.io/docs/instrumenting/exposition_formats/ */
export function exposition(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, help, type, samples }) =>
      [
        `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
        `# TYPE ${name} ${type}`,
        ...samples.map(
          ({ suffix = '', labels = {}, value }) => `${name}${suffix}${printed(labels)} ${numberOf(value)}`,
        ),
        '',
      ].join('\n'),
    )
    .join('')
}

function printed(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function numberOf(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  if (value === Number.NEGATIVE_INFINITY) return '-Inf'
  return String(value)
}

/** Counts how long things took, by labels. */
export interface Histogram {
  observe(labels: Labels, seconds: number): void
  samples(): Sample[]
}

/** Makes a histogram. @param bounds Upper ends of its buckets, seconds, ascending. */
export function createHistogram(bounds: readonly number[]): Histogram {
  const series = new Map<string, { labels: Labels; counts: number[]; sum: number; count: number }>()
  return {
    observe: (labels, seconds) => {
      const key = JSON.stringify(labels)
      let one = series.get(key)
      if (!one) series.set(key, (one = { labels, counts: bounds.map(() => 0), sum: 0, count: 0 }))
      one.sum += seconds
      one.count += 1
      // Buckets hold everything up to their bound.
      for (const [index, bound] of bounds.entries())
        if (seconds <= bound) one.counts[index] = (one.counts[index] ?? 0) + 1
    },
    samples: () =>
      [...series.values()].flatMap(({ labels, counts, sum, count }) => [
        ...bounds.map((bound, index) => ({
          suffix: '_bucket',
          labels: { ...labels, le: String(bound) },
          value: counts[index] ?? 0,
        })),
        { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
        { suffix: '_sum', labels, value: sum },
        { suffix: '_count', labels, value: count },
      ]),
  }
}

/** Counts by labels. */
export interface Counter {
  add(labels: Labels): void
  samples(): Sample[]
}

/** Makes a counter. */
export function createCounter(): Counter {
  const series = new Map<string, { labels: Labels; value: number }>()
  return {
    add: (labels) => {
      const key = JSON.stringify(labels)
      series.set(key, { labels, value: (series.get(key)?.value ?? 0) + 1 })
    },
    samples: () => [...series.values()],
  }
}

/** One measured figure beside its peer or physical limit, both taken in the same run. */
export interface Figure {
  readonly name: string
  /** The median of the runs. */
  readonly value: number
  readonly unit: string
  /** What stands beside it: another program, or the limit of the machine. */
  readonly peer: string
  /** value / peer's value; below 1 is better for times, whatever `goal` says for others. */
  readonly ratio: number
  /** The ratio we want to stay at or below. */
  readonly goal: number
}

/**
 * Times `ours` and `peer` in turn, `rounds` times after one warm-up each, and compares their medians (milliseconds). Each goes first as often as
 * the other: memory is collected every so many rounds, and where that fell in with the turns one of them bore it for both.
 */
export async function compare(
  name: string,
  goal: number,
  ours: () => unknown,
  peer: { readonly name: string; readonly run: () => unknown },
  rounds = 9,
): Promise<Figure> {
  const times = { ours: [] as number[], peer: [] as number[] }
  await ours()
  await peer.run()
  for (let round = 0; round < rounds; round += 1) {
    // Alternating keeps a noisy neighbour from hitting one side only.
    if (round % 2 === 0) times.ours.push(await timed(ours))
    times.peer.push(await timed(peer.run))
    if (round % 2 === 1) times.ours.push(await timed(ours))
  }
  const value = median(times.ours)
  return { name, value, unit: 'ms', peer: peer.name, ratio: value / median(times.peer), goal }
}

async function timed(run: () => unknown): Promise<number> {
  const started = performance.now()
  await run()
  return performance.now() - started
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

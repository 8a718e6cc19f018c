/** What a replay says of one exchange. */
export interface Outcome {
  n: number
  title: string
  /** `refused`: the lab said honestly that it does not do this (501). `not sent`: nothing was compared; `actual` says why. */
  verdict: 'agrees' | 'wrong' | 'refused' | 'not sent'
  /** What was recorded and what came, as far as they were compared. Empty where they agree and nothing need be told. */
  expected: string
  actual: string
}

/** What a replay says of one recording. */
export interface Replay {
  /** Name in the baseline: `kubernetes/03-errors`. */
  name: string
  outcomes: Outcome[]
}

/** How many exchanges ended how. */
export interface Counts {
  agree: number
  refused: number
  wrong: number
  /** Not compared. */
  left: number
}

/** Counts the outcomes of replays. */
export function countOf(replays: readonly Replay[]): Counts {
  const outcomes = replays.flatMap((replay) => replay.outcomes)
  const count = (wanted: Outcome['verdict']): number =>
    outcomes.filter(({ verdict }) => verdict === wanted).length
  return {
    agree: count('agrees'),
    refused: count('refused'),
    wrong: count('wrong'),
    left: count('not sent'),
  }
}

/** An exchange that is not compared, and why. */
export function leftOut(n: number, title: string, why: string): Outcome {
  return { n, title, verdict: 'not sent', expected: '', actual: why }
}

/** What differs, in one line that begins a little before the first difference. Empty where nothing does. */
export function differenceOf({ verdict, expected, actual }: Outcome, width = 300): string {
  if (verdict === 'agrees') return ''
  if (verdict === 'not sent') return `not compared: ${actual}`
  let same = 0
  while (same < expected.length && expected[same] === actual[same]) same++
  const from = Math.max(0, same - 60)
  const part = (text: string): string =>
    `${from > 0 ? '…' : ''}${text.slice(from, from + width)}${text.length > from + width ? '…' : ''}`
  return `recorded ${part(expected)} now ${part(actual)}`
}

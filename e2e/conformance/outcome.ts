/** What a replay says of one exchange. */
export interface Outcome {
  n: number
  title: string
  /** `agrees`, `status` (another status code), `answer` (same status, another answer), `not sent`. */
  verdict: 'agrees' | 'status' | 'answer' | 'not sent'
  expected: string
  actual: string
}

/** What a replay says of one recording. */
export interface Replay {
  /** Name in the baseline: `kubernetes/03-errors`. */
  name: string
  /** Exchanges whose answers agree. */
  agree: number
  /** Exchanges that were sent and compared. */
  sent: number
  /** What differs, where the replay tells it. */
  differences: Outcome[]
}

/** Counts the outcomes of a recording. */
export function replayOf(name: string, outcomes: Outcome[]): Replay {
  const sent = outcomes.filter(({ verdict }) => verdict !== 'not sent')
  const differences = sent.filter(({ verdict }) => verdict !== 'agrees')
  return { name, agree: sent.length - differences.length, sent: sent.length, differences }
}

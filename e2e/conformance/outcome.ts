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
  outcomes: Outcome[]
}

/** How many exchanges of a replay agree, and how many were sent. */
export function count(replay: Replay): { agree: number; sent: number } {
  const sent = replay.outcomes.filter(({ verdict }) => verdict !== 'not sent')
  return { agree: sent.filter(({ verdict }) => verdict === 'agrees').length, sent: sent.length }
}

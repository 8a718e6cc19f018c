import { readFileSync } from 'node:fs'
import { createLabClock } from '../../clock.ts'
import { createApiServer } from '../server.ts'
import { selfSigned } from './certificate.ts'
import { replay } from './replay.ts'
import type { Outcome, Recorded } from './replay.ts'

const TOKENS = { admin: 'token-admin', alice: 'token-alice', bob: 'token-bob', imp: 'token-imp' }

/** Replays one file of recorded exchanges against a fresh server. */
export async function replayFile(path: string): Promise<Outcome[]> {
  const tls = await selfSigned()
  const server = createApiServer({
    tls,
    caPem: tls.certPem,
    clock: createLabClock(),
    staticTokens: [
      { token: TOKENS.admin, user: { username: 'admin', uid: 'admin-uid', groups: ['system:masters'] } },
      { token: TOKENS.alice, user: { username: 'alice', uid: 'alice-uid', groups: ['devs'] } },
      { token: TOKENS.bob, user: { username: 'bob', uid: 'bob-uid', groups: [] } },
      { token: TOKENS.imp, user: { username: 'imp', uid: 'imp-uid', groups: ['impersonators'] } },
    ],
  })
  await server.listen()
  try {
    const records = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Recorded)
    return await replay({ url: server.url, tokens: TOKENS }, records)
  } finally {
    await server.close()
  }
}

/** Counts of a replay: status and body agree, status agrees, all that were sent. */
export function summarize(outcomes: Outcome[]): { same: number; status: number; sent: number } {
  const sent = outcomes.filter((outcome) => outcome.verdict !== 'skipped')
  return {
    same: sent.filter((outcome) => outcome.verdict === 'ok').length,
    status: sent.filter((outcome) => outcome.verdict !== 'status').length,
    sent: sent.length,
  }
}

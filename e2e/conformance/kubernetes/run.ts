import { join } from 'node:path'
import { replayOf } from '../outcome.ts'
import type { Replay } from '../outcome.ts'
import { readRecording, recordingsIn } from '../recordings.ts'
import { replay } from './replay.ts'
import type { Recorded } from './recorded.ts'
import { startServer } from './server.ts'

/** Recordings of the API server alone. 12 and 13 hold what other programs did, not what we can send. */
const REPLAYED = /^(0\d|10|11)-.*\.jsonl$/

/** One replay per recording of the API server in `folder`, not yet begun. */
export function kubernetesReplays(folder: string): { name: string; run(): Promise<Replay[]> }[] {
  const home = join(folder, 'kamaji', 'transcripts-kubernetes')
  return recordingsIn(home, REPLAYED).map((file) => {
    const name = `kubernetes/${file.replace('.jsonl', '')}`
    return {
      name,
      async run() {
        // The first recording was made before the controllers ran.
        const server = await startServer(!file.startsWith('01-'))
        try {
          return [replayOf(name, await replay(server.target, readRecording<Recorded>(join(home, file))))]
        } finally {
          await server.close()
        }
      },
    }
  })
}

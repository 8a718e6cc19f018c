import { join } from 'node:path'
import type { Replayable } from '../recordings.ts'
import { readRecording, recordingsIn } from '../recordings.ts'
import { replay } from './replay.ts'
import type { Recorded } from './recorded.ts'
import { startServer } from './server.ts'
import { startWebhookServer } from './webhook-server.ts'

/** Recordings of the API server alone. 12 and 13 hold what other programs did, not what we can send. */
const REPLAYED =
  /^(01-discovery|02-crud|03-errors|04-lists-watches|05-patches|06-crds|07-deletion|08-auth|09-protobuf|10-upgrade|11-admission)\.jsonl$/

/** One replay per recording of the API server in a folder, not yet begun. */
export function kubernetesReplays(folder: string): Replayable[] {
  return recordingsIn(folder, REPLAYED).map((file) => {
    const name = `kubernetes/${file.replace('.jsonl', '')}`
    return {
      names: [name],
      async run(pace) {
        const records = readRecording<Recorded>(join(folder, file))
        const server = await startServer(file, records)
        const webhook = file.startsWith('11-') ? await startWebhookServer() : undefined
        try {
          const target = { ...server.target, ...(webhook === undefined ? {} : { webhook }) }
          return [{ name, outcomes: await replay(target, records, pace) }]
        } finally {
          await server.close()
          await webhook?.close()
        }
      },
    }
  })
}

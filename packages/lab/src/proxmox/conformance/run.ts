import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { replayFile } from './replay.ts'

/** How far the emulated API agrees with one file of recorded exchanges. */
export interface Agreement {
  readonly file: string
  /** Exchanges whose answers agree. */
  readonly agree: number
  /** Exchanges that were sent and compared. */
  readonly sent: number
}

/** Replays every file of recorded exchanges in a folder, each against a world of its own. */
export async function replayProxmox(folder: string): Promise<Agreement[]> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
  const agreements: Agreement[] = []
  for (const file of files) {
    const outcomes = await replayFile(join(folder, file))
    const agree = outcomes.filter(({ differences }) => differences.length === 0).length
    agreements.push({ file, agree, sent: outcomes.length })
  }
  return agreements
}

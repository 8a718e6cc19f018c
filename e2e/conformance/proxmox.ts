import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { replayFile } from '../../packages/lab/src/proxmox/conformance/replay.ts'
import type { Replay } from './outcome.ts'
import type { Replayable } from './recordings.ts'
import { recordingsIn } from './recordings.ts'

/** One replay per recording of Proxmox VE in a folder, not yet begun. `worlds.json` beside them says what each begins with. */
export function proxmoxReplays(folder: string): Replayable[] {
  if (!existsSync(join(folder, 'worlds.json'))) return []
  return recordingsIn(folder, /\.jsonl$/).map((file) => {
    const name = `proxmox/${basename(file, '.jsonl')}`
    return {
      names: [name],
      async run(): Promise<Replay[]> {
        const outcomes = await replayFile(join(folder, file))
        return [
          {
            name,
            outcomes: outcomes.map(({ n, title, verdict, differences }) => ({
              n,
              title,
              verdict,
              expected: '',
              actual: differences.join('; '),
            })),
          },
        ]
      },
    }
  })
}

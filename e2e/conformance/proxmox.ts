import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { replayProxmox } from '../../packages/lab/src/proxmox/conformance/run.ts'
import type { Replay } from './outcome.ts'

/** The replay of all recordings of Proxmox VE in `folder`, not yet begun. Its own command tells what differs. */
export function proxmoxReplays(folder: string): { name: string; run(): Promise<Replay[]> }[] {
  const home = join(folder, 'pve', 'transcripts')
  if (!existsSync(home)) return []
  return [
    {
      name: 'proxmox',
      async run() {
        const agreements = await replayProxmox(home)
        return agreements.map(({ file, agree, sent }) => ({
          name: `proxmox/${file.replace('.jsonl', '')}`,
          agree,
          sent,
          differences: [],
        }))
      },
    },
  ]
}

import { join } from 'node:path'
import type { Replay } from '../outcome.ts'
import { readRecording, recordingsIn } from '../recordings.ts'
import { replayAdmission } from './admission.ts'
import type { Line } from './recorded.ts'

/** Replays of what Kamaji answers, not yet begun: refused and accepted requests go together. */
export function admissionReplays(folder: string): { name: string; run(): Promise<Replay[]> }[] {
  const home = join(folder, 'kamaji', 'transcripts-kamaji')
  const files = recordingsIn(home, /^(accepted|errors)\.jsonl$/)
  if (files.length === 0) return []
  return [
    {
      name: 'kamaji/accepted kamaji/errors',
      async run() {
        const recordings = Object.fromEntries(
          files.map((file) => [
            `kamaji/${file.replace('.jsonl', '')}`,
            readRecording<Line>(join(home, file)),
          ]),
        )
        const results = await replayAdmission(recordings)
        return [...results].map(([name, outcomes]) => ({ name, outcomes }))
      },
    },
  ]
}

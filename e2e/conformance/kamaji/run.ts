import { join } from 'node:path'
import { replayOf } from '../outcome.ts'
import type { Replay } from '../outcome.ts'
import { readRecording, recordingsIn } from '../recordings.ts'
import { replayAdmission } from './admission.ts'
import { replayLifecycle } from './lifecycle.ts'
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
        return [...results].map(([name, outcomes]) => replayOf(name, outcomes))
      },
    },
  ]
}

/**
 * What a lab is not: without the Gateway API, with a balancer that always gives addresses, and with a data store that never
 * stops or moves.
 */
const NOT_PLAYED = /gateway|lb-hostname-only|lb-pending|datastore|migrate/

/** One replay per recorded life of a control plane, not yet begun. */
export function lifecycleReplays(folder: string): { name: string; run(): Promise<Replay[]> }[] {
  const home = join(folder, 'kamaji', 'transcripts-kamaji')
  return recordingsIn(home, /^(lifecycle|update)-.*\.jsonl$/)
    .filter((file) => !NOT_PLAYED.test(file))
    .map((file) => {
      const name = `kamaji/${file.replace('.jsonl', '')}`
      return {
        name,
        run: async () => [replayOf(name, await replayLifecycle(readRecording<Line>(join(home, file))))],
      }
    })
}

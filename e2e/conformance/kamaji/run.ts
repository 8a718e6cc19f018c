import { join } from 'node:path'
import type { Replayable } from '../recordings.ts'
import { readRecording, recordingsIn } from '../recordings.ts'
import { replayAdmission } from './admission.ts'
import { replayGenerators } from './generators.ts'
import { replayLifecycle } from './lifecycle.ts'
import type { Line } from './recorded.ts'

/** Lives run many times faster than they were recorded, which a busy machine does not keep up with. */
const BUSY_PACE = 3

/** Replays of all recordings of Kamaji in a folder, not yet begun. */
export function kamajiReplays(folder: string): Replayable[] {
  const read = (file: string): Line[] => readRecording<Line>(join(folder, file))
  const name = (file: string): string => `kamaji/${file.replace('.jsonl', '')}`
  const admission = recordingsIn(folder, /^(accepted|errors)\.jsonl$/)
  return [
    ...(admission.length === 0
      ? []
      : [
          {
            // What was refused and what was accepted was sent in one go.
            names: admission.map(name),
            async run() {
              const results = await replayAdmission(
                Object.fromEntries(admission.map((file) => [name(file), read(file)])),
              )
              return [...results].map(([each, outcomes]) => ({ name: each, outcomes }))
            },
          },
        ]),
    ...recordingsIn(folder, /^kubeconfiggenerators\.jsonl$/).map((file) => ({
      names: [name(file)],
      run: async () => [{ name: name(file), outcomes: await replayGenerators(read(file)) }],
    })),
    ...recordingsIn(folder, /^(lifecycle|update)-.*\.jsonl$/).map((file) => ({
      names: [name(file)],
      busyPace: BUSY_PACE,
      run: async (pace?: number) => [{ name: name(file), outcomes: await replayLifecycle(read(file), pace) }],
    })),
  ]
}

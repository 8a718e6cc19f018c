import { basename } from 'node:path'
import { replayFile, summarize } from './run.ts'

/** `node main.ts [--verbose] FILE...`: replays recorded exchanges and prints how many agree, per file. */
const verbose = process.argv.includes('--verbose')
const limit = Number(
  process.argv.find((each) => each.startsWith('--width='))?.slice('--width='.length) ?? 300,
)
for (const file of process.argv.slice(2).filter((each) => !each.startsWith('--'))) {
  const outcomes = await replayFile(file)
  const { same, status, sent } = summarize(outcomes)
  process.stdout.write(
    `${basename(file)}: ${same} of ${sent} agree, ${status} in status, ${outcomes.length - sent} not sent\n`,
  )
  if (!verbose) continue
  for (const outcome of outcomes) {
    if (outcome.verdict === 'ok' || outcome.verdict === 'skipped') continue
    process.stdout.write(
      `#${outcome.n} ${outcome.verdict}: ${outcome.title}\n  want ${outcome.expected.slice(0, limit)}\n  got  ${outcome.actual.slice(0, limit)}\n`,
    )
  }
}

import { basename } from 'node:path'
import { replayFile } from './replay.ts'

/** `node main.ts [--verbose] FILE...`: replays recorded exchanges and prints how many agree, per file. */
const verbose = process.argv.includes('--verbose')
for (const file of process.argv.slice(2).filter((each) => !each.startsWith('--'))) {
  const began = performance.now()
  const outcomes = await replayFile(file)
  const agree = outcomes.filter(({ differences }) => differences.length === 0).length
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  process.stdout.write(`${basename(file)}: ${agree} of ${outcomes.length} agree (${seconds} s)\n`)
  if (!verbose) continue
  for (const { n, title, differences } of outcomes)
    if (differences.length > 0)
      process.stdout.write(`#${n} ${title}\n${differences.map((each) => `    ${each}\n`).join('')}`)
}

/**
 * Replays the recorded exchanges of the real products against the lab and compares with the committed baseline.
 *
 *   main.ts [--update] [--verbose] [--width=N] [NAME...]
 *
 * A NAME is part of a recording's name: only those are replayed. `--update` writes the baseline (the smaller of two runs), `--verbose` prints what
 * differs, `--width` cuts its lines (default 400 characters).
 */
import { readBaseline, writeBaseline } from './baseline.ts'
import { admissionReplays, lifecycleReplays } from './kamaji/run.ts'
import { kubernetesReplays } from './kubernetes/run.ts'
import type { Replay } from './outcome.ts'
import { proxmoxReplays } from './proxmox.ts'
import { recordingsFolder } from './recordings.ts'

const AT_ONCE = 6
const options = process.argv.slice(2).filter((each) => each.startsWith('--'))
const names = process.argv.slice(2).filter((each) => !each.startsWith('--'))
const update = options.includes('--update')
const verbose = options.includes('--verbose')
const width = Number(options.find((each) => each.startsWith('--width='))?.slice('--width='.length) ?? 400)

const folder = recordingsFolder()
const all =
  folder === undefined
    ? []
    : [
        ...kubernetesReplays(folder),
        ...admissionReplays(folder),
        ...lifecycleReplays(folder),
        ...proxmoxReplays(folder),
      ]
if (all.length === 0) {
  console.log(
    'NOTHING WAS REPLAYED: the recorded exchanges are neither in FOCHISTA_RECORDINGS nor beside the checkout.',
  )
  console.log('0 passed, 0 failed, 1 skipped')
  process.exit(0)
}

const chosen = all.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)))
const baseline = readBaseline()
const first = await inParallel(chosen)
const results = update ? leastOf(first, await inParallel(chosen)) : await again(first)
let passed = 0
let failed = 0
let canRise = false
for (const replay of results.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
  const { agree, sent } = replay
  const least = baseline[replay.name] ?? 0
  const isFewer = agree < least && !update
  console.log(
    `${replay.name}: ${agree} of ${sent}${isFewer ? `  FEWER than ${least}` : agree > least ? `  (baseline ${least})` : ''}`,
  )
  if (verbose || isFewer) printDifferences(replay)
  if (isFewer) failed++
  else passed++
  if (agree > least) canRise = true
  baseline[replay.name] = update ? agree : least
}
if (names.length === 0)
  for (const name of Object.keys(baseline)) {
    if (results.some((replay) => replay.name === name)) continue
    if (update) delete baseline[name]
    else {
      console.log(`${name}: NOT REPLAYED, yet in the baseline`)
      failed++
    }
  }
if (update) writeBaseline(baseline)
else if (canRise)
  console.log('More agree than the baseline says: `npm run test:conformance -- --update` raises it.')
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)

/** Of two runs the one that agrees less: the baseline holds what is the same each time. */
function leastOf(one: Replay[], other: Replay[]): Replay[] {
  return one.map((replay) => {
    const second = other.find(({ name }) => name === replay.name) ?? replay
    return second.agree < replay.agree ? second : replay
  })
}

/** Whether a recording is one of a replay's: the replay names its recordings, or the folder of them all. */
function isOf(recording: string, replay: string): boolean {
  return replay.split(' ').some((part) => recording === part || recording.startsWith(`${part}/`))
}

/** Replays alone what agrees less than it must: what a busy machine delayed is no difference. */
async function again(first: Replay[]): Promise<Replay[]> {
  const results = new Map(first.map((replay) => [replay.name, replay]))
  const lacks = (replay: Replay): boolean => replay.agree < (baseline[replay.name] ?? 0)
  for (const replays of chosen)
    if (first.some((replay) => lacks(replay) && isOf(replay.name, replays.name)))
      for (const replay of await replays.run())
        if (replay.agree > (results.get(replay.name)?.agree ?? 0)) results.set(replay.name, replay)
  return [...results.values()]
}

/** Runs a few at once: replays wait more than they work. */
async function inParallel(replays: { run(): Promise<Replay[]> }[]): Promise<Replay[]> {
  const waiting = [...replays]
  const done: Replay[] = []
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      done.push(...(await next.run()))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return done
}

function printDifferences(replay: Replay): void {
  for (const { n, title, verdict, expected, actual } of replay.differences) {
    console.log(`  #${n} ${verdict}: ${title}`)
    console.log(`    recorded ${expected.slice(0, width)}`)
    console.log(`    now      ${actual.slice(0, width)}`)
  }
}

/**
 * Replays the recorded exchanges of the real products against the lab and compares with the committed baseline.
 *
 *   main.ts [--transcripts DIR] [--only FILE]... [--json] [--verbose] [--width=N] [--update] [NAME...]
 *
 * `--transcripts` reads the recordings in DIR instead of those beside the checkout (recordings.ts says how DIR may look); the
 * baseline then does not apply. `--only FILE`, or a NAME, replays the recordings whose name has this in it. `--json` prints one line
 * an exchange: file, n, title, agree, refused, difference. `--verbose` prints what differs, `--width` cuts its lines (default 400
 * characters). `--update` writes the baseline: the smaller of two runs.
 */
import { parseArgs } from 'node:util'
import { replayAtOnce } from './at-once.ts'
import { readBaseline, writeBaseline } from './baseline.ts'
import { kamajiReplays } from './kamaji/run.ts'
import { kubectlReplays } from './kubectl/run.ts'
import { kubernetesReplays } from './kubernetes/run.ts'
import type { Replay } from './outcome.ts'
import { countOf, differenceOf } from './outcome.ts'
import { proxmoxReplays } from './proxmox.ts'
import { recordingFolders } from './recordings.ts'

/** How often a replay is repeated alone that agrees less than it must. */
const REPEATS = 2
const PRODUCTS = ['proxmox', 'kamaji', 'kubernetes']
/** What is aimed at for these products' exchanges together: the share that agrees, and of those that may be wrong. */
const GOALS = [
  { product: 'proxmox', agree: 0.99, wrong: 0.01 },
  { product: 'kamaji', agree: 0.97, wrong: 0.01 },
  { product: 'kubernetes', agree: 0.9, wrong: 0.01 },
]
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    transcripts: { type: 'string' },
    only: { type: 'string', multiple: true },
    json: { type: 'boolean' },
    update: { type: 'boolean' },
    verbose: { type: 'boolean' },
    width: { type: 'string', default: '400' },
  },
})
const width = Number(options.width)
const wanted = [...(options.only ?? []), ...positionals].map((each) => each.replace(/\.jsonl$/, ''))
/** With `--json` the lines are for programs: what is for people goes to the error output. */
const say = options.json === true ? console.error : console.log

const folders = recordingFolders(options.transcripts)
const all =
  folders === undefined
    ? []
    : [
        ...kubernetesReplays(folders.kubernetes),
        ...kubectlReplays(folders.kubernetes),
        ...kamajiReplays(folders.kamaji),
        ...proxmoxReplays(folders.proxmox),
      ]
if (all.length === 0) {
  say(
    'NOTHING WAS REPLAYED: the recorded exchanges are neither in --transcripts, nor in FOCHISTA_RECORDINGS, nor beside the checkout.',
  )
  // Whoever names a folder wants it replayed.
  const failed = options.transcripts === undefined ? 0 : 1
  say(`0 passed, ${failed} failed, ${1 - failed} skipped`)
  process.exit(failed)
}

const isWanted = (name: string): boolean => wanted.length === 0 || wanted.some((part) => name.includes(part))
// The lab's timers keep no process: without this one the last replay's end could be the process's.
setInterval(() => {}, 1000)
const wantedOnes = all.filter(({ names }) => names.some(isWanted))
const lacking = wantedOnes.filter(({ needs }) => needs !== undefined)
for (const { names, needs = '' } of lacking) say(`${names.join(' and ')}: NOT REPLAYED, it needs ${needs}`)
const chosen = wantedOnes.filter(({ needs }) => needs === undefined)
if (wantedOnes.length === 0) {
  say(`no recording is named ${wanted.join(' or ')}`)
  say('0 passed, 1 failed')
  process.exit(1)
}
/** The baseline is of the recordings beside the checkout. */
const baseline = options.transcripts === undefined ? readBaseline() : {}
const first = await replayAtOnce(chosen)
const results = (options.update === true ? leastOf(first, await replayAtOnce(chosen)) : await again(first))
  .filter(({ name }) => isWanted(name))
  .toSorted((a, b) => (a.name < b.name ? -1 : 1))
let passed = 0
let failed = 0
let canRise = false
for (const replay of results) {
  const { agree, refused, wrong, left } = countOf([replay])
  const least = baseline[replay.name] ?? 0
  const isFewer = agree < least && options.update !== true
  const parts = [
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(left > 0 ? [`${left} not compared`] : []),
    ...(isFewer ? [`FEWER than ${least}`] : agree > least && least > 0 ? [`baseline ${least}`] : []),
  ]
  say(
    `${replay.name}: ${agree} of ${agree + refused + wrong} agree${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`,
  )
  if (options.json === true) printLines(replay)
  else if (options.verbose === true || isFewer) printDifferences(replay)
  if (isFewer) failed++
  else passed++
  if (agree > least) canRise = true
  baseline[replay.name] = options.update === true ? agree : least
}
if (wanted.length === 0)
  for (const name of Object.keys(baseline)) {
    if (results.some((replay) => replay.name === name)) continue
    if (lacking.some(({ names }) => names.includes(name))) continue
    if (options.update === true) delete baseline[name]
    else {
      say(`${name}: NOT REPLAYED, yet in the baseline`)
      failed++
    }
  }
for (const product of PRODUCTS) {
  const replays = results.filter(({ name }) => name.startsWith(`${product}/`))
  const { agree, refused, wrong, left } = countOf(replays)
  const compared = agree + refused + wrong
  if (compared === 0) continue
  const share = (count: number): string => `${((100 * count) / compared).toFixed(1)} %`
  say(
    `${product} together: ${agree} of ${compared} agree (${share(agree)}), ${refused} refused, ${wrong} wrong (${share(wrong)}), ${left} not compared`,
  )
  const goal = GOALS.find((each) => each.product === product)
  if (goal === undefined || wanted.length > 0 || options.transcripts !== undefined) continue
  const isMet = agree / compared >= goal.agree && wrong / compared <= goal.wrong
  if (isMet) passed++
  else failed++
  say(
    `${product}: the goal of ${goal.agree * 100} % and at most ${goal.wrong * 100} % wrong is ${isMet ? 'met' : 'MISSED'}`,
  )
}
if (options.update === true && options.transcripts === undefined) writeBaseline(baseline)
else if (canRise && options.transcripts === undefined)
  say('More agree than the baseline says: `npm run test:conformance -- --update` raises it.')
const skipped = lacking.length > 0 ? `, ${lacking.length} skipped` : ''
say(`${passed} passed, ${failed} failed${skipped}`)
// Servers of replays may still hold the process; what was printed must be out before it ends.
process.stdout.write('', () => process.exit(failed > 0 ? 1 : 0))

/** Of two runs the one that agrees less: the baseline holds what is the same each time. */
function leastOf(one: Replay[], other: Replay[]): Replay[] {
  return one.map((replay) => {
    const second = other.find(({ name }) => name === replay.name) ?? replay
    return countOf([second]).agree < countOf([replay]).agree ? second : replay
  })
}

/** Replays alone, and slower, what agrees less than it must: what a busy machine delayed is no difference. */
async function again(before: Replay[]): Promise<Replay[]> {
  const best = new Map(before.map((replay) => [replay.name, replay]))
  const lacks = (name: string): boolean => agreesIn(best, name) < (baseline[name] ?? 0)
  for (let repeat = 1; repeat <= REPEATS; repeat++)
    for (const { names, run, busyPace = 1 } of chosen) {
      if (!names.some((name) => best.has(name) && lacks(name))) continue
      const pace = repeat * busyPace
      say(`${names.join(' and ')}: again, alone${pace > 1 ? `, ${pace} times slower` : ''}`)
      for (const replay of await run(pace))
        if (countOf([replay]).agree > agreesIn(best, replay.name)) best.set(replay.name, replay)
    }
  return [...best.values()]
}

function agreesIn(replays: Map<string, Replay>, name: string): number {
  const replay = replays.get(name)
  return replay === undefined ? 0 : countOf([replay]).agree
}

function printDifferences({ outcomes }: Replay): void {
  for (const { n, title, verdict, expected, actual } of outcomes) {
    if (verdict === 'agrees') continue
    say(`  #${n} ${verdict}: ${title}`)
    if (expected !== '') say(`    recorded ${expected.slice(0, width)}`)
    say(`    now      ${actual.slice(0, width)}`)
  }
}

function printLines({ name, outcomes }: Replay): void {
  for (const outcome of outcomes) {
    const { n, title, verdict } = outcome
    console.log(
      JSON.stringify({
        file: `${name}.jsonl`,
        n,
        title,
        agree: verdict === 'agrees',
        refused: verdict === 'refused',
        difference: differenceOf(outcome),
        ...(verdict === 'not sent' ? { compared: false } : {}),
      }),
    )
  }
}

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { historyOf, play, shorten } from './history.ts'

/** How many histories, and from which seed; `npm run test:chaos -- --only model --runs N --seed S` says so. */
const runs = Number(process.env['CHAOS_RUNS'] ?? 12)
const first = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test(`whatever happens in whatever order, exactly the machines wanted come and go: ${runs} histories from seed ${first}`, async (t) => {
  let commands = 0
  let events = 0
  const began = Date.now()
  for (let seed = first; seed < first + runs; seed += 1) {
    const history = historyOf(seed)
    const outcome = await play(seed, history)
    commands += history.length
    events += outcome.events
    if (!outcome.violation) continue
    const short = await shorten(seed, history, outcome.violation.rule)
    const { violation, story } = await play(seed, short)
    assert.fail(
      [
        `${violation?.message ?? outcome.violation.message}`,
        `repeat with: npm run test:chaos -- --only model --runs 1 --seed ${seed}`,
        `the shortest history found, ${short.length} of ${history.length} commands:`,
        ...(violation ? story : outcome.story),
      ].join('\n'),
    )
  }
  const seconds = (Date.now() - began) / 1000
  t.diagnostic(
    `${commands} commands, ${events} events in ${seconds.toFixed(1)} s: ${Math.round(events / seconds)} a second`,
  )
})

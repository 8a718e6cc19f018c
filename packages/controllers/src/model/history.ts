import { NodePools } from '../kinds.ts'
import { createChance, decideEverything } from './chance.ts'
import { act, drawHistory } from './commands.ts'
import { startLife, type Life } from './life.ts'
import { refuseInEnding } from './namespaces.ts'
import { calm, personActs, whatIsLeft, whoIsMute } from './rest.ts'
import { createRules, ViolationError } from './rules.ts'
import { createVirtualTime } from './time.ts'
import type { Command, End, Stage } from './stage.ts'
import { restore } from './trouble.ts'
import { createTruth } from './truth.ts'
import type { Weather } from './weather.ts'

/** How a history ended. */
export interface Outcome {
  /** What was broken; undefined if nothing was. */
  readonly violation: ViolationError | undefined
  /** What happened, one line each. */
  readonly story: readonly string[]
  /** Events of the virtual time. */
  readonly events: number
}

/** A world at rest may take so long: pauses between replacements grow, and budgets and time-outs are minutes. */
const PATIENCE_MS = 6 * 3_600_000

/** Plays a history with the real controllers: what happens in it, then peace, then the deletion of everything. */
export async function play(seed: number, commands: readonly Command[]): Promise<Outcome> {
  const chance = createChance(seed)
  const end = decideEverything(createChance(seed ^ 0x5bd1e995))
  const time = createVirtualTime()
  const truth = createTruth(time, chance)
  refuseInEnding(truth)
  const weather: Weather = { faults: 0, slow: 0, lagMs: 0, skewMs: 0, skewedAt: 0, roughUntil: 0 }
  const rules = createRules(truth, weather)
  const story: string[] = []
  const tell = (words: string): void => {
    story.push(`${((time.now() - began) / 1000).toFixed(1).padStart(8)} s  ${words}`)
  }
  const began = time.now()
  let life: Life | undefined
  let fuse: { writes: number; when: End; downMs: number } | undefined
  const begin = (): void => {
    life = startLife({ truth, weather, rules, diesAt })
  }
  const diesAt = (when: End): boolean => {
    if (!fuse || fuse.when !== when) return false
    fuse.writes -= 1
    if (fuse.writes >= 0) return false
    const { downMs } = fuse
    fuse = undefined
    tell('the controllers die')
    time.setTimeout(begin, downMs)
    return true
  }
  const stage: Stage = {
    truth,
    weather,
    lost: [],
    crash: (writes, when, downMs) => (fuse ??= { writes, when, downMs }),
    disconnect: (forMs) => life?.disconnect(forMs),
  }
  const isBroken = (): boolean => rules.violation !== undefined

  /** Lets time pass until all is as it should be; a person does what conditions ask for. */
  const settle = async (what: string): Promise<ViolationError | undefined> => {
    let left: string[] = []
    const deadline = time.now() + PATIENCE_MS
    for (let wait = 30_000; time.now() < deadline; wait = Math.min(wait * 1.3, 600_000)) {
      await time.pass(wait, isBroken)
      if (rules.violation) return rules.violation
      left = whatIsLeft(truth)
      if (left.length === 0) return undefined
      const mute = whoIsMute(truth)
      if (mute !== undefined) return new ViolationError('mute', mute)
      // What a person is to decide has stood there for a while.
      if (wait > 200_000) for (const words of personActs(truth)) tell(`a person: ${words}`)
      rules.noteCommand()
    }
    return new ViolationError(what, left.slice(0, 6).join('; '))
  }

  try {
    begin()
    for (const command of commands) {
      await time.pass(command.afterMs, isBroken)
      if (isBroken()) break
      const said = act(stage, command)
      if (said !== undefined) tell(said)
      rules.noteCommand()
    }
    if (rules.violation) return { violation: rules.violation, story, events: time.events }
    fuse = undefined
    weather.faults = 0
    weather.slow = 0
    if (weather.skewMs !== 0) weather.skewedAt = time.now()
    weather.skewMs = 0
    weather.roughUntil = Math.min(weather.roughUntil, time.now() + 180_000)
    if (life && !life.isAlive) await time.pass(20_000)
    for (const object of stage.lost) restore(truth, object)
    calm(truth)
    rules.noteCommand()
    tell('peace')
    let violation = await settle('not-converged')
    if (!violation) {
      tell('everything is to go')
      for (const { metadata } of truth.pools())
        void truth.management.kubernetes.delete(NodePools, {
          name: metadata.name,
          namespace: metadata.namespace ?? '',
        })
      violation = await settle('not-gone')
    }
    return { violation, story, events: time.events }
  } finally {
    life?.kill()
    end()
  }
}

/** Drops commands as long as the same rule is broken. @returns a history that is about as short as it can be */
export async function shorten(
  seed: number,
  commands: readonly Command[],
  rule: string,
  tries = 120,
): Promise<readonly Command[]> {
  let shortest = commands
  let left = tries
  for (let size = Math.ceil(commands.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let at = 0; at < shortest.length && left > 0;) {
      const candidate = [...shortest.slice(0, at), ...shortest.slice(at + size)]
      left -= 1
      if ((await play(seed, candidate)).violation?.rule === rule) shortest = candidate
      else at += size
    }
  return shortest
}

/** The history of a seed. */
export const historyOf = (seed: number): Command[] => {
  const chance = createChance(seed)
  return drawHistory(chance, chance.whole(10, 45))
}

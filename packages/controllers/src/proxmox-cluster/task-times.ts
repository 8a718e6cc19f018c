import { parseUpid } from '@fochista/proxmox'

/**
 * How long tasks of ours take, so that the end of one is looked for when it is near and not before: a copy that took eleven seconds last
 * time is asked for some five times, and noticed within a fiftieth of its time.
 */
export interface TaskTimes {
  /** Notes that a task begins, milliseconds since 1970. */
  began(upid: string, now: number): void
  /** Notes that a task was seen to have ended. */
  ended(upid: string, now: number): void
  /** How long a task has run, milliseconds: by our own clock if we began it, else by that of its host. */
  age(upid: string, now: number): number
  /** How long to wait until the next look at a task that runs, milliseconds. */
  pause(upid: string, now: number): number
}

const SHORTEST_MS = 50
const LONGEST_MS = 2000

/** Makes an empty record. */
export function createTaskTimes(): TaskTimes {
  /** When tasks of ours that run began: a UPID says it in whole seconds only. */
  const begun = new Map<string, number>()
  /** What a task of a kind takes, milliseconds. */
  const usual = new Map<string, number>()

  const ageOf = (upid: string, now: number): number =>
    now - (begun.get(upid) ?? Number(parseUpid(upid).starttime) * 1000)
  return {
    began: (upid, now) => begun.set(upid, now),
    ended: (upid, now) => {
      const age = ageOf(upid, now)
      const wasSeen = begun.delete(upid)
      if (!wasSeen) return
      const kind = kindOf(upid)
      const known = usual.get(kind)
      // What was seen is never shorter than what it took: a shorter time is believed at once, a longer one little by little.
      usual.set(kind, known === undefined || age < known ? age : known + (age - known) / 8)
    },
    age: ageOf,
    pause: (upid, now) => {
      const age = ageOf(upid, now)
      const expected = usual.get(kindOf(upid))
      // Of the first of its kind nothing is known: often at first, then less.
      if (expected === undefined) return clamp(age / 24)
      // Half-way too: a task that takes less than it used to is otherwise never seen to.
      const rest = (age < expected / 2 ? expected / 2 : expected * 0.95) - age
      return clamp(rest > 0 ? rest : Math.max(expected / 50, (age - expected) / 4))
    },
  }
}

const clamp = (ms: number): number => Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ms))

/** Tasks of a kind take about the same: copies of one template, starts on one host. */
function kindOf(upid: string): string {
  const { node, type, id } = parseUpid(upid)
  return type === 'qmclone' ? `${type} ${node} ${id}` : `${type} ${node}`
}

import type { ProxmoxWorld } from '../../world.ts'
import {
  entriesOf,
  failuresOf,
  isLockedOut,
  keepEntry,
  keepFailures,
  secondsNow,
  type TfaEntry,
} from './entries.ts'
import { findStep, parseTotp } from './totp.ts'

/** Wrong codes of devices, one after the other, after which none is taken until a recovery key or an administrator unlocks them. */
const TOTP_LIMIT = 8
/** Wrong answers of any kind, one after the other, after which a user waits for `LOCKED` seconds. */
const LIMIT = 100
const LOCKED = 3600

/** What a user may answer with. */
interface Challenge {
  /** Absent for no. */
  readonly totp?: true
  /** Places of the keys that are left; absent for none. */
  readonly recovery?: readonly number[]
}

/** What a user is asked for after the password; undefined when nothing is. */
export function challengeOf(world: ProxmoxWorld, userid: string): Challenge | undefined {
  const entries = entriesOf(world, userid).filter(({ enable }) => enable)
  if (entries.length === 0) return undefined
  const left = entries.flatMap(({ keys = [] }) => keys.flatMap((key, index) => (key === '' ? [] : [index])))
  const devices = entries.filter(({ type }) => type === 'totp')
  if (devices.length === 0 && left.length === 0) return undefined
  return {
    ...(devices.length > 0 && !failuresOf(world, userid).totpLocked && { totp: true as const }),
    ...(left.length > 0 && { recovery: left }),
  }
}

/** Whether `totp:123456` or `recovery:…` is a right answer just now. Notes that it was given: it is not taken twice. */
export function isRightAnswer(world: ProxmoxWorld, userid: string, answer: string): boolean {
  const [, kind, value = ''] = /^(totp|recovery):(.*)$/s.exec(answer) ?? []
  if (kind === undefined || isLockedOut(world, userid)) return false
  const used = kind === 'totp' ? useCode(world, userid, value) : useKey(world, userid, value)
  if (used === undefined) {
    noteFailure(world, userid, kind === 'totp')
    return false
  }
  keepEntry(world, userid, used)
  // A key also unlocks the devices.
  keepFailures(world, userid, undefined)
  return true
}

/** The device whose code it is, with the code's step taken; undefined for none, and for a code that was taken before. */
function useCode(world: ProxmoxWorld, userid: string, code: string): TfaEntry | undefined {
  if (failuresOf(world, userid).totpLocked) return undefined
  for (const entry of entriesOf(world, userid)) {
    if (!entry.enable || entry.totp === undefined) continue
    const step = findStep(parseTotp(entry.totp), code, world.clock.now())
    if (step !== undefined) return step > (entry.lastStep ?? -1) ? { ...entry, lastStep: step } : undefined
  }
  return undefined
}

function useKey(world: ProxmoxWorld, userid: string, given: string): TfaEntry | undefined {
  const entry = entriesOf(world, userid).find(({ type }) => type === 'recovery')
  if (given === '' || entry?.keys?.includes(given) !== true) return undefined
  return { ...entry, keys: entry.keys.map((key) => (key === given ? '' : key)) }
}

function noteFailure(world: ProxmoxWorld, userid: string, byCode: boolean): void {
  const before = failuresOf(world, userid)
  const [totp, all] = [before.totp + (byCode ? 1 : 0), before.all + 1]
  keepFailures(world, userid, {
    totp,
    all: all >= LIMIT ? 0 : all,
    totpLocked: before.totpLocked || totp >= TOTP_LIMIT,
    lockedUntil: all >= LIMIT ? secondsNow(world) + LOCKED : before.lockedUntil,
  })
}

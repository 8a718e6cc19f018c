import { randomBytes, randomUUID } from 'node:crypto'
import { die } from '../../api-error.ts'
import { sectionsOf, type Section } from '../../sections.ts'
import type { ProxmoxWorld } from '../../world.ts'

/** A user's second factor: a device that makes codes, or keys on paper of which each serves once. */
export interface TfaEntry {
  readonly type: 'totp' | 'recovery'
  /** A UUID; `recovery` for the keys, of which a user has one set. */
  readonly id: string
  readonly description: string
  /** Seconds since 1970. */
  readonly created: number
  readonly enable: boolean
  /** What a device was made of: an `otpauth://` address. */
  readonly totp?: string
  /** Step of the newest code that was taken; no code is taken twice. */
  readonly lastStep?: number
  /** Keys by their place; one that was used is empty. */
  readonly keys?: readonly string[]
}

/** What happens to who gives wrong codes. */
interface TfaFailures {
  /** Wrong codes of devices one after the other. */
  readonly totp: number
  /** Wrong answers of any kind one after the other. */
  readonly all: number
  /** No code of a device is taken any more. */
  readonly totpLocked: boolean
  /** Seconds since 1970 until which nothing is taken. */
  readonly lockedUntil: number
}

const RECOVERY = 'recovery'
/** Keys in a set. */
const KEYS = 10

/** Users who have a second factor or are kept from using one, in the order in which they got it. */
export function usersWithTfa(world: ProxmoxWorld): string[] {
  const owners = [...entrySections(world).keys()].map((key) => key.slice(0, key.indexOf('/')))
  return [...new Set(owners)]
}

/** Second factors of a user. */
export function entriesOf(world: ProxmoxWorld, userid: string): TfaEntry[] {
  return [...entrySections(world)]
    .filter(([key]) => key.startsWith(`${userid}/`))
    .map(([key, section]) => entryFrom(key.slice(userid.length + 1), section))
}

/** Writes a second factor down. */
export function keepEntry(world: ProxmoxWorld, userid: string, entry: TfaEntry): void {
  const { type, id, description, created, enable, totp, lastStep, keys } = entry
  entrySections(world).set(`${userid}/${id}`, {
    type,
    description,
    created: String(created),
    enable: enable ? '1' : '0',
    ...(totp !== undefined && { totp }),
    ...(lastStep !== undefined && { lastStep: String(lastStep) }),
    ...(keys !== undefined && { keys: [...keys] }),
  })
}

/** Forgets a second factor. @returns whether there was one. */
export function dropEntry(world: ProxmoxWorld, userid: string, id: string): boolean {
  return entrySections(world).delete(`${userid}/${id}`)
}

/** Forgets a user who is gone. */
export function forgetTfa(world: ProxmoxWorld, userid: string): void {
  for (const { id } of entriesOf(world, userid)) dropEntry(world, userid, id)
  failureSections(world).delete(userid)
}

/** A new device. @param totp its address, which has been read before. */
export function newTotp(world: ProxmoxWorld, description: string, totp: string): TfaEntry {
  return { type: 'totp', id: randomUUID(), description, created: secondsNow(world), enable: true, totp }
}

/** A new set of keys. Refuses a second one. */
export function newRecovery(world: ProxmoxWorld, userid: string): TfaEntry & { keys: readonly string[] } {
  if (entriesOf(world, userid).some(({ type }) => type === RECOVERY)) die('user already has recovery keys')
  const keys = Array.from({ length: KEYS }, () =>
    (randomBytes(8).toString('hex').match(/.{4}/g) ?? []).join('-'),
  )
  return { type: RECOVERY, id: RECOVERY, description: '', created: secondsNow(world), enable: true, keys }
}

/** What a user's wrong answers have come to. */
export function failuresOf(world: ProxmoxWorld, userid: string): TfaFailures {
  const { totp, all, totpLocked, lockedUntil } = failureSections(world).get(userid) ?? {}
  return {
    totp: Number(totp ?? 0),
    all: Number(all ?? 0),
    totpLocked: totpLocked === '1',
    lockedUntil: Number(lockedUntil ?? 0),
  }
}

/** Writes down what a user's wrong answers have come to; undefined for none. */
export function keepFailures(world: ProxmoxWorld, userid: string, failures: TfaFailures | undefined): void {
  const sections = failureSections(world)
  if (failures === undefined) sections.delete(userid)
  else
    sections.set(userid, {
      totp: String(failures.totp),
      all: String(failures.all),
      totpLocked: failures.totpLocked ? '1' : '0',
      lockedUntil: String(failures.lockedUntil),
    })
}

/** Whether a user is kept from giving any second factor just now. */
export function isLockedOut(world: ProxmoxWorld, userid: string): boolean {
  return failuresOf(world, userid).lockedUntil > secondsNow(world)
}

/** Seconds since 1970. */
export function secondsNow(world: ProxmoxWorld): number {
  return Math.floor(world.clock.now() / 1000)
}

function entrySections(world: ProxmoxWorld): Map<string, Section> {
  return sectionsOf(world, 'access/tfa')
}

function failureSections(world: ProxmoxWorld): Map<string, Section> {
  return sectionsOf(world, 'access/tfa-failures')
}

function entryFrom(id: string, section: Section): TfaEntry {
  const { totp, lastStep, keys } = section
  return {
    type: section['type'] === RECOVERY ? RECOVERY : 'totp',
    id,
    description: String(section['description'] ?? ''),
    created: Number(section['created']),
    enable: section['enable'] !== '0',
    ...(typeof totp === 'string' && { totp }),
    ...(lastStep !== undefined && { lastStep: Number(lastStep) }),
    ...(Array.isArray(keys) && { keys: keys as readonly string[] }),
  }
}

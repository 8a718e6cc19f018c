import { isDeepStrictEqual } from 'node:util'
import { ApiError } from '../api-error.ts'
import { sectionsOf, type Section, type Sections } from '../sections.ts'
import type { ProxmoxWorld } from '../world.ts'

/** Kinds of places that notifications go to. */
export const ENDPOINTS = ['gotify', 'sendmail', 'smtp', 'webhook'] as const
/** One of them. */
export type Endpoint = (typeof ENDPOINTS)[number]
/** Files of notifications: one of each kind of endpoint, and the matchers'. */
type File = Endpoint | 'matchers'

/** What is there from the start. */
export const BUILT_IN: Readonly<Partial<Record<File, readonly [name: string, section: Section]>>> = {
  sendmail: [
    'mail-to-root',
    { 'mailto-user': ['root@pam'], comment: "Send mails to root@pam's email address" },
  ],
  matchers: [
    'default-matcher',
    { mode: 'all', target: ['mail-to-root'], comment: 'Route all notifications to mail-to-root' },
  ],
}

/** The endpoints of a kind, or the matchers. */
export function notificationFile(world: ProxmoxWorld, file: File): Sections {
  const isNew = !world.cluster.files.has(`notifications/${file}`)
  const sections = sectionsOf(world, `notifications/${file}`)
  if (isNew) restoreBuiltIn(sections, file)
  return sections
}

/** Puts what is there from the start back as it was. */
export function restoreBuiltIn(sections: Sections, file: File): void {
  const [name, section] = BUILT_IN[file] ?? []
  if (name !== undefined && section !== undefined) sections.set(name, structuredClone(section))
}

/** Who made an entry. */
export function originOf(file: File, name: string, section: Section): string {
  const [builtIn, original] = BUILT_IN[file] ?? []
  if (builtIn !== name) return 'user-created'
  return isDeepStrictEqual({ ...section }, original) ? 'builtin' : 'modified-builtin'
}

/** The kind of endpoint that has a name; undefined for none. */
export function endpointNamed(world: ProxmoxWorld, name: string): Endpoint | undefined {
  return ENDPOINTS.find((kind) => notificationFile(world, kind).has(name))
}

/** The original's notifications have statuses of their own. */
export function refuse(status: 400 | 404, text: string): never {
  throw new ApiError(status, `${text}\n`)
}

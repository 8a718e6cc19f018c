import { createHash } from 'node:crypto'
import { apiSchema, type Param } from '@fochista/proxmox/schema'
import { changeConfig } from './access/lock.ts'
import { die } from './api-error.ts'
import type { Call, Handlers } from './handler.ts'
import { splitList } from './verify/string-formats.ts'
import type { ProxmoxWorld } from './world.ts'

/** A section of a configuration file: its options as text, lists as lists of text. */
export type Section = Record<string, string | readonly string[]>

/** The sections of a file, by their id. */
export type Sections = Map<string, Section>

/** The sections of a cluster's file; it begins empty. */
export function sectionsOf({ cluster }: ProxmoxWorld, name: string): Sections {
  const sections = cluster.files.get(name)
  if (sections !== undefined) return sections
  cluster.files.set(name, new Map())
  return cluster.files.get(name) ?? new Map<string, Section>()
}

/** What is particular of a file of sections that calls list, make, read, change and remove. */
export interface SectionFile {
  /** Path of the list; one section is at `{list}/{id}`. */
  readonly list: string
  /** Parameter that holds the id. */
  readonly id: string
  readonly sections: (world: ProxmoxWorld) => Sections
  /** Name of the file's lock: `ha_rules_cfg`. */
  readonly lock: string
  /** What stands before a failure of a change, without the verb's object: `rule` makes `create rule failed: …`. Absent: nothing. */
  readonly noun?: string
  /** Other verbs than create, update and delete before that noun. */
  readonly verbs?: readonly [create: string, update: string, remove: string]
  /** Refuses an id that is taken, and one that is not there. */
  readonly exists: (id: string) => never
  readonly missing: (id: string) => never
  /** A section is made by a call on its own path, not on the list's. */
  readonly madeByName?: true
  /** Options that a section must have, by its type; the empty type is for files whose sections have none. */
  readonly required?: Readonly<Record<string, readonly string[]>>
  /** Options that are kept elsewhere or nowhere. */
  readonly passedOver?: readonly string[]
  /** What the id of a call stands for; default what is given. */
  readonly idOf?: (call: Call) => string
  /** Refuses what the schema cannot say; the section is as it would become, and `before` as it was. */
  readonly check?: (call: Call, id: string, section: Section, before: Section | undefined) => void
  /** Whether the caller sees a section in the list; default everybody who may list. */
  readonly sees?: (call: Call, id: string, section: Section) => boolean
  /** What a reader gets beside or instead of the options. */
  readonly facts?: (call: Call, id: string, section: Section) => Record<string, unknown>
  /** Digest of the file, if not that of its sections; undefined for a file of which none is told. */
  readonly digest?: (world: ProxmoxWorld) => string | undefined
  /** Whether lists tell the file's digest; default that they do. */
  readonly listsDigest?: false
  /** Removing what is not there is no error. */
  readonly goneIsFine?: true
  /** Refuses a removal. */
  readonly checkRemoval?: (call: Call, id: string, section: Section) => void
  /** What else changes with a section. */
  readonly changed?: (call: Call, id: string, section: Section | undefined) => void
}

/** Parameters that are no options. */
const NO_OPTION = new Set(['digest', 'delete'])

/** The calls of a file of sections. Handlers of the same keys that come after may replace single ones. */
export function sectionHandlers(file: SectionFile): Handlers {
  const { list } = file
  const one = `${list}/{${file.id}}`
  const made = file.madeByName ? one : list
  const idOf = file.idOf ?? ((call: Call) => call.text(file.id))
  const sectionOf = (call: Call): Section =>
    file.sections(call.world).get(idOf(call)) ?? file.missing(idOf(call))
  const digestOf = file.digest ?? ((world: ProxmoxWorld) => digestOfSections(file.sections(world)))
  const change = (call: Call, verb: 0 | 1 | 2, work: () => void): Promise<null> => {
    const verbs = file.verbs ?? ['create', 'update', 'delete']
    const prefix = file.noun === undefined ? '' : `${verbs[verb]} ${file.noun} failed`
    return changeConfig(call.world, file.lock, prefix, () => {
      work()
      return null
    })
  }
  return {
    [`GET ${list}`]: (call) => {
      const digest = digestOf(call.world)
      return [...file.sections(call.world)]
        .filter(([id, section]) => file.sees?.(call, id, section) ?? true)
        .map(([id, section]) => ({
          ...show(file, call, id, section),
          ...(file.listsDigest !== false && { digest }),
        }))
    },
    [`GET ${one}`]: (call) => ({
      ...show(file, call, idOf(call), sectionOf(call)),
      digest: digestOf(call.world),
    }),
    [`POST ${made}`]: (call) =>
      change(call, 0, () => {
        const id = idOf(call)
        const sections = file.sections(call.world)
        if (sections.has(id)) file.exists(id)
        const section = optionsOf(file, call)
        requireOptions(file, section)
        file.check?.(call, id, section, undefined)
        sections.set(id, section)
        file.changed?.(call, id, section)
      }),
    [`PUT ${one}`]: (call) =>
      change(call, 1, () => {
        const id = idOf(call)
        checkDigest(call, digestOf(call.world))
        const before = sectionOf(call)
        const given = optionsOf(file, call)
        const section: Section = { ...before, ...given }
        removeOptions(file, call, section, given)
        file.check?.(call, id, section, before)
        file.sections(call.world).set(id, section)
        file.changed?.(call, id, section)
      }),
    [`DELETE ${one}`]: (call) =>
      change(call, 2, () => {
        const id = idOf(call)
        if (file.goneIsFine && !file.sections(call.world).has(id)) return
        file.checkRemoval?.(call, id, sectionOf(call))
        sectionOf(call)
        file.sections(call.world).delete(id)
        file.changed?.(call, id, undefined)
      }),
  }
}

/** A list of a section's option: a list, or text whose parts are separated as lists are. */
export function listOf(value: string | readonly string[] | undefined): string[] {
  return typeof value === 'string' ? splitList(value) : [...(value ?? [])]
}

/** SHA-1 of a file of sections; that of an empty file while it has none. */
function digestOfSections(sections: Sections): string {
  return createHash('sha1')
    .update(sections.size === 0 ? '' : JSON.stringify([...sections]))
    .digest('hex')
}

/** Refuses a change that was made of an older state. */
function checkDigest(call: Call, now: string | undefined): void {
  const digest = call.optional('digest')
  if (digest !== undefined && digest !== now)
    die('detected modified configuration - file changed by other user? Try again.')
}

/** A section's options as JSON has them: numbers and switches as numbers, by what the schema says of them. */
export function shownOptions(path: string, section: Section): Record<string, unknown> {
  const params = apiSchema.paths[path]?.POST?.params ?? {}
  return Object.fromEntries(
    Object.entries(section).map(([name, value]) => [name, isNumber(params[name]) ? Number(value) : value]),
  )
}

function isNumber(param: Param | undefined): boolean {
  return param?.type === 'integer' || param?.type === 'number' || param?.type === 'boolean'
}

function show(file: SectionFile, call: Call, id: string, section: Section): Record<string, unknown> {
  return {
    [file.id]: id,
    ...shownOptions(madeAt(file), section),
    ...file.facts?.(call, id, section),
  }
}

function madeAt({ list, id, madeByName }: SectionFile): string {
  return madeByName ? `${list}/{${id}}` : list
}

function optionsOf(file: SectionFile, call: Call): Section {
  const options: Section = {}
  for (const [name, value] of Object.entries(call.params))
    if (name !== file.id && !NO_OPTION.has(name) && file.passedOver?.includes(name) !== true)
      options[name] = value
  return options
}

function requireOptions({ required = {} }: SectionFile, section: Section): void {
  const { type = '' } = section
  for (const name of required[String(type)] ?? [])
    if (section[name] === undefined) die(`missing value for required option '${name}'`)
}

/** Takes the options away that a call deletes, in the words of the original's code for sections. */
function removeOptions(file: SectionFile, call: Call, section: Section, given: Section): void {
  const params = apiSchema.paths[madeAt(file)]?.POST?.params ?? {}
  const required = file.required?.[String(section['type'] ?? '')] ?? []
  for (const name of listOf(call.params['delete'])) {
    const param = params[name] ?? die(`no such option '${name}'`)
    if (param.opt !== 1 || required.includes(name)) die(`unable to delete required option '${name}'`)
    if (given[name] !== undefined) die(`cannot set and delete property '${name}' at the same time!`)
    delete section[name]
  }
}

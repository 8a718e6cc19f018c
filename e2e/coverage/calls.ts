import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Kinds of tests that the page tells apart. */
export const kinds = ['unit', 'foreign', 'conformance'] as const
/** One of them. */
export type Kind = (typeof kinds)[number]

/** Which kinds of tests a call of Proxmox was made by and answered in, by `METHOD /path/{template}`. */
export type Calls = Readonly<Record<string, readonly Kind[]>>

const path = join(import.meta.dirname, 'calls.json')

/** What the last runs that were recorded made. */
export function readCalls(): Calls {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Calls) : {}
}

/** Puts what one kind's tests made in the place of what they made before. */
export function mergeCalls(before: Calls, kind: Kind, made: Iterable<string>): Calls {
  const now = new Set(made)
  const names = [...new Set([...Object.keys(before), ...now])].sort((a, b) => (a < b ? -1 : 1))
  return Object.fromEntries(
    names.flatMap((name) => {
      const by = kinds.filter((one) => (one === kind ? now.has(name) : before[name]?.includes(one)))
      return by.length > 0 ? [[name, by]] : []
    }),
  )
}

/** Writes what there is of it: one call a line, so that a change reads well. */
export function writeCalls(calls: Calls): void {
  const lines = Object.entries(calls).map(
    ([name, by]) => `  ${JSON.stringify(name)}: [${by.map((kind) => JSON.stringify(kind)).join(', ')}]`,
  )
  writeFileSync(path, `{\n${lines.join(',\n')}\n}\n`)
}

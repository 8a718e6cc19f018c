import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** A header as it was on the wire. */
export type Header = readonly [name: string, value: string]

/** One recorded exchange. */
export interface Recorded {
  readonly n: number
  readonly title: string
  readonly request?: {
    readonly method: string
    readonly path: string
    readonly headers: readonly Header[]
    readonly body: string | null
  }
  readonly request_line?: string
  readonly response?: RecordedAnswer
  readonly frames?: readonly (readonly string[])[]
  readonly first_frame?: string
}

/** The answer of the original. */
export interface RecordedAnswer {
  /** null: none came. */
  readonly status: number | null
  readonly reason: string | null
  readonly headers: readonly Header[]
  readonly body: string
  readonly no_answer?: boolean
  readonly connection_closed_by_server: boolean
  readonly elapsed_s: number
  readonly frames?: readonly (readonly string[])[]
  readonly first_frame?: unknown
}

/** JSON of the description of a file's world. */
export type Facts = Record<string, unknown>

/** What a file needs beside its exchanges. */
export interface WorldFacts {
  readonly start: Facts & {
    readonly clock: { readonly first_answer: number }
    readonly credentials: readonly Credential[]
  }
  readonly between: readonly { readonly before_n: number; readonly change: Facts }[]
  readonly waits?: readonly { readonly before_n: number; readonly s: number }[]
  readonly concurrent?: readonly { readonly n?: readonly number[] }[]
  readonly links?: {
    readonly tickets?: readonly { readonly n: number; readonly field: string; readonly from_n: number }[]
    readonly digests?: readonly { readonly n: number; readonly from_n: number }[]
  }
  readonly masks: { readonly body_shape_only?: readonly number[] }
  readonly cannot_replay: readonly { readonly n: number }[]
}

/** A value by which the recorded requests proved who sent them. */
export interface Credential {
  readonly header: string
  readonly value: string
  readonly first_n: number
  readonly is: string
  readonly user?: string
  readonly token?: string
}

/** Reads a file of recorded exchanges, and its world from `worlds.json` beside it. */
export function readRecorded(file: string): { world: WorldFacts; records: Recorded[] } {
  const worlds = JSON.parse(readFileSync(join(dirname(file), 'worlds.json'), 'utf8')) as Record<
    string,
    WorldFacts
  >
  const world = worlds[basename(file)]
  if (world === undefined) throw new Error(`worlds.json describes no world for ${basename(file)}`)
  const records = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Recorded)
  return { world, records }
}

import type { Duplex } from 'node:stream'
import type { Identity } from './permissions.ts'
import type { ProxmoxWorld } from './world.ts'

/** One call as its handler sees it: authenticated, permitted as the schema declares, and its parameters verified. */
export interface Call {
  readonly world: ProxmoxWorld
  readonly identity: Identity
  /** Path and other parameters as text; lists (schema type `array`) as arrays. Absent parameters are absent: defaults are the handler's. */
  readonly params: Readonly<Record<string, string | readonly string[]>>
  /** A required parameter's text. */
  text(name: string): string
  /** An optional parameter's text. */
  optional(name: string): string | undefined
  /** A parameter as a number. */
  number(name: string): number | undefined
  /** A boolean parameter; `fallback` when absent. */
  flag(name: string, fallback?: boolean): boolean
  /** `user@realm` or `user@realm!token`, for UPIDs. */
  readonly user: string
  /** Host that took the call: what `localhost` means, and where console ports listen. */
  readonly contact: string
  /** Header of the request, by lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** The uploaded file, of the upload call only. */
  readonly upload?: Upload
}

/** A file that came with a multipart body. */
export interface Upload {
  readonly filename: string
  readonly data: Uint8Array
  /** Path that the original would have kept it at while it came in. */
  readonly temporaryPath: string
}

/** Answers one call: the `data` of the answer. Refuses by throwing an ApiError; any other Error is a fault of the lab's own. */
export type Handler = (call: Call) => unknown

/** Handlers by `METHOD /path/{template}`, as the schema writes paths. */
export type Handlers = Readonly<Record<string, Handler>>

/** An answer with more than `data` beside it: `total` of a list, `changes` of a log. */
export class Answer {
  readonly data: unknown
  readonly extra: Readonly<Record<string, unknown>>
  constructor(data: unknown, extra: Readonly<Record<string, unknown>>) {
    this.data = data
    this.extra = extra
  }
}

/** An answer that turns the connection into something else: `101 Switching Protocols`, then the socket is `start`'s. */
export class Upgrade {
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly start: (socket: Duplex, early: Buffer) => void
  constructor(
    headers: readonly (readonly [name: string, value: string])[],
    start: (socket: Duplex, early: Buffer) => void,
  ) {
    this.headers = headers
    this.start = start
  }
}

/** An answer that is a text file to keep. */
export class Download {
  readonly filename: string
  readonly text: string
  constructor(filename: string, text: string) {
    this.filename = filename
    this.text = text
  }
}

/** No answer at all: the connection stays open until the client gives up. */
export class Unanswered {
  readonly unanswered = true
}

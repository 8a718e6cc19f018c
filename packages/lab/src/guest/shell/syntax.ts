/** A piece of a word. What stands in quotes is neither split nor taken for a pattern. */
export type Part =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'variable'
      readonly name: string
      readonly quoted: boolean
      readonly operator?: string
      readonly operand?: Word
    }
  | { readonly kind: 'command'; readonly body: Script; readonly quoted: boolean }
  | { readonly kind: 'sum'; readonly text: Word; readonly quoted: boolean }

/** A word before it is expanded. */
export type Word = readonly Part[]

/** Where a command's input comes from, or its output goes. */
export interface Redirect {
  readonly kind: 'read' | 'write' | 'append' | 'text' | 'join'
  /** 1 is the output, 2 are the errors; with `join` 2 goes where 1 goes, or the other way round. */
  readonly descriptor: 1 | 2
  readonly target: Word
}

/** A command, simple or compound. */
export type Command = { readonly redirects: readonly Redirect[] } & (
  | {
      readonly kind: 'simple'
      readonly assignments: readonly [string, Word][]
      readonly words: readonly Word[]
    }
  | { readonly kind: 'group'; readonly body: Script; readonly isolated: boolean }
  | {
      readonly kind: 'if'
      readonly arms: readonly { test: Script; body: Script }[]
      readonly otherwise?: Script
    }
  | { readonly kind: 'loop'; readonly test: Script; readonly until: boolean; readonly body: Script }
  | { readonly kind: 'for'; readonly name: string; readonly words: readonly Word[]; readonly body: Script }
  | {
      readonly kind: 'case'
      readonly word: Word
      readonly arms: readonly { patterns: Word[]; body: Script }[]
    }
  | { readonly kind: 'function'; readonly name: string; readonly body: Command }
)

/** Commands joined by pipes. */
export interface Pipeline {
  readonly commands: readonly Command[]
  readonly negated: boolean
}

/** Pipelines joined by `&&` and `||`. */
export interface AndOr {
  readonly first: Pipeline
  readonly rest: readonly { readonly joint: '&&' | '||'; readonly pipeline: Pipeline }[]
}

/** What runs one after the other. */
export type Script = readonly AndOr[]

import type { WriteContext } from '../rest/core.ts'

/** Thrown inside a write that must first hear what a server outside says. */
class AnswerAwaited extends Error {
  override name = 'AnswerAwaited'
  readonly key: string
  readonly ask: () => Promise<unknown>
  constructor(key: string, ask: () => Promise<unknown>) {
    super(`the answer to ${key} is not there yet`)
    this.key = key
    this.ask = ask
  }
}

/** What servers outside have answered to one write. The write itself never waits: it is begun anew with each further answer. */
export class OutsideCalls {
  readonly #answers = new Map<string, unknown>()
  /** What was drawn for the object when the write was begun first: the same each time. */
  drawn: { uid?: string; name?: string } = {}

  /** The answer to a call; ends the write to make it when it is not known. */
  answer<T>(key: string, ask: () => Promise<T>): T {
    if (!this.#answers.has(key)) throw new AnswerAwaited(key, ask)
    return this.#answers.get(key) as T
  }

  keep(key: string, answer: unknown): void {
    this.#answers.set(key, answer)
  }
}

/** Runs a write that may ask webhooks outside: as often as it takes to know all their answers. Nothing is stored before. */
export async function withOutsideCalls<T, C extends WriteContext>(ctx: C, write: (ctx: C) => T): Promise<T> {
  const outside = new OutsideCalls()
  const warned = ctx.warnings.length
  for (;;) {
    ctx.warnings.length = warned
    try {
      return write({ ...ctx, outside })
    } catch (error) {
      if (!(error instanceof AnswerAwaited)) throw error
      outside.keep(error.key, await error.ask())
    }
  }
}

import { isConflict } from '@fochista/kubernetes'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'
import { createQueue, type Queue, type Result } from './queue.ts'

/** Tells a controller which keys to look at, now or later, as its queue takes them. Called once at the start; returns what ends it. */
export type Source = (add: Queue['add'], addAfter: Queue['addAfter']) => () => void

/** What a controller is made from. */
export interface ControllerConfig {
  /** Its name, equal to its folder. */
  readonly name: string
  /** Where keys come from: watches of its own kind and of everything that its objects depend on. */
  readonly sources: readonly Source[]
  /** Brings the object of one key a step nearer to what it should be. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Result | undefined>
  readonly clock: Clock
  readonly logger: Logger
  /** @default 4 */
  readonly concurrency?: number
  /** @default 500 */
  readonly baseDelayMs?: number
  /** @default 120000 */
  readonly maxDelayMs?: number
  /** What a failure is one of, for those who share their pauses; see `QueueConfig`. */
  readonly causeOf?: (key: string, error: unknown) => string | undefined
  /** Hears of each look: how long it took, seconds, and whether it failed. */
  readonly onLook?: ((seconds: number, isFailure: boolean) => void) | undefined
  /** Hears of each failed look, in addition to the log. */
  readonly onError?: (key: string, error: unknown) => void
}

/** A loop that runs. */
export interface Controller {
  readonly name: string
  readonly queue: Queue
  /** Begins to listen to the sources. */
  start(): void
  /** Ends; looks that are under way come to their end. */
  stop(): Promise<void>
}

const CONFLICT_PAUSE_MS = 50

/** Makes a controller. Nothing happens before `start`. */
export function createController(config: ControllerConfig): Controller {
  const { name, sources, reconcile, clock, logger, concurrency = 4, onLook, onError } = config
  const queue = createQueue({
    process: async (key, signal) => {
      const started = clock.now()
      let isFailure = false
      try {
        return await reconcile(key, signal)
      } catch (error) {
        // Somebody wrote the object meanwhile: no failure, only a look at what is no more.
        if (isConflict(error)) return { requeueAfterMs: CONFLICT_PAUSE_MS }
        isFailure = true
        throw error
      } finally {
        onLook?.((clock.now() - started) / 1000, isFailure)
      }
    },
    clock,
    concurrency,
    ...(config.baseDelayMs === undefined ? {} : { baseDelayMs: config.baseDelayMs }),
    ...(config.maxDelayMs === undefined ? {} : { maxDelayMs: config.maxDelayMs }),
    causeOf: config.causeOf,
    onError: (key, error, retryInMs) => {
      logger.warn(
        { controller: name, key, err: error, retryInMs: Math.round(retryInMs) },
        'failed, will retry',
      )
      onError?.(key, error)
    },
  })
  let ends: (() => void)[] = []
  return {
    name,
    queue,
    start: () => {
      if (ends.length > 0) return
      const add: Queue['add'] = (key, isNews) => queue.add(key, isNews)
      const addAfter: Queue['addAfter'] = (key, ms) => queue.addAfter(key, ms)
      ends = sources.map((source) => source(add, addAfter))
    },
    stop: async () => {
      for (const end of ends) end()
      await queue.stop()
    },
  }
}

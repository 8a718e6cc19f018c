import { setTimeout as sleep } from 'node:timers/promises'
import { after } from 'node:test'
import { startControllers, type Clock } from '@fochista/controllers'
import { connectionFromEnvironment, createKubernetes } from '@fochista/kubernetes'
import type { Bench } from './harness.ts'

/** How the time of the controllers goes. */
export interface Pace {
  /** So many of their seconds are one of ours. @default 1 */
  readonly speed?: number
  /** By how much their time is ahead, milliseconds. @default 0 */
  readonly aheadMs?: number
}

/**
 * Starts the controllers in this process, with a time of their own: what takes an hour, or happens once a minute, can be seen. They need
 * no Lease to act; everything else is as `fochista serve` does it.
 * @returns what stops them
 */
export async function startFastControllers(bench: Bench, pace: Pace): Promise<() => Promise<void>> {
  const kubernetes = createKubernetes(await connectionFromEnvironment(bench.environment))
  const said: string[] = []
  const note = (level: string) => (facts: object, message: string) =>
    void said.push(`${level} ${message} ${JSON.stringify(facts)}`)
  const controllers = await startControllers({
    kubernetes,
    identity: `fast-${process.pid}`,
    leaderElection: false,
    clock: createClock(pace),
    logger: { debug: () => undefined, info: note('info'), warn: note('warn'), error: note('error') },
  })
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    await controllers.stop()
    await kubernetes.close()
    if (process.env['FOCHISTA_SHOW_LOG']) console.error(said.join('\n'))
  }
  after(stop)
  return stop
}

function createClock({ speed = 1, aheadMs = 0 }: Pace): Clock {
  const began = Date.now()
  return {
    now: () => began + aheadMs + (Date.now() - began) * speed,
    setTimeout: (callback, ms) => {
      const timer = setTimeout(callback, Math.min(ms / speed, 2 ** 31 - 1))
      timer.unref()
      return () => clearTimeout(timer)
    },
    sleep: (ms, signal) => sleep(ms / speed, undefined, signal ? { signal } : {}),
  }
}

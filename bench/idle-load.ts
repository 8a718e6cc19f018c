import { connectionFromEnvironment, createKubernetes } from '@fochista/kubernetes'
import { createHealth, startControllers, type Clock } from '../packages/controllers/src/index.ts'
import type { Figure } from './figure.ts'
import { startStage } from './lab-stage.ts'
import { createPool } from './provisioning.ts'

/** How many times faster than the wall clock the controllers' time goes: a minute tells of twenty. */
const FASTER = 20
/** How long each number of watchers is counted, seconds of the controllers' time. */
const COUNTED = 300
const WORKERS = 5

/**
 * Requests a second to Proxmox when nothing happens: all that the controllers ask for a pool that is as it should be, the sweep, the fence
 * and the checks of rights included, with 0, 10 and 100 who follow the Proxmox cluster. Beside them the one request a second that is
 * allowed, whatever their number.
 */
export async function idleLoad(): Promise<Figure[]> {
  const stage = await startStage(40)
  const kubernetes = createKubernetes(await connectionFromEnvironment(stage.lab.environment))
  const clock = fasterClock()
  let calls = 0
  const controllers = await startControllers({
    kubernetes,
    identity: 'bench',
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    clock,
    health: { ...createHealth(), called: () => (calls += 1) },
  })
  try {
    await createPool(stage, WORKERS)
    await clock.sleep(120_000)
    const figures: Figure[] = []
    for (const watchers of [0, 10, 100]) {
      const observer = controllers.observer('lab')
      if (!observer) throw new Error('the controllers are not connected to Proxmox')
      let heard = 0
      const ends = Array.from({ length: watchers }, () => observer.subscribe(() => (heard += 1)))
      const before = calls
      await clock.sleep(COUNTED * 1000)
      for (const end of ends) end()
      const perSecond = (calls - before) / COUNTED
      figures.push({
        name: `requests to Proxmox at rest, ${watchers} watchers`,
        value: perSecond,
        unit: '/s',
        peer: `one a second (${COUNTED / 60} minutes counted)`,
        ratio: perSecond,
        goal: 1,
      })
    }
    return figures
  } finally {
    await controllers.stop()
    await kubernetes.close()
    await stage.close()
  }
}

const silent = (): void => undefined

function fasterClock(): Clock {
  const began = Date.now()
  return {
    now: () => began + (Date.now() - began) * FASTER,
    setTimeout: (callback, ms) => {
      const timer = setTimeout(callback, ms / FASTER)
      return () => clearTimeout(timer)
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        const end = (): void => {
          signal?.removeEventListener('abort', abort)
          resolve()
        }
        const timer = setTimeout(end, ms / FASTER)
        const abort = (): void => {
          clearTimeout(timer)
          reject(signal?.reason as Error)
        }
        signal?.addEventListener('abort', abort, { once: true })
      }),
  }
}

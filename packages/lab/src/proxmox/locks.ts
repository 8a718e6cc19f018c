import type { LabClock } from '../clock.ts'

/** Named locks that are waited for a while and then given up with the original's words, as file and cluster locks are. */
export interface Locks {
  /** Runs `work` while holding the lock; throws `failure` when it is not free within `waitMs` of hardware time. */
  hold<T>(name: string, waitMs: number, failure: string, work: () => Promise<T>): Promise<T>
  /** True while somebody holds it. */
  isHeld(name: string): boolean
}

/** Makes the locks of a world. */
export function createLocks(clock: LabClock): Locks {
  const waiting = new Map<string, (() => void)[]>()
  const release = (name: string): void => {
    const next = waiting.get(name)?.shift()
    if (next) next()
    else waiting.delete(name)
  }
  const acquire = (name: string, waitMs: number, failure: string): Promise<void> => {
    const queue = waiting.get(name)
    if (!queue) {
      waiting.set(name, [])
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const take = (): void => {
        cancel()
        resolve()
      }
      const cancel = clock.setTimeout(() => {
        queue.splice(queue.indexOf(take), 1)
        reject(new Error(failure))
      }, waitMs)
      queue.push(take)
    })
  }
  return {
    isHeld: (name) => waiting.has(name),
    hold: async (name, waitMs, failure, work) => {
      await acquire(name, waitMs, failure)
      try {
        return await work()
      } finally {
        release(name)
      }
    },
  }
}

/** Text of a VM's configuration lock that timed out. */
export function configLockText(vmid: number): string {
  return `can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`
}

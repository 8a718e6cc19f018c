import type { LabClock } from '../clock.ts'

/** How a lock is taken. */
interface LockOptions {
  /** Together with other shared holders; default alone. */
  shared?: boolean
  /** Gives the wait up with the signal's reason. */
  signal?: AbortSignal
}

/** Named locks that are waited for a while and then given up with the original's words, as file and cluster locks are. */
export interface Locks {
  /** Runs `work` while holding the lock; throws an Error of `failure` when it is not free within `waitMs` of hardware time. */
  hold<T>(
    name: string,
    waitMs: number,
    failure: string,
    work: () => Promise<T>,
    options?: LockOptions,
  ): Promise<T>
  /** True when the lock could not be taken at once; `shared` as in `LockOptions`. */
  isHeld(name: string, shared?: boolean): boolean
}

/** In so many pieces a wait is spent. */
const PIECES = 10

/**
 * Calls back after a wait, of which what the lab itself stood still for counts as one piece at most: on a busy machine it may stand still for
 * longer than its holder needs and its waiters wait, and who holds a lock must go on before somebody gives up waiting for it.
 * @returns what cancels it
 */
function afterWait(clock: Pick<LabClock, 'setTimeout'>, ms: number, callback: () => void): () => void {
  let left = PIECES
  let cancel = (): void => {}
  const next = (): void => {
    if (left === 0) {
      callback()
      return
    }
    left -= 1
    cancel = clock.setTimeout(next, ms / PIECES)
  }
  next()
  return () => cancel()
}

interface Lock {
  holders: number
  exclusive: boolean
  readonly queue: { shared: boolean; take: () => void }[]
}

/** Makes the locks of a world. */
export function createLocks(clock: LabClock): Locks {
  const locks = new Map<string, Lock>()
  const isHeld = (name: string, shared = false): boolean => {
    const lock = locks.get(name)
    return lock !== undefined && (lock.exclusive || !shared)
  }
  const enter = (name: string, shared: boolean): void => {
    const lock = locks.get(name) ?? { holders: 0, exclusive: false, queue: [] }
    lock.holders += 1
    lock.exclusive = !shared
    locks.set(name, lock)
  }
  const release = (name: string): void => {
    const lock = locks.get(name)
    if (!lock) return
    lock.holders -= 1
    if (lock.holders > 0) return
    lock.exclusive = false
    // The first waiter gets it, and with a shared one all others that share.
    const first = lock.queue[0]
    if (!first) {
      locks.delete(name)
      return
    }
    const next = first.shared ? lock.queue.filter(({ shared }) => shared) : [first]
    for (const waiter of next) {
      lock.queue.splice(lock.queue.indexOf(waiter), 1)
      enter(name, waiter.shared)
      waiter.take()
    }
  }
  const acquire = (
    name: string,
    waitMs: number,
    failure: string,
    { shared = false, signal }: LockOptions,
  ): Promise<void> => {
    if (signal?.aborted) return Promise.reject(signal.reason as Error)
    const lock = locks.get(name)
    if (!lock || !isHeld(name, shared)) {
      enter(name, shared)
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        cancel()
        signal?.removeEventListener('abort', onAbort)
        const at = lock.queue.indexOf(waiter)
        if (at >= 0) lock.queue.splice(at, 1)
        end()
      }
      const waiter = { shared, take: () => settle(resolve) }
      const cancel = afterWait(clock, waitMs, () => settle(() => reject(new Error(failure))))
      const onAbort = (): void => settle(() => reject(signal?.reason as Error))
      signal?.addEventListener('abort', onAbort, { once: true })
      lock.queue.push(waiter)
    })
  }
  return {
    isHeld,
    hold: async (name, waitMs, failure, work, options = {}) => {
      await acquire(name, waitMs, failure, options)
      try {
        return await work()
      } finally {
        release(name)
      }
    },
  }
}

/** Name of the lock file of a VM's configuration. */
export function configLock(vmid: number): string {
  return `lock-${vmid}.conf`
}

/** Text of a VM's configuration lock that timed out. */
export function configLockText(vmid: number): string {
  return `can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`
}

/** Name of the lock under which volumes of a storage are made and removed: of each host for a local storage, of the cluster for a shared one. */
export function storageLock(storage: { name: string; shared: boolean }, node: string): string {
  return storage.shared ? `storage-${storage.name}` : `${node}/pve-storage-${storage.name}`
}

/** Text of a storage's lock that timed out. */
export function storageLockText(storage: { name: string; shared: boolean }): string {
  return storage.shared
    ? `cfs-lock 'storage-${storage.name}' error: got lock request timeout`
    : `can't lock file '/var/lock/pve-manager/pve-storage-${storage.name}' - got timeout`
}

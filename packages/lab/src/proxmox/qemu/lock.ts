import { die } from '../api-error.ts'
import { configLock, configLockText, storageLock, storageLockText } from '../locks.ts'
import type { Worker } from '../tasks.ts'
import type { ProxmoxWorld, Storage } from '../world.ts'

/** How long most writers wait for a configuration or a storage, ms. */
const WAIT_MS = 10_000

/** Settings of a wait for a lock. */
interface Wait {
  /** Longest wait in ms of hardware time; default 10 s. */
  waitMs?: number
  /** Task that waits: it logs the wait and may be stopped meanwhile. */
  worker?: Worker
  /** Together with other readers; default alone. */
  shared?: boolean
}

/** Runs `work` while holding a VM's configuration lock. Throws `can't lock file ... - got timeout`. */
export function lockConfig<T>(
  world: ProxmoxWorld,
  vmid: number,
  work: () => Promise<T>,
  wait: Wait = {},
): Promise<T> {
  return hold(world, configLock(vmid), configLockText(vmid), work, wait)
}

/** Runs `work` while holding the lock of a storage, as everything does that makes or removes volumes. Throws the storage's text. */
export async function lockStorage<T>(
  world: ProxmoxWorld,
  storage: Storage,
  node: string,
  work: () => Promise<T>,
  worker?: Worker,
): Promise<T> {
  const name = storageLock(storage, node)
  if (!storage.shared) return hold(world, name, storageLockText(storage), work, { ...(worker && { worker }) })
  // A cluster lock is asked for again every second, and says so each time.
  let waiting = world.locks.isHeld(name)
  const ask = (): void => {
    if (!waiting) return
    worker?.log(`trying to acquire cfs lock 'storage-${storage.name}' ...`)
    world.clock.setTimeout(ask, 1100)
  }
  world.clock.setTimeout(ask, 1100)
  try {
    return await hold(
      world,
      name,
      storageLockText(storage),
      () => {
        waiting = false
        return work()
      },
      { ...(worker && { worker }) },
      false,
    )
  } finally {
    waiting = false
  }
}

async function hold<T>(
  world: ProxmoxWorld,
  name: string,
  text: string,
  work: () => Promise<T>,
  wait: Wait,
  says = true,
): Promise<T> {
  const { waitMs = WAIT_MS, worker, shared = false } = wait
  const waits = says && world.locks.isHeld(name, shared)
  if (waits) worker?.log('trying to acquire lock...')
  let entered = false
  try {
    return await world.locks.hold(
      name,
      waitMs,
      text,
      () => {
        entered = true
        if (waits) worker?.log(' OK')
        return work()
      },
      { shared, ...(worker && { signal: worker.signal }) },
    )
  } catch (error) {
    if (entered || (worker?.signal.aborted && error === worker.signal.reason)) throw error
    return die(text)
  }
}

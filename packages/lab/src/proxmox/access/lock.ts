import { ApiError, die } from '../api-error.ts'
import { hasQuorum } from '../cluster/quorum.ts'
import type { ProxmoxWorld } from '../world.ts'

const WAIT = 10_000

/**
 * Changes a configuration file of the cluster under its lock.
 * @param file `user_cfg`, `storage_cfg` or `domains_cfg`.
 * @param prefix what stands before a failure: `create user failed`; empty for none.
 */
export async function changeConfig<T>(
  world: ProxmoxWorld,
  file: string,
  prefix: string,
  work: () => T,
): Promise<T> {
  const say = (text: string): string => (prefix === '' ? text : `${prefix}: ${text}`)
  try {
    if (!hasQuorum(world)) die(`cfs-lock 'file-${file}' error: no quorum!`)
    return await world.locks.hold(
      `file-${file}`,
      WAIT,
      `cfs-lock 'file-${file}' error: got lock request timeout`,
      () => Promise.resolve(work()),
    )
  } catch (error) {
    if (error instanceof ApiError && error.status !== 500) throw error
    return die(say((error as Error).message.trimEnd()))
  }
}

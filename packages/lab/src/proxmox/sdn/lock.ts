import { randomUUID } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { sectionsOf } from '../sections.ts'
import { hasPending } from './running.ts'

const PATH = '/cluster/sdn/lock'

/** The lock that one client holds over several changes. */
export const sdnLockHandlers: Handlers = {
  [`POST ${PATH}`]: (call) => {
    if (tokenOf(call) !== undefined) die('SDN configuration is already locked!')
    if (!call.flag('allow-pending') && hasPending(call.world))
      die('configuration has pending changes, not locking it')
    const token = randomUUID()
    sectionsOf(call.world, 'sdn/lock').set('lock', { token })
    return token
  },
  [`DELETE ${PATH}`]: (call) => {
    if (!call.flag('force')) checkLockToken(call)
    releaseLock(call)
    return null
  },
}

function tokenOf({ world }: Call): string | undefined {
  const token = world.cluster.files.get('sdn/lock')?.get('lock')?.['token']
  return typeof token === 'string' ? token : undefined
}

/** Refuses a change without the token of whoever holds the lock. */
export function checkLockToken(call: Call): void {
  const [held, given] = [tokenOf(call), call.optional('lock-token')]
  if (held === undefined && given !== undefined)
    die('SDN configuration is not locked, but a lock token was provided!')
  if (held !== undefined && given === undefined)
    die('SDN configuration is locked, but no lock token was provided!')
  if (held !== given) die('invalid lock token provided!')
}

/** Gives the lock back. */
export function releaseLock({ world }: Call): void {
  sectionsOf(world, 'sdn/lock').delete('lock')
}

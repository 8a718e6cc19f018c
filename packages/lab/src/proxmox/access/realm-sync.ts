import { die, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { spend, startTask } from '../tasks.ts'

/** Milliseconds until a host knows that a directory's server cannot be reached. */
const NO_ROUTE = 3000

/** Taking users and groups over from a directory. Hosts of the lab have no route to one. */
export const realmSyncHandlers: Handlers = { 'POST /access/domains/{realm}/sync': sync }

function sync(call: Call): string {
  const { world, contact, user } = call
  const realm = call.text('realm')
  const options = world.cluster.realms.get(realm) ?? die(`domain '${realm}' does not exist`)
  const { type = '' } = options
  if (type !== 'ldap' && type !== 'ad')
    die(`Cannot sync realm type '${type}'! Only LDAP/AD realms can be synced.`)
  const defaults = options['sync-defaults-options'] ?? ''
  if (call.optional('scope') === undefined && !/(?:^|,)scope=/.test(defaults))
    parameterError({ scope: 'Not passed as parameter and not defined in realm default sync options.' })
  return startTask(world, { node: contact, type: 'auth-realm-sync', id: realm, user }, async (worker) => {
    worker.log(`${call.flag('dry-run') ? '(dry test run) ' : ''}starting sync for realm ${realm}`)
    await spend(world, worker, NO_ROUTE)
    die('IO::Socket::INET: connect: No route to host')
  })
}

import { createHash } from 'node:crypto'
import { die, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import type { ProxmoxWorld } from '../world.ts'
import { changeConfig } from './lock.ts'

/** Authentication realms. */
export const realmHandlers: Handlers = {
  'GET /access/domains': ({ world }) =>
    [...world.cluster.realms].map(([realm, { type, comment, default: isDefault, tfa }]) => ({
      realm,
      type,
      comment,
      ...(isDefault === '1' && { default: 1 }),
      tfa,
    })),
  'GET /access/domains/{realm}': (call) => {
    const realm = call.text('realm')
    const options = call.world.cluster.realms.get(realm) ?? die(`domain '${realm}' does not exist`)
    const plugin = { pam: 'PVE::Auth::PAM', pve: 'PVE::Auth::PVE' }[realm]
    return { ...options, ...(plugin && { plugin }), digest: digestOfRealms(call.world) }
  },
  'POST /access/domains': (call) =>
    changeConfig(call.world, 'domains_cfg', 'add auth server failed', () => {
      const realm = call.text('realm')
      if (call.world.cluster.realms.has(realm)) die(`domain '${realm}' already exists`)
      if (['pam', 'pve'].includes(call.text('type')))
        die(`unable to create builtin type '${call.text('type')}'`)
      call.world.cluster.realms.set(realm, optionsOf(call))
      call.world.cluster.realmsFile = true
      return null
    }),
  'PUT /access/domains/{realm}': (call) =>
    changeConfig(call.world, 'domains_cfg', 'update auth server failed', () => {
      const realm = call.text('realm')
      const options = call.world.cluster.realms.get(realm) ?? die(`domain '${realm}' does not exist`)
      const digest = call.optional('digest')
      if (digest !== undefined && digest !== digestOfRealms(call.world))
        parameterError({ digest: 'detected modified configuration - file changed by other user? Try again.' })
      Object.assign(options, optionsOf(call))
      call.world.cluster.realmsFile = true
      return null
    }),
  'DELETE /access/domains/{realm}': (call) =>
    changeConfig(call.world, 'domains_cfg', 'delete auth server failed', () => {
      if (!call.world.cluster.realms.delete(call.text('realm')))
        die(`domain '${call.text('realm')}' does not exist`)
      return null
    }),
}

function optionsOf(call: Call): Record<string, string> {
  const options: Record<string, string> = {}
  for (const name in call.params)
    if (!['realm', 'digest', 'delete'].includes(name)) options[name] = call.text(name)
  return options
}

function digestOfRealms(world: ProxmoxWorld): string {
  const text = world.cluster.realmsFile ? JSON.stringify([...world.cluster.realms]) : ''
  return createHash('sha1').update(text).digest('hex')
}

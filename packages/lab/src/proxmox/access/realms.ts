import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { setClientKey } from './openid/client-key.ts'
import { sectionHandlers, shownOptions, type SectionFile } from '../sections.ts'
import type { ProxmoxWorld } from '../world.ts'

/** Options that realms of a type must have. */
const REQUIRED = {
  ad: ['server1', 'domain'],
  ldap: ['server1', 'base_dn', 'user_attr'],
  openid: ['issuer-url', 'client-id'],
}

const realmFile: SectionFile = {
  list: '/access/domains',
  id: 'realm',
  sections: ({ cluster }) => cluster.realms,
  lock: 'domains_cfg',
  noun: 'auth server',
  verbs: ['add', 'update', 'delete'],
  exists: (realm) => die(`domain '${realm}' already exists`),
  missing: (realm) => die(`domain '${realm}' does not exist`),
  required: REQUIRED,
  digest: digestOfRealms,
  // Secrets have files of their own.
  passedOver: ['password', 'client-key', 'check-connection'],
  check: (_, realm, { type }, before) => {
    if (before !== undefined) return
    if (realm === 'pam' || realm === 'pve') die(`unable to use reserved name '${realm}'`)
    if (type === 'pam' || type === 'pve') die(`unable to create builtin type '${type}'`)
  },
  changed: (call, realm, section) => {
    const { world } = call
    world.cluster.realmsFile = true
    const key = call.optional('client-key')
    if (section === undefined || key !== undefined) setClientKey(world, realm, key)
    // There is one default at most.
    if (section?.['default'] === '1')
      for (const [other, options] of world.cluster.realms) if (other !== realm) delete options['default']
  },
  checkRemoval: (_, realm) => {
    if (realm === 'pam' || realm === 'pve') die(`unable to delete built-in realm '${realm}'`)
  },
}

/** Authentication realms. */
export const realmHandlers: Handlers = {
  ...sectionHandlers(realmFile),
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
    return {
      ...shownOptions('/access/domains', options),
      ...(plugin && { plugin }),
      digest: digestOfRealms(call.world),
    }
  },
}

/** That of an empty file as long as there are the built-in realms alone. */
function digestOfRealms({ cluster }: ProxmoxWorld): string {
  const text = cluster.realmsFile ? JSON.stringify([...cluster.realms]) : ''
  return createHash('sha1').update(text).digest('hex')
}

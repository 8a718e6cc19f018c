import { apiSchema } from '@fochista/proxmox/schema'
import type { Handlers } from '../../handler.ts'
import { accountHandlers } from './accounts.ts'
import { DIRECTORIES, TERMS } from './authority.ts'
import { pluginHandlers } from './plugins.ts'

const PATH = '/cluster/acme'

/** Certificates by ACME: accounts, how names are proved, and what is known of the authorities. */
export const acmeHandlers: Handlers = {
  ...accountHandlers,
  ...pluginHandlers,
  [`GET ${PATH}`]: () =>
    ['account', 'challenge-schema', 'directories', 'meta', 'plugins', 'tos'].map((name) => ({ name })),
  [`GET ${PATH}/directories`]: () => DIRECTORIES.map((directory) => ({ ...directory })),
  [`GET ${PATH}/tos`]: () => TERMS,
  [`GET ${PATH}/meta`]: () => ({
    caaIdentities: ['letsencrypt.org'],
    termsOfService: TERMS,
    website: 'https://letsencrypt.org',
  }),
  // Which fields each of them takes is known to none here.
  [`GET ${PATH}/challenge-schema`]: () => [
    { id: 'standalone', name: 'Standalone HTTP Server', type: 'standalone', schema: {} },
    ...dnsApis().map((id) => ({ id, name: id, type: 'dns', schema: {} })),
  ],
}

function dnsApis(): readonly string[] {
  return apiSchema.paths[`${PATH}/plugins`]?.POST?.params['api']?.enum ?? []
}

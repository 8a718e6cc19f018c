import { die } from '../../api-error.ts'
import type { Handlers } from '../../handler.ts'
import { listOf, sectionHandlers, sectionsOf, type SectionFile, type Sections } from '../../sections.ts'
import type { ProxmoxWorld } from '../../world.ts'

/** The challenge that a host answers by itself, and which is there from the start. */
const STANDALONE = 'standalone'

const pluginFile: SectionFile = {
  list: '/cluster/acme/plugins',
  id: 'id',
  sections: pluginsOf,
  lock: 'acme_plugins_cfg',
  exists: (id) => die(`ACME plugin ID '${id}' already exists`),
  missing: (id) => die(`ACME plugin '${id}' not defined`),
  listsDigest: false,
  required: { dns: ['api'] },
  check: ({ world }, _, section) => {
    const stranger = listOf(section['nodes']).find((node) => !world.hosts.has(node))
    if (stranger !== undefined) die(`no such cluster node '${stranger}'`)
  },
  sees: (call, _, { type }) => [undefined, type].includes(call.optional('type')),
  // What comes in base 64 is kept and told as the text that it is.
  facts: (_, id, { data }) => ({
    plugin: id,
    ...(typeof data === 'string' && { data: Buffer.from(data, 'base64').toString() }),
  }),
  checkRemoval: (_, id) => {
    if (id === STANDALONE) die(`the built-in plugin '${id}' cannot be deleted`)
  },
}

/** How hosts prove to an authority that a name is theirs. */
export const pluginHandlers: Handlers = sectionHandlers(pluginFile)

/** Plugins by their id. */
export function pluginsOf(world: ProxmoxWorld): Sections {
  const plugins = sectionsOf(world, 'acme/plugins')
  if (!plugins.has(STANDALONE)) plugins.set(STANDALONE, { type: STANDALONE })
  return plugins
}

import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { listOf, sectionHandlers, sectionsOf, type Section } from '../sections.ts'

/** Names for devices and directories of hosts, that guests are given by name wherever they run. */
export const mappingHandlers: Handlers = {
  ...mappingsOf('pci', 'PCI'),
  ...mappingsOf('usb', 'USB'),
  ...mappingsOf('dir', 'directory'),
}

function mappingsOf(kind: 'pci' | 'usb' | 'dir', word: string): Handlers {
  return sectionHandlers({
    list: `/cluster/mapping/${kind}`,
    id: 'id',
    sections: (world) => sectionsOf(world, `mapping/${kind}`),
    lock: `mapping_${kind}_cfg`,
    noun: 'hardware mapping',
    exists: (id) => die(`${word} ID '${id}' already defined`),
    missing: (id) => die(`mapping '${id}' not found`),
    listsDigest: false,
    goneIsFine: true,
    check: (call, _, section) => checkHosts(call, section),
    sees: ({ world, identity }, id) =>
      can(
        world,
        identity,
        `/mapping/${kind}/${id}`,
        ['Mapping.Audit', 'Mapping.Use', 'Mapping.Modify'],
        true,
      ),
    facts: (call, _, section) => ({
      description: section['description'] ?? '',
      ...checked(call, kind, section),
    }),
  })
}

/** Each entry is of a host that there is, and of no other entry. */
function checkHosts({ world }: Call, section: Section): void {
  const seen = new Set<string>()
  for (const entry of listOf(section['map'])) {
    const { node = '' } = fieldsOf(entry)
    if (!world.hosts.has(node)) die(`node '${node}' does not exist`)
    if (seen.has(entry)) die(`duplicate mapping for node '${node}'`)
    seen.add(entry)
  }
}

function fieldsOf(entry: string): Record<string, string> {
  return Object.fromEntries(
    entry.split(',').map((part) => part.split(/=(.*)/s).slice(0, 2) as [string, string]),
  )
}

/** What a host that is asked for says of its entry: the lab's hosts have no devices. */
function checked(call: Call, kind: 'pci' | 'usb' | 'dir', section: Section): Record<string, unknown> {
  const node = call.optional('check-node')
  if (node === undefined) return {}
  const own = listOf(section['map']).filter((entry) => fieldsOf(entry)['node'] === node)
  const checks =
    own.length === 0
      ? [{ severity: 'warning', message: `No mapping for node ${node}.` }]
      : kind === 'dir'
        ? []
        : own.map((entry) => ({
            severity: 'error',
            message: `${kind} device '${fieldsOf(entry)['path'] ?? fieldsOf(entry)['id']}' not found`,
          }))
  return { [kind === 'usb' ? 'error' : 'checks']: checks }
}

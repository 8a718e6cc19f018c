import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { listOf, type Section } from '../sections.ts'
import type { Host } from '../world.ts'
import { runningFile } from './running.ts'

const PATH = '/nodes/{node}/sdn/fabrics/{fabric}'

/** A fabric that is in force as one of its hosts sees it: it reaches every other host of it that is on. */
export const fabricHostHandlers: Handlers = {
  [`GET ${PATH}`]: () => ['routes', 'neighbors', 'interfaces'].map((subdir) => ({ subdir })),
  [`GET ${PATH}/interfaces`]: (call) => {
    const [, own] = entryOf(call)
    const names = interfacesOf(own).map((name) => ({ name, type: 'Point-To-Point', state: 'Up' }))
    return [...names, { name: `dummy_${call.text('fabric')}`, type: 'Passive', state: 'Up' }]
  },
  [`GET ${PATH}/neighbors`]: (call) => {
    const [fabric] = entryOf(call)
    return othersOf(call).map(({ host, entry }) => ({
      neighbor: fabric['protocol'] === 'ospf' ? (entry['ip'] ?? host.address) : host.name,
      status: fabric['protocol'] === 'ospf' ? 'Full/-' : 'Up',
      uptime: uptimeOf(call, host),
    }))
  },
  [`GET ${PATH}/routes`]: (call) => {
    const [, own] = entryOf(call)
    const via = interfacesOf(own)
    return othersOf(call).flatMap(({ entry }) =>
      [
        [entry['ip'], 32],
        [entry['ip6'], 128],
      ].flatMap(([address, bits]) =>
        address === undefined ? [] : [{ route: `${String(address)}/${String(bits)}`, via }],
      ),
    )
  },
}

/** The fabric of a call and its host's entry. */
function entryOf(call: Call): [fabric: Section, entry: Section] {
  const [id, node] = [call.text('fabric'), call.text('node')]
  const fabric = runningFile(call.world, 'fabrics').get(id) ?? die(`fabric '${id}' does not exist`)
  const entry =
    runningFile(call.world, 'fabric-nodes').get(`${id}/${node}`) ??
    die(`node '${node}' does not exist in fabric '${id}'`)
  return [fabric, entry]
}

function othersOf(call: Call): { host: Host; entry: Section }[] {
  const prefix = `${call.text('fabric')}/`
  return [...runningFile(call.world, 'fabric-nodes')].flatMap(([id, entry]) => {
    const host = id.startsWith(prefix) ? call.world.hosts.get(id.slice(prefix.length)) : undefined
    return host?.online && host.name !== call.text('node') ? [{ host, entry }] : []
  })
}

/** Names of the interfaces that a host's entry lists. */
function interfacesOf(entry: Section): string[] {
  const listed = entry['interfaces'] ?? []
  return (typeof listed === 'string' ? [listed] : listed).flatMap((text) => {
    const name = listOf(text.replaceAll(',', ' ')).find((part) => part.startsWith('name='))
    return name === undefined ? [] : [name.slice('name='.length)]
  })
}

/** Since both hosts are on, as `1h2m3s`. */
function uptimeOf(call: Call, other: Host): string {
  const own = call.world.hosts.get(call.text('node'))
  const since = Math.max(own?.bootedAt ?? 0, other.bootedAt)
  const seconds = Math.floor((call.world.clock.now() - since) / 1000)
  return `${Math.floor(seconds / 3600)}h${Math.floor(seconds / 60) % 60}m${seconds % 60}s`
}

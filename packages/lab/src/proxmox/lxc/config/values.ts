import { randomBytes } from 'node:crypto'
import { apiSchema, type Param } from '@fochista/proxmox/schema'
import { indexedParam } from '../../verify/object.ts'
import type { ProxmoxWorld } from '../../world.ts'

const params = apiSchema.paths['/nodes/{node}/lxc/{vmid}/config']?.PUT?.params ?? {}
/** Parameters of config calls that are no options. */
const EXTRA = new Set(['node', 'vmid', 'digest', 'delete', 'revert'])

/** What the schema says of an option; undefined for one that does not exist. */
export function containerOption(key: string): Param | undefined {
  return EXTRA.has(key) ? undefined : (params[key] ?? indexedParam(params, key))
}

/** Values as answers give them: switches and integers are numbers, all else text. */
export function shownContainer(config: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      const type = key === 'snaptime' ? 'integer' : containerOption(key)?.type
      const isNumber = type === 'boolean' || type === 'integer' || type === 'number'
      return [key, isNumber ? Number(value) : value]
    }),
  )
}

/** A value as the file keeps it. */
export function keptValue(world: ProxmoxWorld, key: string, value: string): string {
  if (/^net\d+$/.test(key)) return network(world, value)
  if (key === 'description') return value.trimEnd()
  if (key === 'tags')
    return [
      ...new Set(
        value
          .toLowerCase()
          .split(/[;,\s]+/)
          .filter(Boolean),
      ),
    ]
      .toSorted()
      .join(';')
  return value
}

/** A network card gets an address and its type; its name stands first. */
function network({ cluster }: ProxmoxWorld, text: string): string {
  const fields = Object.fromEntries(text.split(',').map((part) => part.split(/=(.*)/s).slice(0, 2)))
  const { name, ...rest } = fields as Record<string, string>
  rest['hwaddr'] ??= newAddress(cluster.datacenter['mac_prefix'] ?? 'BC:24:11')
  rest['type'] ??= 'veth'
  return [
    `name=${name}`,
    ...Object.keys(rest)
      .toSorted()
      .map((field) => `${field}=${rest[field]}`),
  ].join(',')
}

function newAddress(prefix: string): string {
  const bytes = 6 - prefix.split(':').length
  return [prefix, ...[...randomBytes(bytes)].map((byte) => byte.toString(16).padStart(2, '0'))]
    .join(':')
    .toUpperCase()
}

/** Memory of a configuration in bytes. */
export function containerMemory(config: Readonly<Record<string, string>>): number {
  return Number(config['memory'] ?? 512) * 1024 ** 2
}

/** Swap of a configuration in bytes. */
export function containerSwap(config: Readonly<Record<string, string>>): number {
  return Number(config['swap'] ?? 512) * 1024 ** 2
}

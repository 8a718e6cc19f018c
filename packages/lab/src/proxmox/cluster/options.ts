import { die } from '../api-error.ts'
import { apiSchema } from '@fochista/proxmox/schema'
import type { Handlers } from '../handler.ts'
import { splitList } from '../verify/string-formats.ts'
import type { ProxmoxWorld } from '../world.ts'

const OPTIONS = '/cluster/options'

/** Options of the datacenter. */
export const optionsHandlers: Handlers = {
  'GET /cluster/options': ({ world }) => {
    const shown: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(world.cluster.datacenter))
      if (isPropertyString(name)) shown[name] = readOptionFields(value)
      else shown[name] = name === 'registered-tags' ? splitList(value) : value
    shown['allowed-tags'] = allowedTags(world)
    return shown
  },
  'PUT /cluster/options': (call) => {
    const { datacenter } = call.world.cluster
    const range = readOptionFields(call.optional('next-id'))
    const lower = Number(range['lower'] ?? 100)
    const upper = Number(range['upper'] ?? 1_000_000)
    if (lower > upper) die(`lower (${lower}) <= upper (${upper}) boundary rule broken`)
    for (const name of splitList(call.optional('delete') ?? '')) delete datacenter[name]
    for (const name in call.params) if (name !== 'delete') datacenter[name] = call.text(name)
    return null
  },
}

function isPropertyString(name: string): boolean {
  return apiSchema.paths[OPTIONS]?.PUT?.params[name]?.fmt?.startsWith('#') === true
}

/** Fields of an option's property string; all have their key. */
export function readOptionFields(text: string | undefined): Record<string, string> {
  const fields: Record<string, string> = {}
  for (const part of (text ?? '').split(',')) {
    const [, key, value] = /^([^=]+)=(.*)$/.exec(part) ?? []
    if (key !== undefined && value !== undefined) fields[key] = value
  }
  return fields
}

/** Tags that users may set: the registered ones and those of guests, as long as nobody restricted them. */
function allowedTags(world: ProxmoxWorld): string[] {
  const tags = new Set(splitList(world.cluster.datacenter['registered-tags'] ?? ''))
  for (const vm of world.vms.values()) for (const tag of splitList(vm.config['tags'] ?? '')) tags.add(tag)
  return [...tags].sort()
}

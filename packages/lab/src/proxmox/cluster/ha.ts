import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import { changeConfig } from '../access/lock.ts'
import type { Call, Handlers } from '../handler.ts'
import { splitList } from '../verify/string-formats.ts'
import type { ProxmoxWorld } from '../world.ts'

/** Resources that the cluster keeps running. The lab keeps the list; its manager takes no action. */
export const haHandlers: Handlers = {
  'GET /cluster/ha': () => ['status', 'resources', 'groups', 'rules'].map((id) => ({ id })),
  'GET /cluster/ha/groups': () => die('cannot index groups: ha groups have been migrated to rules'),
  'GET /cluster/ha/rules': () => [],
  'GET /cluster/ha/status': () => [{ name: 'current' }, { name: 'manager_status' }],
  'GET /cluster/ha/status/current': ({ world, contact }) => [
    { id: 'quorum', node: contact, quorate: 1, status: 'OK', type: 'quorum' },
    {
      'armed-state': 'standby',
      id: 'fencing',
      node: contact,
      status: 'standby (CRM watchdog standby)',
      type: 'fencing',
    },
    ...[...world.cluster.haResources].map(([sid, { state = 'started' }]) => ({
      id: `service:${sid}`,
      node: world.vms.get(Number(sid.split(':')[1]))?.node,
      sid,
      state,
      request_state: state,
      status: state,
      type: 'service',
    })),
  ],
  'GET /cluster/ha/resources': ({ world }) => {
    const digest = digestOf(world)
    return [...world.cluster.haResources].map(([sid, options]) => show(sid, options, digest))
  },
  'GET /cluster/ha/resources/{sid}': (call) => {
    const sid = sidOf(call)
    const options = call.world.cluster.haResources.get(sid) ?? die(`no such resource '${sid}'`)
    return show(sid, options, digestOf(call.world))
  },
  'POST /cluster/ha/resources': (call) => {
    const sid = sidOf(call)
    const vmid = Number(sid.split(':')[1])
    if (!call.world.vms.has(vmid) && !call.world.cluster.containers.has(vmid))
      die(`resource '${sid}' does not exist in cluster`)
    return changeConfig(call.world, 'ha_resources_cfg', 'create resource failed', () => {
      if (call.world.cluster.haResources.has(sid)) die(`resource ID '${sid}' already defined`)
      call.world.cluster.haResources.set(sid, optionsOf(call))
      return null
    })
  },
  'PUT /cluster/ha/resources/{sid}': (call) =>
    changeConfig(call.world, 'ha_resources_cfg', 'update resource failed', () => {
      const sid = sidOf(call)
      const options = call.world.cluster.haResources.get(sid) ?? die(`no such resource '${sid}'`)
      for (const name of splitList(call.optional('delete') ?? '')) delete options[name]
      Object.assign(options, optionsOf(call))
      return null
    }),
  'DELETE /cluster/ha/resources/{sid}': (call) =>
    changeConfig(call.world, 'ha_resources_cfg', 'delete resource failed', () => {
      const sid = sidOf(call)
      if (!call.world.cluster.haResources.delete(sid)) die(`resource '${sid}' not defined`)
      return null
    }),
}

/** Name of a resource; a bare id is that of a VM. */
function sidOf(call: Call): string {
  const sid = call.text('sid')
  return /^\d+$/.test(sid) ? `vm:${sid}` : sid
}

function optionsOf(call: Call): Record<string, string> {
  const options: Record<string, string> = {}
  for (const name in call.params)
    if (!['sid', 'type', 'digest', 'delete'].includes(name)) options[name] = call.text(name)
  return options
}

const NUMBERS = new Set(['max_relocate', 'max_restart', 'failback'])

function show(
  sid: string,
  options: Readonly<Record<string, string>>,
  digest: string,
): Record<string, unknown> {
  const shown: Record<string, unknown> = { sid, type: sid.split(':')[0], digest }
  for (const [name, value] of Object.entries(options)) shown[name] = NUMBERS.has(name) ? Number(value) : value
  return shown
}

function digestOf(world: ProxmoxWorld): string {
  return createHash('sha1')
    .update(JSON.stringify([...world.cluster.haResources]))
    .digest('hex')
}

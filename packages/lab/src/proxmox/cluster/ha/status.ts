import type { Handlers } from '../../handler.ts'
import { sectionsOf, shownOptions, type Section } from '../../sections.ts'
import type { ProxmoxWorld } from '../../world.ts'
import { hasQuorum } from '../quorum.ts'
import { hasFailed, managedGuest } from './managed.ts'

/** What is known of the resources and the hosts that may run them. */
export const haStatusHandlers: Handlers = {
  'GET /cluster/ha/status': () => [{ name: 'current' }, { name: 'manager_status' }],
  'GET /cluster/ha/status/current': ({ world, contact }) => {
    const disarmed = fencing(world)
    return [
      { id: 'quorum', node: contact, quorate: hasQuorum(world) ? 1 : 0, status: 'OK', type: 'quorum' },
      {
        'armed-state': disarmed === undefined ? 'standby' : 'disarmed',
        ...(disarmed && { resource_mode: disarmed['resource-mode'] }),
        id: 'fencing',
        node: contact,
        status: disarmed === undefined ? 'standby (CRM watchdog standby)' : 'disarmed',
        type: 'fencing',
      },
      ...[...world.cluster.haResources].map(([sid, options]) => {
        const {
          state: wanted = 'started',
          group: _,
          ...shown
        } = shownOptions('/cluster/ha/resources', options)
        const state = hasFailed(world, sid) ? 'error' : wanted
        return {
          ...shown,
          id: `service:${sid}`,
          node: managedGuest(world, sid)?.node ?? contact,
          sid,
          state,
          request_state: wanted,
          crm_state: state,
          status: String(state),
          type: 'service',
        }
      }),
    ]
  },
  'GET /cluster/ha/status/manager_status': ({ world, contact }) => ({
    manager_status: {
      master_node: contact,
      node_status: Object.fromEntries(
        [...world.hosts.values()].map(({ name, online }) => [name, online ? 'online' : 'unknown']),
      ),
      service_status: Object.fromEntries(
        [...world.cluster.haResources].map(([sid, { state = 'started' }]) => [
          sid,
          { node: managedGuest(world, sid)?.node, state: hasFailed(world, sid) ? 'error' : state },
        ]),
      ),
      timestamp: Math.floor(world.clock.now() / 1000),
    },
    quorum: { node: contact, quorate: hasQuorum(world) ? 1 : 0 },
    lrm_status: {},
  }),
  'POST /cluster/ha/status/arm-ha': ({ world }) => {
    sectionsOf(world, 'ha/manager').delete('disarmed')
    return null
  },
  'POST /cluster/ha/status/disarm-ha': (call) => {
    sectionsOf(call.world, 'ha/manager').set('disarmed', { 'resource-mode': call.text('resource-mode') })
    return null
  },
}

/** How hosts were told not to be fenced; undefined while they may be. */
function fencing(world: ProxmoxWorld): Section | undefined {
  return world.cluster.files.get('ha/manager')?.get('disarmed')
}

import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { spend, startTask } from '../tasks.ts'
import { addressHandlers } from './addresses.ts'
import { appliedHandlers } from './applied-file.ts'
import { dryRunHandlers } from './dry-run.ts'
import { fabricHandlers } from './fabrics.ts'
import { fabricHostHandlers } from './fabric-hosts.ts'
import { sdnHostHandlers } from './hosts.ts'
import { checkLockToken, releaseLock, sdnLockHandlers } from './lock.ts'
import { applyNetworks, revertNetworks, writtenFile } from './running.ts'
import { subnetHandlers } from './subnets.ts'
import { vnetHandlers } from './vnets.ts'
import { zoneHandlers } from './zones.ts'

const PATH = '/cluster/sdn'
/** Milliseconds that a host takes to bring its networks up. */
const RELOAD = 1000

const controllerHandlers = appliedHandlers('controllers', {
  list: `${PATH}/controllers`,
  id: 'controller',
  lock: 'sdn_controllers_cfg',
  noun: 'sdn controller object',
  exists: (controller) => die(`sdn controller object ID '${controller}' already defined`),
  missing: (controller) => die(`sdn '${controller}' does not exist`),
  required: { evpn: ['asn'], bgp: ['asn'], isis: ['isis-domain', 'isis-ifaces', 'isis-net'] },
  sees: (call, controller, { type }) =>
    [undefined, type].includes(call.optional('type')) &&
    can(call.world, call.identity, `/sdn/controllers/${controller}`, ['SDN.Audit', 'SDN.Allocate'], true),
  checkRemoval: ({ world }, controller) => {
    const user = [...writtenFile(world, 'zones')].find(([, zone]) => zone['controller'] === controller)?.[0]
    if (user !== undefined) die(`controller ${controller} is used by zone ${user}`)
  },
})

/** Networks of guests over all hosts: what is written waits until it is applied. No packet goes through them. */
export const sdnHandlers: Handlers = {
  ...addressHandlers,
  ...controllerHandlers,
  ...dryRunHandlers,
  ...fabricHandlers,
  ...fabricHostHandlers,
  ...sdnHostHandlers,
  ...sdnLockHandlers,
  ...subnetHandlers,
  ...vnetHandlers,
  ...zoneHandlers,
  [`GET ${PATH}`]: () =>
    ['vnets', 'zones', 'controllers', 'ipams', 'dns', 'fabrics', 'lock', 'rollback'].map((id) => ({ id })),
  [`PUT ${PATH}`]: apply,
  [`POST ${PATH}/rollback`]: (call) => {
    checkLockToken(call)
    revertNetworks(call.world)
    if (call.flag('release-lock', true)) releaseLock(call)
    return null
  },
}

/** Puts what is written in force; each host that is on takes it over in a task of its own. */
function apply(call: Call): string {
  checkLockToken(call)
  const { world, user } = call
  applyNetworks(world)
  if (call.optional('lock-token') !== undefined && call.flag('release-lock', true)) releaseLock(call)
  return startTask(world, { node: call.contact, type: 'reloadnetworkall', id: '', user }, async (worker) => {
    for (const { name, online } of world.hosts.values()) {
      if (!online) {
        worker.warn(`host '${name}' is not online`)
        continue
      }
      const upid = startTask(world, { node: name, type: 'srvreload', id: 'networking', user }, (inner) =>
        spend(world, inner, RELOAD),
      )
      await world.tasks.get(upid)?.done
      worker.log(`${name}: reloading network config`)
    }
  })
}

import type { Call, Handlers } from '../../handler.ts'
import { managedState } from '../../cluster/ha/managed.ts'
import { can } from '../../permissions.ts'
import { hasAgent } from '../config/values.ts'
import { hasSpice } from '../console/spice.ts'
import { vmOf } from '../vm.ts'
import { monitored, summary } from './facts.ts'

/** Lists and states of VMs. */
export const statusHandlers: Handlers = {
  'GET /nodes/{node}/qemu': list,
  'GET /nodes/{node}/qemu/{vmid}': () => SUBDIRS.map((subdir) => ({ subdir })),
  'GET /nodes/{node}/qemu/{vmid}/status': (call) => {
    vmOf(call)
    return ACTIONS.map((subdir) => ({ subdir }))
  },
  'GET /nodes/{node}/qemu/{vmid}/status/current': current,
}

/** As the original lists them: `move` is there though the call is `move_disk`. */
const SUBDIRS = [
  'config',
  'cloudinit',
  'pending',
  'status',
  'unlink',
  'vncproxy',
  'termproxy',
  'migrate',
  'resize',
  'move',
  'rrd',
  'rrddata',
  'monitor',
  'agent',
  'snapshot',
  'spiceproxy',
  'sendkey',
  'firewall',
  'mtunnel',
  'remote_migrate',
]

const ACTIONS = ['current', 'start', 'stop', 'reset', 'shutdown', 'suspend', 'reboot']

/** The VMs of a host that the caller may see. */
function list(call: Call): unknown[] {
  const { world, identity } = call
  const node = call.text('node')
  const full = call.flag('full')
  return [...world.vms.values()]
    .filter((vm) => vm.node === node && can(world, identity, `/vms/${vm.vmid}`, ['VM.Audit']))
    .map((vm) => ({ ...summary(world, vm), ...(full && monitored(world, vm)) }))
}

function current(call: Call): unknown {
  const vm = vmOf(call)
  const vga = vm.config['vga']
  return {
    ...summary(call.world, vm),
    ...monitored(call.world, vm),
    ha: managedState(call.world, `vm:${vm.vmid}`),
    ...(hasAgent(vm.config) && { agent: 1 }),
    ...(vga !== undefined && {
      clipboard: /(?:^|,)clipboard=([^,]+)/.exec(vga)?.[1] ?? null,
      ...(hasSpice(vga) && { spice: 1 }),
    }),
  }
}

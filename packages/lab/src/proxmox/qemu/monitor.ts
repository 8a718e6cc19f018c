import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { Refusal } from '../http/refusal.ts'
import { can, isRoot } from '../permissions.ts'
import { rootOnly } from './config/rights.ts'
import { press, runMonitor } from './monitor-commands.ts'
import { vmOf } from './vm.ts'

/** QEMU's monitor and keyboard. */
export const monitorHandlers: Handlers = {
  'POST /nodes/{node}/qemu/{vmid}/monitor': monitor,
  'PUT /nodes/{node}/qemu/{vmid}/sendkey': sendKey,
}

/** Commands of the monitor that Proxmox gives to those who may change the system. */
const MODIFY = new Set([
  'cont',
  'quit',
  'sendkey',
  'stop',
  'system_powerdown',
  'system_reset',
  'system_wakeup',
  'balloon',
  'eject',
  'set_link',
  'nmi',
])
/** Commands of the monitor that only root has. */
const ROOT = new Set([
  'change',
  'chardev-add',
  'device_add',
  'device_del',
  'drive_add',
  'drive_del',
  'hostfwd_add',
  'migrate',
  'netdev_add',
  'netdev_del',
  'object_add',
  'object_del',
  'savevm',
  'loadvm',
  'dump-guest-memory',
  'memsave',
  'pmemsave',
  'screendump',
])

async function monitor(call: Call): Promise<string> {
  const vm = vmOf(call)
  const command = call.text('command').trim()
  const [name = ''] = command.split(/\s+/)
  checkMayRun(call, name)
  if (!vm.running) return `ERROR: VM ${vm.vmid} not running\n`
  const process = name === 'system_reset' ? undefined : call.world.machines?.of(vm.vmid)
  if (process !== undefined) return process.monitor(command)
  return runMonitor(call.world, vm, command, (each) => MODIFY.has(each) || ROOT.has(each))
}

function checkMayRun(call: Call, name: string): void {
  if (isRoot(call.identity) || name === 'info' || name === 'help') return
  if (ROOT.has(name)) die(`root-only command '${name}'`)
  if (!MODIFY.has(name))
    die(`command '${name}' non-existent or not assigned a required permission yet, limiting to root user`)
  if (!can(call.world, call.identity, '/', ['Sys.Modify']))
    die(`command '${name}' requires 'Sys.Modify' permission on '/'`)
}

async function sendKey(call: Call): Promise<null> {
  rootOnly(call, 'skiplock')
  const vm = vmOf(call)
  if (!vm.running) die(`VM ${vm.vmid} not running`)
  const process = call.world.machines?.of(vm.vmid)
  const keys = call.text('key')
  const said = process === undefined ? press(vm, keys) : await process.monitor(`sendkey ${keys}`)
  // The monitor's answer holds a carriage return, which no reason phrase may: the front makes a bare refusal of it.
  if (said !== '')
    throw new Refusal(400, 'Bad Request', '', {
      headers: [['Content-Type', 'application/json;charset=UTF-8']],
    })
  return null
}

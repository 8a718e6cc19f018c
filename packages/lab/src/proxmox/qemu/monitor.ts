import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { Refusal } from '../http/refusal.ts'
import { can, isRoot } from '../permissions.ts'
import type { Vm } from '../world.ts'
import { QEMU_VERSION } from './qemu-version.ts'
import { rootOnly } from './config/rights.ts'
import { pressOf } from './console/keys.ts'
import { qmpStatus } from './status/facts.ts'
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
  return process === undefined ? run(call, vm, command, name) : process.monitor(command)
}

function checkMayRun(call: Call, name: string): void {
  if (isRoot(call.identity) || name === 'info' || name === 'help') return
  if (ROOT.has(name)) die(`root-only command '${name}'`)
  if (!MODIFY.has(name))
    die(`command '${name}' non-existent or not assigned a required permission yet, limiting to root user`)
  if (!can(call.world, call.identity, '/', ['Sys.Modify']))
    die(`command '${name}' requires 'Sys.Modify' permission on '/'`)
}

function run(call: Call, vm: Vm, command: string, name: string): string {
  if (command === 'info status') return `VM status: ${qmpStatus(vm)}\r\n`
  if (command === 'info version') return `${QEMU_VERSION}pve-qemu-kvm_${QEMU_VERSION}-1\r\n`
  if (command === 'info name') return `${vm.config['name'] ?? `VM ${vm.vmid}`}\r\n`
  if (name === 'info') return ''
  if (name === 'system_reset') call.world.events.emit('reset', vm)
  else if (name === 'system_powerdown') vm.onShutdownRequest?.()
  else if (name === 'system_wakeup') vm.asleep = false
  else if (name === 'stop') vm.paused = true
  else if (name === 'cont') vm.paused = false
  else if (!MODIFY.has(name) && !ROOT.has(name)) return `unknown command: '${name}'\r\n`
  return ''
}

const KEY =
  /^(?:[a-z0-9]|f(?:[1-9]|1[0-2])|ctrl(?:_r)?|alt(?:_r)?|shift(?:_r)?|meta_[lr]|delete|insert|home|end|pgup|pgdn|up|down|left|right|ret|spc|tab|esc|backspace|caps_lock|num_lock|scroll_lock|print|pause|menu|minus|equal|bracket_left|bracket_right|semicolon|apostrophe|grave_accent|backslash|comma|dot|slash|asterisk|kp_(?:\d|add|subtract|multiply|divide|enter|decimal)|sysrq|0x[0-9a-f]+)$/

async function sendKey(call: Call): Promise<null> {
  rootOnly(call, 'skiplock')
  const vm = vmOf(call)
  if (!vm.running) die(`VM ${vm.vmid} not running`)
  const process = call.world.machines?.of(vm.vmid)
  const keys = call.text('key')
  // The monitor's answer holds a carriage return, which no reason phrase may: the front makes a bare refusal of it.
  if (
    !keys.split('-').every((key) => KEY.test(key)) ||
    ((await process?.monitor(`sendkey ${keys}`)) ?? '') !== ''
  )
    throw new Refusal(400, 'Bad Request', '', {
      headers: [['Content-Type', 'application/json;charset=UTF-8']],
    })
  if (process === undefined && vm.paused !== true) {
    const press = pressOf(keys.split('-'))
    if (press === 'attention') vm.screen?.attention()
    else if (press !== undefined) vm.screen?.type(press.text)
  }
  return null
}

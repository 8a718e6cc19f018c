import type { ProxmoxWorld, Vm } from '../world.ts'
import { memoryOf } from './config/values.ts'
import { pressOf } from './console/keys.ts'
import { drivesOf, isCdrom } from './drive.ts'
import { isNicKey, parseNic } from './nic.ts'
import { QEMU_VERSION } from './qemu-version.ts'
import { qmpStatus } from './status/facts.ts'
import { nameOf } from './vm.ts'

/** What the monitor of the lab's own machines tells of them. */
const INFO: Readonly<Record<string, (vm: Vm) => string>> = {
  status: (vm) => `VM status: ${qmpStatus(vm)}\n`,
  version: () => `${QEMU_VERSION}pve-qemu-kvm_${QEMU_VERSION}-1\n`,
  name: (vm) => `${nameOf(vm)}\n`,
  uuid: (vm) => `${/(?:^|,)uuid=([^,]+)/.exec(vm.config['smbios1'] ?? '')?.[1] ?? ''}\n`,
  kvm: () => 'kvm support: enabled\n',
  balloon: (vm) => `balloon: actual=${memoryOf(vm.config) / 1024 ** 2}\n`,
  cpus: ({ config, pid }) => {
    const count = Number(config['vcpus'] ?? Number(config['sockets'] ?? 1) * Number(config['cores'] ?? 1))
    const lines = Array.from(
      { length: count },
      (_, index) => `${index === 0 ? '*' : ' '} CPU #${index}: thread_id=${pid + 1 + index}\n`,
    )
    return lines.join('')
  },
  block: ({ config }) =>
    drivesOf(config)
      .map((drive) => {
        const kind = isCdrom(drive) ? '    Removable device: not locked, tray closed\n' : ''
        const file = drive.file === 'none' ? '[not inserted]' : drive.file
        return `drive-${drive.key}: ${file}\n    Attached to:      ${drive.key}\n${kind}`
      })
      .join('\n'),
  network: ({ config }) =>
    Object.keys(config)
      .filter(isNicKey)
      .toSorted()
      .map((key) => {
        const { model, macaddr } = parseNic(config[key] ?? '')
        return `${key}: index=0,type=nic,model=${model},macaddr=${(macaddr ?? '').toLowerCase()}\n`
      })
      .join(''),
  snapshots: () => 'There is no snapshot available.\n',
}

/**
 * Runs a command in the monitor of a machine that is the lab's own; what it prints. It knows the commonest commands and says so of
 * the others.
 * @param known names of QEMU's commands.
 */
export function runMonitor(
  world: ProxmoxWorld,
  vm: Vm,
  command: string,
  known: (name: string) => boolean,
): string {
  const [name = '', argument = ''] = command.split(/\s+/)
  const text = execute(world, vm, name, argument) ?? refusal(command, name, known(name))
  return text.replaceAll('\n', '\r\n')
}

/** Undefined for what it does not know. */
function execute(world: ProxmoxWorld, vm: Vm, name: string, argument: string): string | undefined {
  switch (name) {
    case 'info':
      return INFO[argument]?.(vm)
    case 'help':
      return `info ${Object.keys(INFO).join('|')}\ncont\nquit\nsendkey\nstop\nsystem_powerdown\nsystem_reset\nsystem_wakeup\n`
    case 'quit':
      world.guestStopped(vm)
      return ''
    case 'sendkey':
      return press(vm, argument)
    case 'system_reset':
      world.events.emit('reset', vm)
      return ''
    case 'system_powerdown':
      vm.onShutdownRequest?.()
      return ''
    case 'system_wakeup':
      vm.asleep = false
      return ''
    case 'stop':
    case 'cont':
      vm.paused = name === 'stop'
      return ''
    default:
      return undefined
  }
}

function refusal(command: string, name: string, isKnown: boolean): string {
  if (name === 'info') return `unknown command: '${command}'\n`
  return isKnown
    ? `Error: '${name}' is not emulated by the lab; with --machines qemu it is QEMU's own\n`
    : `unknown command: '${name}'\n`
}

const KEY =
  /^(?:[a-z0-9]|f(?:[1-9]|1[0-2])|ctrl(?:_r)?|alt(?:_r)?|shift(?:_r)?|meta_[lr]|delete|insert|home|end|pgup|pgdn|up|down|left|right|ret|spc|tab|esc|backspace|caps_lock|num_lock|scroll_lock|print|pause|menu|minus|equal|bracket_left|bracket_right|semicolon|apostrophe|grave_accent|backslash|comma|dot|slash|asterisk|kp_(?:\d|add|subtract|multiply|divide|enter|decimal)|sysrq|0x[0-9a-f]+)$/

/** Presses keys together, by QEMU's names joined by `-`. What the monitor says of a name it does not know, or nothing. */
export function press(vm: Vm, keys: string): string {
  const names = keys.split('-')
  const unknown = names.find((name) => !KEY.test(name))
  if (unknown !== undefined) return `invalid parameter: ${unknown}\n`
  const pressed = vm.paused === true ? undefined : pressOf(names)
  if (pressed === 'attention') vm.screen?.attention()
  else if (pressed !== undefined) vm.screen?.type(pressed.text)
  return ''
}

import type { GuestTerminal, ProxmoxWorld, Vm } from '../../world.ts'
import { bridge } from './bridge.ts'
import { followTerminal } from './follow.ts'
import type { ConsoleClient, ConsoleTask } from './sessions.ts'
import { terminalClient, terminalFailure } from './terminal-client.ts'

/** A terminal: who it is for and what it shows. */
interface TerminalFacts {
  readonly world: ProxmoxWorld
  readonly vm: Vm
  readonly port: number
  /** Key of the serial port asked for; the first one when absent. */
  readonly serial: string | undefined
}

/** How the task of a VM's terminal fails. */
export function terminalCommand(vmid: number, port: number, serial: string | undefined): string {
  const iface = serial === undefined ? '' : ` -iface ${serial}`
  return terminalFailure(
    port,
    `/vms/${vmid}`,
    'VM.Console',
    `/usr/sbin/qm terminal ${vmid} -escape 0${iface}`,
  )
}

/** Serves a terminal on a serial port of a VM. */
export function terminal({ world, vm, port, serial }: TerminalFacts, task: ConsoleTask): ConsoleClient {
  const key = serial ?? serialPorts(vm)[0] ?? ''
  // The guest has its getty on the first port; the others are silent.
  const end = (): GuestTerminal | undefined => (key === 'serial0' ? vm.serial : undefined)
  return terminalClient(
    {
      world,
      path: `/vms/${vm.vmid}`,
      port,
      failure: terminalCommand(vm.vmid, port, serial),
      begin: (client) => {
        const problem = problemOf(vm, serial)
        if (problem !== undefined) return problem
        client.send(Buffer.from(`starting serial terminal on interface ${key}\r\n`))
        const process = world.machines?.of(vm.vmid)
        if (process !== undefined) {
          const line = bridge(() => process.openSerial(key), client)
          return { type: (text) => line.data(Buffer.from(text)), closed: () => line.closed() }
        }
        const stop = followTerminal(world, vm, end, {
          // A serial line has no memory: who comes later sees what comes later.
          begin: () => {},
          shows: (text) => client.send(Buffer.from(text)),
          off: () => client.close(),
        })
        return {
          type: (text) => {
            if (vm.paused !== true) end()?.type(text)
          },
          closed: stop,
        }
      },
    },
    task,
  )
}

function serialPorts(vm: Vm): string[] {
  return Object.keys(vm.config)
    .filter((key) => /^serial\d$/.test(key) && vm.config[key] === 'socket')
    .toSorted()
}

function problemOf(vm: Vm, serial: string | undefined): string | undefined {
  if (serial !== undefined && !serialPorts(vm).includes(serial))
    return `serial interface '${serial}' is not configured`
  if (serialPorts(vm).length === 0) return 'unable to find a serial interface'
  return vm.running ? undefined : `VM ${vm.vmid} not running`
}

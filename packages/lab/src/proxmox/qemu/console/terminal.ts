import { isConsoleTicket } from '../../access/tickets.ts'
import type { GuestTerminal, ProxmoxWorld, Vm } from '../../world.ts'
import { bridge } from './bridge.ts'
import { followTerminal } from './follow.ts'
import type { ConsoleClient, ConsoleTask } from './sessions.ts'
import { TerminalMessages } from './terminal-messages.ts'
import type { WebSocketEnd } from '../../../websocket.ts'

/** A terminal: who it is for and what it shows. */
interface TerminalFacts {
  readonly world: ProxmoxWorld
  readonly vm: Vm
  readonly port: number
  /** Key of the serial port asked for; the first one when absent. */
  readonly serial: string | undefined
}

/** The command that the original's task runs, as its failures print it. */
export function terminalCommand(vmid: number, port: number, serial: string | undefined): string {
  const iface = serial === undefined ? '' : ` -iface ${serial}`
  return `command '/usr/bin/termproxy ${port} --path /vms/${vmid} --perm VM.Console --vncticket-endpoint --verify-port --ticket-fd 6 -- /usr/sbin/qm terminal ${vmid} -escape 0${iface}' failed: exit code 1`
}

/** Serves a terminal: a line `{user}:{ticket}`, then what the serial port shows from then on, and what is typed for it. */
export function terminal(facts: TerminalFacts, task: ConsoleTask): ConsoleClient {
  const { world, vm, port, serial } = facts
  let socket: WebSocketEnd | undefined
  let login = ''
  let stop: (() => void) | undefined
  const key = serial ?? serialPorts(vm)[0] ?? ''
  // The guest has its getty on the first port; the others are silent.
  const end = (): GuestTerminal | undefined => (key === 'serial0' ? vm.serial : undefined)
  let line: ReturnType<typeof bridge> | undefined
  const messages = new TerminalMessages((text) => {
    if (line !== undefined) line.data(Buffer.from(text))
    else if (vm.paused !== true) end()?.type(text)
  })
  const begin = (client: WebSocketEnd): void => {
    client.send(Buffer.from('OK'))
    const problem = problemOf(vm, serial)
    if (problem !== undefined) {
      task.fail(terminalCommand(vm.vmid, port, serial))
      client.send(Buffer.from(`${problem}\r\n`))
      client.close()
      return
    }
    client.send(Buffer.from(`starting serial terminal on interface ${key}\r\n`))
    const process = world.machines?.of(vm.vmid)
    if (process !== undefined) {
      const opened = bridge(() => process.openSerial(key), client)
      line = opened
      stop = () => opened.closed()
      return
    }
    stop = followTerminal(world, vm, end, {
      // A serial line has no memory: who comes later sees what comes later.
      begin: () => {},
      shows: (text) => client.send(Buffer.from(text)),
      off: () => client.close(),
    })
  }
  return {
    open: (opened) => {
      socket = opened
    },
    closed: () => {
      stop?.()
      task.done()
    },
    data: (bytes) => {
      if (stop) {
        messages.data(bytes)
        return
      }
      login += bytes.toString()
      const [, line, rest = ''] = /^(.*)\n(.*)$/s.exec(login) ?? []
      if (line === undefined || socket === undefined) return
      const at = line.indexOf(':')
      if (
        isConsoleTicket(world, line.slice(at + 1), line.slice(0, Math.max(0, at)), `/vms/${vm.vmid}`, port)
      ) {
        begin(socket)
        messages.data(Buffer.from(rest))
      } else {
        task.log('authentication failed')
        task.fail(terminalCommand(vm.vmid, port, serial))
      }
    },
  }
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

import { isConsoleTicket } from '../../access/tickets.ts'
import type { ProxmoxWorld, Vm } from '../../world.ts'
import type { ConsoleClient, ConsoleTask } from './sessions.ts'
import type { WebSocketEnd } from './websocket.ts'

/** How often a serial console is looked at for new text, ms. */
const LOOK_MS = 250

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

/**
 * Serves a terminal: a line `{user}:{ticket}`, then what the serial port shows from then on. Input and sizes are read and
 * go nowhere: the lab's guests have no shell on their console.
 */
export function terminal(facts: TerminalFacts, task: ConsoleTask): ConsoleClient {
  const { world, vm, port, serial } = facts
  let socket: WebSocketEnd | undefined
  let login = ''
  let stop: (() => void) | undefined
  const begin = (): void => {
    socket?.send(Buffer.from('OK'))
    const problem = problemOf(vm, serial)
    if (problem !== undefined) {
      task.fail(terminalCommand(vm.vmid, port, serial))
      socket?.send(Buffer.from(`${problem}\r\n`))
      socket?.close()
      return
    }
    socket?.send(Buffer.from(`starting serial terminal on interface ${serial ?? serialPorts(vm)[0]}\r\n`))
    stop = follow(world, vm, (text) =>
      text === undefined ? socket?.close() : socket?.send(Buffer.from(text)),
    )
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
      if (stop) return
      login += bytes.toString()
      const line = /^(.*)\n/.exec(login)?.[1]
      if (line === undefined) return
      const at = line.indexOf(':')
      if (isConsoleTicket(world, line.slice(at + 1), line.slice(0, Math.max(0, at)), `/vms/${vm.vmid}`, port))
        begin()
      else {
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

/** Tells what a console shows from now on; undefined when the VM is off. Returns what ends it. */
function follow(world: ProxmoxWorld, vm: Vm, tell: (text: string | undefined) => void): () => void {
  let seen = vm.console
  let cancel: () => void = () => {}
  const look = (): void => {
    const text = newText(seen, vm.console)
    seen = vm.console
    if (text !== '') tell(text)
    if (vm.running) cancel = world.clock.setTimeout(look, LOOK_MS)
    else tell(undefined)
  }
  cancel = world.clock.setTimeout(look, LOOK_MS)
  return () => cancel()
}

/** What was added to a console whose beginning may have been dropped. */
function newText(before: string, now: string): string {
  if (now.startsWith(before)) return now.slice(before.length)
  const mark = before.slice(-200)
  const at = mark === '' ? -1 : now.lastIndexOf(mark)
  return at < 0 ? now : now.slice(at + mark.length)
}

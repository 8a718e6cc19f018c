import { randomInt } from 'node:crypto'
import { createConsoleTicket, isConsoleTicket } from '../../access/tickets.ts'
import { ApiError } from '../../api-error.ts'
import { Unanswered, Upgrade, type Call, type Handlers } from '../../handler.ts'
import { Refusal } from '../../http/refusal.ts'
import { vmOf, vmidOf } from '../vm.ts'
import { screen } from './screen.ts'
import { consoleOn, openConsole } from './sessions.ts'
import { spiceHandlers } from './spice.ts'
import { terminal, terminalCommand } from './terminal.ts'
import { acceptKey, serveWebSocket } from './websocket.ts'

/** Screens and terminals of VMs. */
export const consoleHandlers: Handlers = {
  'POST /nodes/{node}/qemu/{vmid}/vncproxy': vncProxy,
  'POST /nodes/{node}/qemu/{vmid}/termproxy': termProxy,
  ...spiceHandlers,
  'GET /nodes/{node}/qemu/{vmid}/vncwebsocket': vncWebSocket,
}

/** Opens a screen: who has the password may see it. */
function vncProxy(call: Call): unknown {
  const { world, user } = call
  const vm = vmOf(call)
  const password = Array.from({ length: 8 }, () => String.fromCharCode(randomInt(0x21, 0x61))).join('')
  const { port, upid } = openConsole(
    call,
    vm.vmid,
    (task) => screen(world, vm, password, task),
    (task) => task.fail('connection timed out'),
  )
  const ticket = `${password}:${createConsoleTicket(world, user, `/vms/${vm.vmid}`, port)}`
  // The cluster's authority, for clients that connect by themselves.
  const cert = world.cluster.certificates.get(vm.node)?.at(-1) ?? ''
  return { user, ticket, port: String(port), upid, cert, password }
}

/** Opens a terminal on a serial port. */
function termProxy(call: Call): unknown {
  const { world, user } = call
  const vm = vmOf(call)
  const serial = call.optional('serial')
  const { port, upid } = openConsole(
    call,
    vm.vmid,
    (task, own) => terminal({ world, vm, port: own, serial }, task),
    (task, own) => {
      task.log('connection timed out')
      task.fail(terminalCommand(vm.vmid, own, serial))
    },
  )
  return { user, ticket: createConsoleTicket(world, user, `/vms/${vm.vmid}`, port), port: String(port), upid }
}

/** Joins a console that was opened before. Without an upgrade it only says that it could. */
function vncWebSocket(call: Call): unknown {
  const { world, user, contact, headers } = call
  const port = call.number('port') ?? 0
  if (!isConsoleTicket(world, call.text('vncticket'), user, `/vms/${vmidOf(call)}`, port))
    throw new ApiError(401, 'permission denied - invalid PVEVNC ticket\n')
  if (headers['upgrade']?.toLowerCase() !== 'websocket') return { port: call.text('port') }
  const version = headers['sec-websocket-version']
  if (version !== '13') refuse(`unsupported websocket-version '${version ?? ''}'`)
  const key = headers['sec-websocket-key'] ?? refuse('missing websocket-key')
  const session = consoleOn(world, contact, port)
  if (!session?.join()) return new Unanswered()
  const protocol = headers['sec-websocket-protocol']
  const answer: [string, string][] = [
    ['Upgrade', 'websocket'],
    ['Connection', 'upgrade'],
    ['Sec-WebSocket-Accept', acceptKey(key)],
    ...(protocol === undefined ? [] : [['Sec-WebSocket-Protocol', protocol] as [string, string]]),
  ]
  return new Upgrade(answer, (socket, early) => {
    const end = serveWebSocket(socket, early, {
      onData: (data) => session.data(data),
      onClose: () => session.closed(),
    })
    session.open(end)
  })
}

/** What is wrong with a handshake is told in bare text. */
function refuse(text: string): never {
  throw new Refusal(500, text, `${text}\n`)
}

import { randomInt } from 'node:crypto'
import { createConsoleTicket, isConsoleTicket } from '../../access/tickets.ts'
import { ApiError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { vmOf, vmidOf } from '../vm.ts'
import { authorityOf } from './authority.ts'
import { screen } from './screen.ts'
import { consoleOn, openConsole } from './sessions.ts'
import { spiceHandlers } from './spice.ts'
import { terminal, terminalCommand } from './terminal.ts'
import { upgrade } from './upgrade.ts'

/** Screens and terminals of VMs. */
export const consoleHandlers: Handlers = {
  'POST /nodes/{node}/qemu/{vmid}/vncproxy': vncProxy,
  'POST /nodes/{node}/qemu/{vmid}/termproxy': termProxy,
  ...spiceHandlers,
  'GET /nodes/{node}/qemu/{vmid}/vncwebsocket': (call) => joinConsole(call, `/vms/${vmidOf(call)}`),
}

/** Opens a screen: who has the password may see it. */
function vncProxy(call: Call): unknown {
  const { world, user } = call
  const vm = vmOf(call)
  const password = screenPassword()
  const { port, upid } = openConsole(
    call,
    { type: 'vncproxy', id: String(vm.vmid) },
    (task) => screen(world, vm, password, task),
    (task) => task.fail('connection timed out'),
  )
  const ticket = `${password}:${createConsoleTicket(world, user, `/vms/${vm.vmid}`, port)}`
  // The cluster's authority, for clients that connect by themselves.
  const cert = authorityOf(call, vm.node)
  return { user, ticket, port: String(port), upid, cert, password }
}

/** Opens a terminal on a serial port. */
function termProxy(call: Call): unknown {
  const { world, user } = call
  const vm = vmOf(call)
  const serial = call.optional('serial')
  const { port, upid } = openConsole(
    call,
    { type: 'vncproxy', id: String(vm.vmid) },
    (task, own) => terminal({ world, vm, port: own, serial }, task),
    (task, own) => {
      task.log('connection timed out')
      task.fail(terminalCommand(vm.vmid, own, serial))
    },
  )
  return { user, ticket: createConsoleTicket(world, user, `/vms/${vm.vmid}`, port), port: String(port), upid }
}

/** A password for one look at a screen. */
export function screenPassword(): string {
  return Array.from({ length: 8 }, () => String.fromCharCode(randomInt(0x21, 0x61))).join('')
}

/**
 * Joins a console that was opened before. Without an upgrade it only says that it could.
 * @param path what its ticket is for, `/vms/100` or `/nodes/pve1`.
 */
export function joinConsole(call: Call, path: string): unknown {
  const { world, user, contact, headers } = call
  const port = call.number('port') ?? 0
  if (!isConsoleTicket(world, call.text('vncticket'), user, path, port))
    throw new ApiError(401, 'permission denied - invalid PVEVNC ticket\n')
  if (headers['upgrade']?.toLowerCase() !== 'websocket') return { port: call.text('port') }
  return upgrade(headers, () => {
    const session = consoleOn(world, contact, port)
    return session?.join() ? session : undefined
  })
}

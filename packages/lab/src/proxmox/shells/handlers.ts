import { createConsoleTicket } from '../access/tickets.ts'
import type { Call, Handlers } from '../handler.ts'
import { authorityOf } from '../qemu/console/authority.ts'
import { joinConsole, screenPassword } from '../qemu/console/handlers.ts'
import type { Onlooker } from '../qemu/console/follow.ts'
import { screenClient, textScreen } from '../qemu/console/screen.ts'
import { openConsole } from '../qemu/console/sessions.ts'
import { connectionFile } from '../qemu/console/spice.ts'
import { terminalClient, terminalFailure } from '../qemu/console/terminal-client.ts'
import { spend, startTask } from '../tasks.ts'
import { containerShell } from './container.ts'
import { hostShell } from './host.ts'
import type { Shell } from './shell.ts'

/** Milliseconds that the original's terminal for SPICE waits for its viewer. */
const SPICE_WINDOW = 40_000

/** Shells of hosts and consoles of containers: as a terminal, as a picture, and as a connection file of which nothing listens. */
export const shellHandlers: Handlers = {
  ...handlersOf(
    '/nodes/{node}',
    { terminal: 'termproxy', screen: 'vncshell', spice: 'spiceshell' },
    hostShell,
  ),
  ...handlersOf(
    '/nodes/{node}/lxc/{vmid}',
    { terminal: 'termproxy', screen: 'vncproxy', spice: 'spiceproxy' },
    containerShell,
  ),
  'GET /nodes/{node}/vncwebsocket': (call) => joinConsole(call, `/nodes/${call.text('node')}`),
  'GET /nodes/{node}/lxc/{vmid}/vncwebsocket': (call) => joinConsole(call, `/vms/${call.text('vmid')}`),
}

function handlersOf(
  path: string,
  names: { terminal: string; screen: string; spice: string },
  find: (call: Call) => Shell,
): Handlers {
  return {
    [`POST ${path}/${names.terminal}`]: (call) => openTerminal(call, find(call)),
    [`POST ${path}/${names.screen}`]: (call) => openScreen(call, find(call)),
    [`POST ${path}/${names.spice}`]: (call) => openSpice(call, find(call)),
  }
}

function openTerminal(call: Call, shell: Shell): unknown {
  const { world, user } = call
  const { path, privilege, tasks, command } = shell
  const failureOf = (port: number): string => terminalFailure(port, path, privilege, command)
  const { port, upid } = openConsole(
    call,
    { type: tasks.terminal, id: tasks.id },
    (task, own) =>
      terminalClient(
        {
          world,
          path,
          port: own,
          failure: failureOf(own),
          begin: (client) => {
            const problem = shell.problem()
            if (problem !== undefined) return problem
            const { terminal, close } = shell.open(() => client.close())
            const show = (text: string): void => client.send(Buffer.from(text))
            show(terminal.shown)
            const unwatch = terminal.watch(show)
            return {
              type: (text) => terminal.type(text),
              closed: () => {
                unwatch()
                close()
              },
            }
          },
        },
        task,
      ),
    (task, own) => {
      task.log('connection timed out')
      task.fail(failureOf(own))
    },
  )
  return { user, ticket: createConsoleTicket(world, user, path, port), port: String(port), upid }
}

function openScreen(call: Call, shell: Shell): unknown {
  const { world, user } = call
  const password = screenPassword()
  const { port, upid } = openConsole(
    call,
    { type: shell.tasks.screen, id: shell.tasks.id },
    (task) =>
      screenClient(
        {
          password,
          problem: () => shell.problem(),
          show: (end) => {
            const { terminal, close } = shell.open(() => end.close())
            const follow = (onlooker: Onlooker): (() => void) => {
              onlooker.begin(terminal.shown)
              const unwatch = terminal.watch((text) => onlooker.shows(text))
              return () => {
                unwatch()
                close()
              }
            }
            return textScreen(shell.title, end, { terminal: () => terminal, follow })
          },
        },
        task,
      ),
    (task) => task.fail('connection timed out'),
  )
  const ticket = `${password}:${createConsoleTicket(world, user, shell.path, port)}`
  const cert = authorityOf(call, shell.node)
  return { user, ticket, port: String(port), upid, cert, password }
}

function openSpice(call: Call, shell: Shell): unknown {
  const { world, user, contact } = call
  const { tasks, path, privilege, node, title } = shell
  startTask(world, { node: contact, type: tasks.spice, id: tasks.id, user }, async (worker) => {
    await spend(world, worker, SPICE_WINDOW)
    throw new Error(
      `command '/usr/bin/spiceterm --port 61000 --addr localhost --timeout 40 --authpath ${path} --permissions ${privilege}' failed: exit code 1`,
    )
  })
  return connectionFile(call, { id: tasks.id, node, title })
}

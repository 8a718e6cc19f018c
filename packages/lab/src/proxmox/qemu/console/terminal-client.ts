import { isConsoleTicket } from '../../access/tickets.ts'
import type { ProxmoxWorld } from '../../world.ts'
import type { ConsoleClient, ConsoleTask } from './sessions.ts'
import { TerminalMessages } from './terminal-messages.ts'
import type { WebSocketEnd } from '../../../websocket.ts'

/** A terminal that waits for its client. */
interface TerminalFacts {
  readonly world: ProxmoxWorld
  /** What its ticket is for, `/vms/100` or `/nodes/pve1`. */
  readonly path: string
  readonly port: number
  /** How the original's task fails. */
  readonly failure: string
  /** Serves the client, which has proved who it is; or says why it cannot. */
  readonly begin: (client: WebSocketEnd) => TerminalEnd | string
}

/** What stands behind a terminal once its client is in. */
export interface TerminalEnd {
  /** Somebody types. */
  type(text: string): void
  /** The client went. */
  closed(): void
}

/** Serves a terminal: a line `{user}:{ticket}`, then what it shows from then on, and what is typed for it. */
export function terminalClient(facts: TerminalFacts, task: ConsoleTask): ConsoleClient {
  const { world, path, port, failure } = facts
  let socket: WebSocketEnd | undefined
  let login = ''
  let end: TerminalEnd | undefined
  const messages = new TerminalMessages((text) => end?.type(text))
  const begin = (client: WebSocketEnd): void => {
    client.send(Buffer.from('OK'))
    const begun = facts.begin(client)
    if (typeof begun !== 'string') {
      end = begun
      return
    }
    task.fail(failure)
    client.send(Buffer.from(`${begun}\r\n`))
    client.close()
  }
  return {
    open: (opened) => {
      socket = opened
    },
    closed: () => {
      end?.closed()
      task.done()
    },
    data: (bytes) => {
      if (end) {
        messages.data(bytes)
        return
      }
      login += bytes.toString()
      const [, line, rest = ''] = /^(.*)\n(.*)$/s.exec(login) ?? []
      if (line === undefined || socket === undefined) return
      const at = line.indexOf(':')
      if (isConsoleTicket(world, line.slice(at + 1), line.slice(0, Math.max(0, at)), path, port)) {
        begin(socket)
        messages.data(Buffer.from(rest))
      } else {
        task.log('authentication failed')
        task.fail(failure)
      }
    },
  }
}

/** How the original's task fails when its terminal does. @param command what would have run on it. */
export function terminalFailure(port: number, path: string, privilege: string, command: string): string {
  return `command '/usr/bin/termproxy ${port} --path ${path} --perm ${privilege} --vncticket-endpoint --verify-port --ticket-fd 6 -- ${command}' failed: exit code 1`
}

import type { Call } from '../../handler.ts'
import { startTask, type Worker } from '../../tasks.ts'
import type { ProxmoxWorld } from '../../world.ts'
import type { WebSocketEnd } from '../../../websocket.ts'

/** First and last port of consoles. */
const PORTS = [5900, 5999] as const
/** How long a console waits for its client, ms. */
const WINDOW_MS = 10_000
/** Of these ms the lab's speed takes nothing: a client is not faster than on real hardware, and busy at times. */
const LEAST_WINDOW_MS = 400

/** What a console does with its client. */
export interface ConsoleClient {
  /** The client is there. */
  open(end: WebSocketEnd): void
  /** Bytes of the client. */
  data(bytes: Buffer): void
  /** The client went. */
  closed(): void
}

/** A console's task: what it says and how it ends. */
export interface ConsoleTask {
  log(line: string): void
  /** Ends it with success. */
  done(): void
  /** Ends it with a text. */
  fail(text: string): void
}

/** A console that waits for its one client. */
interface Session extends ConsoleClient {
  /** Takes the client's place; false when somebody has it. */
  join(): boolean
}

const sessions = new WeakMap<ProxmoxWorld, Map<string, Session>>()

/** The console that listens on a host's port; undefined when nothing does. */
export function consoleOn(world: ProxmoxWorld, host: string, port: number): Session | undefined {
  return sessions.get(world)?.get(`${host}:${port}`)
}

/**
 * Opens a console on the first free port of the host that took the call, with a task that lasts as long as it does.
 * @param what type and id of that task.
 * @param begin makes what serves the client; it may end the task at any time.
 * @param late ends the task when no client comes within ten seconds.
 */
export function openConsole(
  call: Call,
  what: { readonly type: string; readonly id: string },
  begin: (task: ConsoleTask, port: number) => ConsoleClient,
  late: (task: ConsoleTask, port: number) => void,
): { port: number; upid: string } {
  const { world, contact } = call
  const open = sessions.get(world) ?? new Map<string, Session>()
  sessions.set(world, open)
  let port: number = PORTS[0]
  while (open.has(`${contact}:${port}`) && port < PORTS[1]) port += 1
  const key = `${contact}:${port}`
  const over = new AbortController()
  let failure: Error | undefined
  let worker: Worker | undefined
  const finish = (error?: Error): void => {
    if (over.signal.aborted) return
    failure = error
    open.delete(key)
    over.abort()
  }
  const task: ConsoleTask = {
    log: (line) => worker?.log(line),
    done: () => finish(),
    fail: (text) => finish(new Error(text)),
  }
  const client = begin(task, port)
  let joined = false
  open.set(key, {
    ...client,
    join: () => {
      const isFirst = !joined
      joined = true
      return isFirst
    },
  })
  world.clock.setTimeout(
    () => {
      if (!joined) late(task, port)
    },
    Math.max(WINDOW_MS, LEAST_WINDOW_MS * world.clock.speed),
  )
  const upid = startTask(world, { node: contact, ...what, user: call.user }, async (own) => {
    worker = own
    own.signal.addEventListener('abort', () => finish(own.signal.reason as Error), { once: true })
    if (!over.signal.aborted)
      await new Promise((resolve) => over.signal.addEventListener('abort', resolve, { once: true }))
    if (failure) throw failure
  })
  return { port, upid }
}

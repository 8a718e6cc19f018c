import { encodeForm, fillPath } from '../encode.ts'
import type { Tasks } from '../task.ts'
import type { Answered } from '../transport.ts'
import type { Upgraded } from '../upgrade.ts'
import { openTerminal, type Terminal } from './terminal.ts'

export type { Terminal } from './terminal.ts'

/** Which VM's console. */
export interface ConsoleOptions {
  readonly node: string
  readonly vmid: number
  /** Ends the opening; a console that is open is ended by its `close`. */
  readonly signal?: AbortSignal | undefined
}

/** A VM's screen that was opened: who joins it within ten seconds, once, sees it by RFB 3.8 with VNC authentication. */
export interface Screen {
  /** The task that serves it; its end says why a screen closed. */
  readonly upid: string
  /** What the VNC authentication asks for, of which it uses the first eight bytes. */
  readonly password: string
  /**
   * Joins it with the handshake of a WebSocket client, whose frames are then relayed as they are: they must be whole and at most 128 KiB.
   * @param key the client's `Sec-WebSocket-Key`; the answer's headers hold the `Sec-WebSocket-Accept` for it.
   * @param signal ends the wait for the answer.
   */
  join(key?: string, signal?: AbortSignal): Promise<Upgraded>
}

/** Consoles of VMs. The two calls of each go to the same host with the same identity, without which Proxmox refuses the second. */
export interface Consoles {
  /**
   * Opens a serial terminal and signs in to it.
   * @param options.serial which port, `serial0` to `serial3`. @default the first one of the VM
   * Throws the errors of this SDK: a ProxmoxTaskError with Proxmox's reason where the terminal closes before it is one.
   */
  terminal(options: ConsoleOptions & { readonly serial?: string | undefined }): Promise<Terminal>
  /** Opens the screen. A VM that is off has one too, which closes as soon as it is joined. */
  screen(options: ConsoleOptions): Promise<Screen>
}

/** What consoles need of a client. */
export interface ConsoleCalls {
  post(
    this: void,
    template: string,
    options: { path: object; body: object; signal?: AbortSignal | undefined },
  ): Promise<Answered>
  upgrade(
    this: void,
    endpoint: number,
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Upgraded>
  readonly tasks: Pick<Tasks, 'wait'>
}

/** What Proxmox answers of a console. */
interface Proxy {
  readonly user: string
  readonly ticket: string
  readonly port: string | number
  readonly upid: string
  /** Since qemu-server 9.1.7; before it the ticket was the password. */
  readonly password?: string
}

/** Makes the console calls of a client. */
export function createConsoles({ post, upgrade, tasks }: ConsoleCalls): Consoles {
  const join = (
    { node, vmid }: ConsoleOptions,
    endpoint: number,
    { port, ticket }: Proxy,
    key: string,
    signal: AbortSignal | undefined,
  ): Promise<Upgraded> => {
    const path = fillPath('/nodes/{node}/qemu/{vmid}/vncwebsocket', { node, vmid })
    const query = encodeForm({ port, vncticket: ticket })
    const headers = {
      'sec-websocket-version': '13',
      'sec-websocket-key': key,
      // Without it some versions relay base64.
      'sec-websocket-protocol': 'binary',
    }
    return upgrade(endpoint, `${path}?${query}`, headers, signal)
  }
  const newKey = (): string => Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64')
  return {
    terminal: async (options) => {
      const { node, vmid, serial, signal } = options
      const { data, endpoint } = await post('/nodes/{node}/qemu/{vmid}/termproxy', {
        path: { node, vmid },
        body: serial === undefined ? {} : { serial },
        signal,
      })
      const proxy = data as Proxy
      const { socket } = await join(options, endpoint, proxy, newKey(), signal)
      return openTerminal(socket, proxy, tasks, signal)
    },
    screen: async (options) => {
      const { node, vmid, signal } = options
      const { data, endpoint } = await post('/nodes/{node}/qemu/{vmid}/vncproxy', {
        path: { node, vmid },
        body: { websocket: true },
        signal,
      })
      const proxy = data as Proxy
      return {
        upid: proxy.upid,
        password: proxy.password ?? proxy.ticket,
        join: (key = newKey(), ended?) => join(options, endpoint, proxy, key, ended),
      }
    },
  }
}

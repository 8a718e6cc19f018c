import { connect, type Socket } from 'node:net'

/** An event of QEMU's, as `SHUTDOWN` or `STOP`. */
export type QmpEvent = (name: string, data: Readonly<Record<string, unknown>>) => void

/** QEMU's control connection (https://qemu.org/docs/master/interop/qmp-spec.html): one JSON object a line, both ways. */
export class Qmp {
  readonly #socket: Socket
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  #next = 1

  private constructor(socket: Socket, onEvent: QmpEvent) {
    this.#socket = socket
    let rest = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line.trim() !== '') this.#take(JSON.parse(line) as Message, onEvent)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('QEMU has ended'))
      this.#waiting.clear()
    })
  }

  /** Connects and enters command mode. Rejects when nothing listens at the path. */
  static async open(path: string, onEvent: QmpEvent): Promise<Qmp> {
    const socket = connect(path)
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    const qmp = new Qmp(socket, onEvent)
    await qmp.execute('qmp_capabilities')
    return qmp
  }

  /** Runs a command. Rejects with QEMU's text, or when QEMU ends before it has answered. */
  execute(command: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const id = this.#next++
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Error('QEMU has ended'))
        return
      }
      this.#waiting.set(id, { resolve, reject })
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`)
    })
  }

  /** Hangs up. */
  close(): void {
    this.#socket.destroy()
  }

  #take(message: Message, onEvent: QmpEvent): void {
    if (message.event !== undefined) onEvent(message.event, message.data ?? {})
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id)
    if (waiting === undefined || message.id === undefined) return
    this.#waiting.delete(message.id)
    if (message.error === undefined) waiting.resolve(message.return)
    else waiting.reject(new Error(message.error.desc))
  }
}

interface Message {
  readonly event?: string
  readonly data?: Readonly<Record<string, unknown>>
  readonly id?: number
  readonly return?: unknown
  readonly error?: { readonly desc: string }
}

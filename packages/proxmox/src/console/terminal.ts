import type { Duplex } from 'node:stream'
import { ProxmoxConnectionError } from '../errors.ts'
import type { Tasks } from '../task.ts'
import { encodeFrame, opcodes, readPayloads } from './frames.ts'

/** A serial terminal that is open. */
export interface Terminal {
  /** The task that serves it; its end says why a terminal closed. */
  readonly upid: string
  /** What the serial port says, as bytes; ends when the other side does. Throws a ProxmoxConnectionError if the connection breaks. */
  readonly output: AsyncIterable<Buffer>
  /** Types bytes. Resolves when more may be typed. */
  write(data: Uint8Array): Promise<void>
  /** Tells the size of the window. */
  resize(columns: number, rows: number): void
  /** Hangs up. */
  close(): void
}

/** Bytes of input that are sent at once: with their head well below the relay's limit. */
const INPUT_BYTES = 32 * 1024
/** How often the other side hears from us, ms; it hangs up after a longer silence. */
const PING_MS = 30_000
/** How long the reason of a terminal that closed at once is waited for, ms. */
const REASON_MS = 5000

/** Signs in to a terminal that was joined. Throws a ProxmoxTaskError with Proxmox's reason, or a ProxmoxConnectionError. */
export async function openTerminal(
  socket: Duplex,
  { user, ticket, upid }: { readonly user: string; readonly ticket: string; readonly upid: string },
  tasks: Pick<Tasks, 'wait'>,
  signal: AbortSignal | undefined,
): Promise<Terminal> {
  const call = { method: 'GET', path: '/vncwebsocket' }
  const broken = (error: unknown): Error => new ProxmoxConnectionError(call, error, true)
  // Without a listener a late reset would end the process; whoever reads hears of it.
  socket.on('error', () => {})
  let isClosed = false
  const hangUp = (): void => {
    isClosed = true
    socket.destroy()
  }
  signal?.addEventListener('abort', hangUp, { once: true })
  const send = (data: Uint8Array | string): boolean =>
    !socket.destroyed && socket.write(encodeFrame(opcodes.binary, Buffer.from(data)))
  send(`${user}:${ticket}\n`)
  const payloads = readPayloads(socket)
  let early = Buffer.alloc(0)
  try {
    while (early.length < 2) {
      const next = await payloads.next().catch((error: unknown) => {
        signal?.throwIfAborted()
        throw broken(error)
      })
      if (next.done) {
        signal?.throwIfAborted()
        await tasks.wait(upid, { signal: AbortSignal.timeout(REASON_MS) })
        throw broken(new Error('the terminal closed before it opened'))
      }
      early = Buffer.concat([early, next.value])
    }
    if (early.toString('latin1', 0, 2) !== 'OK')
      throw broken(new Error(`the terminal begins with "${early.toString('latin1', 0, 20)}" instead of OK`))
  } catch (error) {
    hangUp()
    throw error
  } finally {
    signal?.removeEventListener('abort', hangUp)
  }
  const pinging = setInterval(() => send('2'), PING_MS)
  // Whoever waits for output keeps the process alive, not this.
  pinging.unref()
  socket.once('close', () => clearInterval(pinging))
  async function* output(): AsyncGenerator<Buffer> {
    if (early.length > 2) yield early.subarray(2)
    try {
      yield* payloads
    } catch (error) {
      // Reading what was hung up is an error to the stream, and the end to whoever hung up.
      if (!isClosed) throw broken(error)
    } finally {
      hangUp()
    }
  }
  return {
    upid,
    output: output(),
    write: async (data) => {
      for (let at = 0; at < data.length && !socket.destroyed; at += INPUT_BYTES) {
        const part = data.subarray(at, at + INPUT_BYTES)
        const mayGoOn = send(Buffer.concat([Buffer.from(`0:${part.length}:`), part]))
        if (!mayGoOn) await drained(socket)
      }
    },
    resize: (columns, rows) => void send(`1:${columns}:${rows}:`),
    close: hangUp,
  }
}

async function drained(socket: Duplex): Promise<void> {
  if (socket.destroyed) return
  await new Promise<void>((resolve) => {
    const go = (): void => {
      socket.off('drain', go).off('close', go)
      resolve()
    }
    socket.on('drain', go).on('close', go)
  })
}

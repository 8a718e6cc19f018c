import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Case } from './pieces.ts'
import type { Server } from './server.ts'

/** Milliseconds an answer is looked at, and a server may take to close a connection whose client has ended. */
const LOOKED_AT = 150
/** Bytes of an answer that are kept. */
const KEPT = 64 * 1024

/** Throws a case at a server, and resolves to what came back. Never rejects: what breaks here was broken by us. */
export async function throwAt(server: Server, thrown: Case): Promise<string> {
  const { isTls, parts, ending, before, isPatient = false, isDeaf = false } = thrown
  // A server that gives no ticket has no console to break.
  const first = await before?.(server).catch(() => undefined)
  if (before && first === undefined) return ''
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const socket = connectTo(server, isTls)
    const timer = setTimeout(() => socket.destroy(), LOOKED_AT * 14)
    const answered = new Promise<void>((hear) => socket.once('data', hear))
    socket.on('data', (chunk: Buffer) => {
      if (size < KEPT) chunks.push(chunk)
      size += chunk.length
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      if (isDeaf) socket.pause()
      void send(socket, first === undefined ? [] : [first])
        .then(() => (isPatient ? Promise.race([answered, after(LOOKED_AT * 3)]) : undefined))
        .then(() => send(socket, parts))
        .then(() => {
          if (ending === 'destroy') socket.destroy()
          else if (ending === 'end') socket.end()
          else setTimeout(() => socket.destroy(), LOOKED_AT)
        })
    })
  })
}

/** Connects to a server. */
export function connectTo({ host, port }: Server, isTls: boolean): Socket {
  return isTls
    ? connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    : connectTcp({ host, port })
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function send(socket: Socket, parts: readonly Buffer[]): Promise<void> {
  for (const part of parts) {
    if (socket.destroyed) return
    // A server that does not take all that is sent has answered or gone: nobody waits for it.
    socket.write(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

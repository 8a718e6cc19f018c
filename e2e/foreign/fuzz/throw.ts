import { connect as connectTcp } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Case } from './cases.ts'
import type { Server } from './server.ts'

/** Milliseconds an answer is looked at, and a server may take to close a connection whose client has ended. */
const LOOKED_AT = 150
/** Bytes of an answer that are kept. */
const KEPT = 64 * 1024

/** Throws a case at a server, and resolves to what came back. Never rejects: what breaks here was broken by us. */
export function throwAt({ host, port }: Server, { isTls, parts, ending }: Case): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const socket: Socket = isTls
      ? connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
      : connectTcp({ host, port })
    const timer = setTimeout(() => socket.destroy(), LOOKED_AT * 14)
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
      void send(socket, parts).then(() => {
        if (ending === 'destroy') socket.destroy()
        else if (ending === 'end') socket.end()
        else setTimeout(() => socket.destroy(), LOOKED_AT)
      })
    })
  })
}

async function send(socket: Socket, parts: Buffer[]): Promise<void> {
  for (const part of parts) {
    if (socket.destroyed) return
    // A server that does not take all that is sent has answered or gone: nobody waits for it.
    socket.write(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

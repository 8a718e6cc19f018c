import type { IncomingMessage } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** First byte of a TLS handshake. */
const HANDSHAKE = 22
/** A connection must begin, and the head of each request be whole, within so long, milliseconds: as with the API server. */
const BEGIN_WITHIN = 32_000
/** What Go's server says to a client that speaks HTTP where TLS is spoken. */
const NO_TLS = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n'

/** What listens for an HTTPS server and knows each of its connections, also those that speak another protocol by now. */
export interface Front {
  /** Resolves to the port, which is the one given unless that is 0. Rejects with the system's error. */
  listen(port: number, host: string): Promise<number>
  /** Listens no more and breaks all connections off. */
  close(): Promise<void>
  /** Breaks all connections off. */
  breakOff(): void
}

/** Stands before an HTTPS server that does not listen itself. */
export function createFront(https: HttpsServer): Front {
  const sockets = new Set<Socket>()
  https.headersTimeout = BEGIN_WITHIN
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A client that breaks its connection is no fault of the server.
    socket.on('error', () => socket.destroy())
    socket.setNoDelay(true)
    socket.setTimeout(BEGIN_WITHIN, () => socket.destroy())
    socket.once('data', (first) => {
      socket.setTimeout(0)
      if (first[0] !== HANDSHAKE) {
        socket.end(NO_TLS)
        return
      }
      socket.pause()
      socket.unshift(first)
      https.emit('connection', socket)
    })
  })
  const breakOff = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    breakOff,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          // Node watches over the time of heads from this event on.
          https.emit('listening')
          resolve((server.address() as AddressInfo).port)
        })
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        breakOff()
        // Ends the timer of that watch, which would hold the whole server in memory.
        https.close()
      }),
  }
}

/** Whether a request asks for a protocol that is spoken here; all others are answered as if it did not ask. */
export function asksToSwitch({ headers }: IncomingMessage): boolean {
  return ['websocket', 'spdy/3.1'].includes(headers.upgrade?.toLowerCase() ?? '')
}

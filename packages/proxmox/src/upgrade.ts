import type { Duplex } from 'node:stream'
import type { Deadline } from './deadline.ts'
import type { Endpoint } from './endpoints.ts'
import { printHead } from './http/head.ts'
import type { Outgoing } from './http/connection.ts'
import type { Reply } from './request.ts'

/** A connection that has become a WebSocket's: what was answered, and its bytes both ways. */
export interface Upgraded {
  /** The answer's headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The frames, unread. Bytes that came with the answer are read first. */
  readonly socket: Duplex
}

/** How much of a refusal is read, bytes. */
const MAX_REFUSAL_BYTES = 64 * 1024

/** Asks for a switch to WebSocket over a connection of the endpoint, which leaves its pool with it. Rejects as `requestOn` does. */
export function upgradeOn(
  { pool, host, prefix }: Endpoint,
  {
    path,
    headers,
    deadline,
  }: {
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly deadline: Deadline
  },
): Promise<Upgraded | Reply> {
  return new Promise((resolve, reject) => {
    const ended = deadline.reason()
    if (ended !== undefined) return reject(ended as Error)
    const asks = { ...headers, connection: 'upgrade', upgrade: 'websocket' }
    const request: Outgoing = {
      head: printHead('GET', prefix + path, host, asks),
      body: undefined,
      maxBytes: MAX_REFUSAL_BYTES,
      answered: (answer) => {
        forget()
        resolve({ status: answer.status, statusText: answer.statusText, text: answer.text() })
      },
      upgraded: (answer, socket) => {
        forget()
        resolve({ headers: answer.headers(), socket })
      },
      failed: (error) => {
        forget()
        reject(error as Error)
      },
    }
    const forget = deadline.onEnd((reason) => pool.cancel(request, reason))
    pool.dispatch(request)
  })
}

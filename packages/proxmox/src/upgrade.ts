import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Deadline } from './deadline.ts'

/** A connection that has become a WebSocket's: what was answered, and its bytes both ways. */
export interface Upgraded {
  /** The answer's headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The frames, unread. Bytes that came with the answer are read first. */
  readonly socket: Duplex
}

/** An answer that is no switch. */
export interface NotUpgraded {
  readonly status: number
  readonly statusText: string
  readonly text: string
}

/** How much of a refusal is read, bytes. */
const MAX_REFUSAL_BYTES = 64 * 1024

/** Asks for a switch of protocol over a pool's connection, which leaves the pool with it. undici's own `upgrade` hides why it is refused. */
export function upgradeOn(
  pool: Dispatcher,
  exchange: {
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
    readonly deadline: Deadline
  },
): Promise<Upgraded | NotUpgraded> {
  const { signal } = exchange.deadline
  const { promise, resolve, reject } = Promise.withResolvers<Upgraded | NotUpgraded>()
  let refused = { status: 0, statusText: '' }
  let text = ''
  let abort = (): void => {}
  signal.addEventListener('abort', () => abort(), { once: true })
  pool.dispatch(
    {
      method: 'GET',
      path: exchange.path,
      headers: exchange.headers,
      upgrade: 'websocket',
      // The deadline is the limit.
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    {
      onRequestStart: (controller) => {
        abort = () => controller.abort(asError(signal.reason))
        if (signal.aborted) abort()
      },
      onRequestUpgrade: (_controller, status, headers, socket) => {
        abort = () => {}
        const printed = Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')])
        if (status === 101)
          return resolve({ headers: Object.fromEntries(printed) as Record<string, string>, socket })
        socket.destroy()
        resolve({ status, statusText: '', text: '' })
      },
      onResponseStart: (_controller, status, _headers, statusText) => {
        refused = { status, statusText: statusText ?? '' }
      },
      onResponseData: (controller, chunk) => {
        text += chunk.toString('utf8')
        if (text.length > MAX_REFUSAL_BYTES) controller.abort(new Error('the answer is too large'))
      },
      onResponseEnd: () => resolve({ ...refused, text }),
      onResponseError: (_controller, error) => reject(error),
    },
  )
  return promise
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}

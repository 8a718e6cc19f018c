import { StatusError } from '../../kubernetes/errors.ts'
import type { Exchange } from '../../kubernetes/http/exchange.ts'
import type { Occasion } from '../occasion.ts'
import type { FaultWhat } from '../spec.ts'

/** Reasons that an API server gives with a status, for answers that name none. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** What a request is about. */
export function kubernetesOccasion(exchange: Exchange, tenant: string | undefined): Occasion {
  return {
    method: exchange.method,
    isWatch: isWatch(exchange),
    path: exchange.path,
    user: exchange.user.username,
    tenant,
  }
}

/** Whether a request asks for a watch. */
export function isWatch({ method, query }: Exchange): boolean {
  return method === 'GET' && ['true', '1'].includes(query.get('watch') ?? '')
}

/** Answers as a fault says, around what would answer otherwise. */
export function faultKubernetes(
  what: FaultWhat,
  exchange: Exchange,
  next: () => Promise<void>,
): () => Promise<void> {
  switch (what.kind) {
    case 'delay':
      return async () => {
        await new Promise((resolve) => setTimeout(resolve, what.ms).unref())
        await next()
      }
    case 'answer':
      return instead(what.at, exchange, next, () => sendAnswer(exchange, what))
    case 'hang':
      return instead(what.at, exchange, next, () => {})
    case 'reset':
      if (what.at === 'during') return () => cutBody(exchange)
      return instead(what.at, exchange, next, () => exchange.request.socket.destroy())
    case 'token-expired':
    case 'token-revoked':
      return instead('before', exchange, next, () =>
        exchange.sendError(new StatusError(401, 'Unauthorized', 'Unauthorized')),
      )
    default:
      return next
  }
}

function instead(
  at: 'before' | 'after' | undefined,
  exchange: Exchange,
  next: () => Promise<void>,
  act: () => void,
): () => Promise<void> {
  // A watch has no end after which another answer could be given.
  if (at === 'after' && !isWatch(exchange))
    return async () => {
      const send = exchange.send.bind(exchange)
      exchange.send = () => {
        exchange.send = send
        act()
      }
      await next()
    }
  return () => {
    act()
    return Promise.resolve()
  }
}

function sendAnswer(exchange: Exchange, what: Extract<FaultWhat, { kind: 'answer' }>): void {
  const { status, body, headers = {} } = what
  if (body !== undefined) {
    if (typeof body === 'string') exchange.send(status, 'text/plain; charset=utf-8', body, { ...headers })
    else exchange.send(status, 'application/json', `${JSON.stringify(body)}\n`, { ...headers })
    return
  }
  const reason = what.reason ?? REASONS[status]
  const error = new StatusError(
    status,
    reason,
    `the lab was asked for this answer: ${status} ${reason ?? ''}`.trimEnd(),
  )
  exchange.sendObject(status, error.status(), { ...headers })
}

/** Breaks the connection when half of the body has come. */
function cutBody({ request }: Exchange): Promise<void> {
  let left = Number(request.headers['content-length'] ?? 0) / 2
  return new Promise((resolve) => {
    const cut = (): void => {
      request.socket.destroy()
      resolve()
    }
    if (left <= 0) cut()
    request.on('data', (chunk: Buffer) => {
      left -= chunk.length
      if (left <= 0) cut()
    })
    request.on('close', () => resolve())
  })
}

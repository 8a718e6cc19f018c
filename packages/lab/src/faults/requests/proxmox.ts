import { STATUS_CODES } from 'node:http'
import { authenticate, readCredentials } from '../../proxmox/authenticate.ts'
import { printIdentity } from '../../proxmox/permissions.ts'
import { unescapePercent } from '../../proxmox/http/form.ts'
import type { Exchange } from '../../proxmox/http/connection.ts'
import type { ProxmoxWorld } from '../../proxmox/world.ts'
import type { Occasion } from '../occasion.ts'
import type { FaultWhat } from '../spec.ts'

/** Answers an exchange. */
export type AnswerProxmox = (exchange: Exchange) => Promise<void>

/** What a request is about. */
export function proxmoxOccasion(world: ProxmoxWorld, { head }: Exchange): Occasion {
  const target = unescapePercent(head.target.split('?', 1)[0] ?? '')
  const path = target.replace(/^\/api2\/[a-z0-9]+/, '').replace(/(.)\/$/, '$1') || '/'
  const identity = authenticate(world, readCredentials(head.headers))
  const vmid = /^\/nodes\/[^/]+\/qemu\/(\d+)(?:\/|$)/.exec(path)?.[1]
  return {
    method: head.method,
    path,
    user: typeof identity === 'string' ? undefined : printIdentity(identity),
    node: /^\/nodes\/([^/]+)/.exec(path)?.[1],
    storage: /^(?:\/nodes\/[^/]+)?\/storage\/([^/]+)/.exec(path)?.[1],
    vmid: vmid === undefined ? undefined : Number(vmid),
  }
}

/** Answers as a fault says, around what would answer otherwise. */
export function faultProxmox(what: FaultWhat, next: AnswerProxmox): AnswerProxmox {
  switch (what.kind) {
    case 'delay':
      return async (exchange) => {
        await new Promise((resolve) => setTimeout(resolve, what.ms).unref())
        await next(exchange)
      }
    case 'answer':
      return instead(what.at, next, (exchange) => {
        const isText = typeof what.body === 'string'
        exchange.answer({
          status: what.status,
          reason: what.reason ?? STATUS_CODES[what.status] ?? '',
          headers: [
            ...Object.entries(what.headers ?? {}),
            ...(what.body === undefined
              ? []
              : [['Content-Type', isText ? 'text/plain' : 'application/json;charset=UTF-8'] as const]),
          ],
          body:
            typeof what.body === 'string'
              ? what.body
              : what.body === undefined
                ? ''
                : JSON.stringify(what.body),
        })
      })
    case 'hang':
      return instead(what.at, next, (exchange) => exchange.silence(true))
    case 'reset':
      if (what.at === 'during') return cutBody
      return instead(what.at, next, (exchange) => exchange.takeOver().socket.destroy())
    default:
      return next
  }
}

function instead(
  at: 'before' | 'after' | undefined,
  next: AnswerProxmox,
  act: (exchange: Exchange) => void,
): AnswerProxmox {
  if (at === 'after') return (exchange) => next({ ...exchange, answer: () => act(exchange) })
  return (exchange) => {
    act(exchange)
    return Promise.resolve()
  }
}

/** Breaks the connection when half of the body has come. */
async function cutBody(exchange: Exchange): Promise<void> {
  let left = Math.floor(Number(exchange.head.headers['content-length'] ?? 0) / 2)
  while (left > 0) {
    const bytes = await exchange.readSome(left)
    if (bytes === undefined) break
    left -= bytes.length
  }
  exchange.takeOver().socket.destroy()
}

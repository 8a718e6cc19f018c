import { StatusError } from '../../kubernetes/errors.ts'
import type { Exchange } from '../../kubernetes/http/exchange.ts'
import type { Armed, Occasion } from '../occasion.ts'
import type { FaultWhat } from '../spec.ts'

/** What a request for a watch belongs to, beside the exchange. */
interface Open {
  readonly backEnd: 'kubernetes' | 'tenant'
  readonly occasion: Occasion
  readonly exchange: Exchange
}

/** The open watches of all Kubernetes servers. */
export class Watches {
  readonly #open = new Set<Open>()

  /** Remembers a watch until it ends; drops it when a fault of later watches says so. */
  add(open: Open, later: readonly Armed[]): void {
    this.#open.add(open)
    open.exchange.response.once('close', () => this.#open.delete(open))
    for (const { spec } of later) {
      if (spec.what.kind !== 'watch-drops') continue
      const { what } = spec
      const timer = setTimeout(() => drop(open.exchange, what), what.after ?? 0)
      timer.unref()
      open.exchange.response.once('close', () => clearTimeout(timer))
    }
  }

  /** Drops those that are open and that a fault strikes. */
  strike(armed: Armed): void {
    const { what, on } = armed.spec
    if (what.kind !== 'watch-drops') return
    for (const { backEnd, occasion, exchange } of this.#open)
      if (backEnd === on.backEnd && armed.strikes(occasion)) drop(exchange, what)
  }
}

function drop({ response, request }: Exchange, { how }: Extract<FaultWhat, { kind: 'watch-drops' }>): void {
  // Another fault may have ended it in this moment, or its own time.
  if (response.writableEnded) return
  if (how === 'expired' && response.headersSent) {
    const gone = new StatusError(410, 'Expired', 'The resourceVersion for the provided watch is too old.')
    response.write(`${JSON.stringify({ type: 'ERROR', object: gone.status() })}\n`)
  }
  if (how === 'end' || how === 'expired') response.end()
  else request.socket.destroy()
}

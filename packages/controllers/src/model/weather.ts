import { KubernetesApiError, KubernetesConnectionError, KubernetesTimeoutError } from '@fochista/kubernetes'
import { ProxmoxApiError, ProxmoxConnectionError, ProxmoxTimeoutError } from '@fochista/proxmox'
import type { Chance } from './chance.ts'

/** Who is called. */
export type BackEnd = 'kubernetes' | 'proxmox' | 'tenant'

/** What goes wrong with one call. */
export interface Fault {
  /** Whether the call has had its effect when it fails. */
  readonly when: 'before' | 'after'
  readonly error: Error
  /** How long the caller waits for it, milliseconds. */
  readonly delayMs: number
}

/** How well calls go. Commands change it. */
export interface Weather {
  /** Of a hundred calls so many fail. */
  faults: number
  /** Of a hundred calls so many take their time. */
  slow: number
  /** How long a watch may lag behind, milliseconds. */
  lagMs: number
  /** The clock of our own process is so much before those of the servers, milliseconds. */
  skewMs: number
  /** When that was changed last, milliseconds since 1970. */
  skewedAt: number
  /** When it was rough last, milliseconds since 1970. */
  roughUntil: number
}

const request = { method: 'POST', path: '/model' }

/** What goes wrong with the next call, if anything does. */
export function nextFault(weather: Weather, chance: Chance, backEnd: BackEnd): Fault | undefined {
  if (!chance.percent(weather.faults)) return undefined
  const when = chance.percent(50) ? 'before' : 'after'
  const timesOut = chance.percent(20)
  const delayMs = timesOut ? 30_000 : chance.whole(0, 300)
  if (backEnd === 'proxmox') {
    const error = timesOut
      ? new ProxmoxTimeoutError(request, 30_000)
      : chance.percent(50)
        ? new ProxmoxConnectionError(request, new Error('socket hang up'), when === 'after')
        : // With 500 Proxmox says no; with the others that it has not heard.
          new ProxmoxApiError(
            request,
            when === 'before' ? 500 : (chance.pick([595, 596]) ?? 595),
            'no reason given',
          )
    return { when, error, delayMs }
  }
  // A conflict and a refusal for load are only said of what has not been done.
  if (when === 'before' && chance.percent(30)) {
    const [code, reason] = chance.percent(50)
      ? ([409, 'Conflict'] as const)
      : ([429, 'TooManyRequests'] as const)
    return { when, error: new KubernetesApiError(code, { message: reason, reason, code }, request), delayMs }
  }
  const error = timesOut
    ? new KubernetesTimeoutError(request, 30_000)
    : chance.percent(50)
      ? new KubernetesConnectionError('socket hang up', { code: 'ECONNRESET' })
      : new KubernetesApiError(
          500,
          { message: 'etcdserver: leader changed', reason: 'InternalError', code: 500 },
          request,
        )
  return { when, error, delayMs }
}

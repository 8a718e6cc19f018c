import type { Kubernetes } from './client-types.ts'
import { machineClock, type WaitingClock } from './clock.ts'
import { isAlreadyExists, isConflict, isNotFound, orUndefined } from './errors.ts'
import { Lease } from './kinds/coordination.ts'

/** Which Lease is contended for, by whom, and how fast. */
export type LeaderElectionConfig = {
  /** Namespace of the Lease. */
  namespace: string
  /** Name of the Lease. */
  name: string
  /** Who we are, unique among all who contend. */
  identity: string
  /** How long others wait after the last renewal they saw before they take over, ms. @default 15000 */
  leaseDurationMs?: number
  /** How long the leader goes on without a successful renewal, ms; less than the lease's duration. @default 10000 */
  renewDeadlineMs?: number
  /** Pause between attempts to take or renew, ms. @default 2000 */
  retryPeriodMs?: number
  /** @default the machine's clock */
  clock?: WaitingClock
  /** Told of each failed attempt. */
  onError?: (error: unknown) => void
}

/** One contender for a Lease. */
export interface LeaderElection {
  /** Whether we lead now. */
  readonly isLeader: boolean
  /**
   * Contends until the signal aborts. While leading runs `onStarted`, whose signal aborts when leadership is lost or we are to
   * stop; the lease is renewed until it has returned, and only then handed over. After a loss it contends again. Ends when `onStarted`
   * ends by itself, and throws what it throws.
   */
  run(signal: AbortSignal, onStarted: (signal: AbortSignal) => Promise<void>): Promise<void>
}

/** Leader election by a Lease. Clocks of different machines are not compared: a lease is over when we saw it unchanged for its duration. */
export function createLeaderElection(kubernetes: Kubernetes, config: LeaderElectionConfig): LeaderElection {
  const {
    namespace,
    name,
    identity,
    leaseDurationMs = 15_000,
    renewDeadlineMs = 10_000,
    retryPeriodMs = 2000,
    clock = machineClock,
    onError,
  } = config
  if (renewDeadlineMs >= leaseDurationMs)
    throw new RangeError('renewDeadlineMs must be less than leaseDurationMs: two would lead at once')
  const ref = { namespace, name }
  const timeoutMs = Math.min(retryPeriodMs * 2, renewDeadlineMs)
  let seen: { version: string; at: number } | undefined
  let isLeader = false

  const spec = (lease: Lease | undefined): Lease['spec'] => {
    const now = microTime(clock.now())
    const held = lease?.spec?.holderIdentity === identity
    return {
      ...lease?.spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(leaseDurationMs / 1000),
      acquireTime: held ? (lease?.spec?.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (lease?.spec?.leaseTransitions ?? 0) + (lease && !held ? 1 : 0),
    }
  }

  /** Takes or renews; says whether the lease is ours now. */
  const attempt = async (): Promise<boolean> => {
    const lease = await orUndefined(isNotFound, kubernetes.get(Lease, ref, { timeoutMs }))
    if (!lease) {
      const fresh: Lease = {
        apiVersion: Lease.apiVersion,
        kind: Lease.kind,
        metadata: ref,
        spec: spec(undefined),
      }
      return (
        (await orUndefined(isAlreadyExists, kubernetes.create(Lease, fresh, { timeoutMs }))) !== undefined
      )
    }
    const version = lease.metadata.resourceVersion ?? ''
    if (seen?.version !== version) seen = { version, at: clock.now() }
    const holder = lease.spec?.holderIdentity ?? ''
    const duration = (lease.spec?.leaseDurationSeconds ?? leaseDurationMs / 1000) * 1000
    if (holder !== '' && holder !== identity && clock.now() < seen.at + duration) return false
    const written = await orUndefined(
      isConflict,
      kubernetes.update(Lease, { ...lease, spec: spec(lease) }, { timeoutMs }),
    )
    if (written) seen = { version: written.metadata.resourceVersion ?? '', at: clock.now() }
    return written !== undefined
  }

  const tryAttempt = async (): Promise<boolean | undefined> => {
    try {
      return await attempt()
    } catch (error) {
      onError?.(error)
      return undefined
    }
  }

  /** Renews until told to end or the deadline has passed without success. */
  const keep = async (end: AbortSignal, lose: () => void): Promise<void> => {
    let renewedAt = clock.now()
    while (!end.aborted) {
      await quiet(clock.sleep(retryPeriodMs, end))
      if (end.aborted) return
      const asked = clock.now()
      const result = await within(renewedAt + renewDeadlineMs - asked, renew())
      if (result) renewedAt = asked
      else if (result === false || clock.now() - renewedAt >= renewDeadlineMs) return lose()
    }
  }

  /** Says whether the lease is still ours; undefined when that is not known. */
  const renew = async (): Promise<boolean | undefined> => {
    const result = await tryAttempt()
    // A lost race with another writer of the Lease (an annotation) is tried again; another holder is final.
    return result === false && !(await isOthers()) ? undefined : result
  }

  /** What a promise gives; undefined where it gives nothing in time: while answers hang, somebody else begins to lead. */
  const within = async <T>(ms: number, promise: Promise<T>): Promise<T | undefined> => {
    const over = new AbortController()
    const end = quiet(clock.sleep(Math.max(0, ms), over.signal))
    return Promise.race([promise, end.then(() => undefined)]).finally(() => over.abort())
  }

  const isOthers = async (): Promise<boolean> => {
    const lease = await kubernetes.get(Lease, ref, { timeoutMs }).catch(() => undefined)
    const holder = lease?.spec?.holderIdentity ?? ''
    return lease !== undefined && holder !== '' && holder !== identity
  }

  const release = async (): Promise<void> => {
    try {
      const lease = await kubernetes.get(Lease, ref, { timeoutMs })
      if (lease.spec?.holderIdentity !== identity) return
      const now = microTime(clock.now())
      // One second instead of zero: the field must be positive.
      const released = {
        ...lease.spec,
        holderIdentity: '',
        leaseDurationSeconds: 1,
        renewTime: now,
        acquireTime: now,
      }
      await kubernetes.update(Lease, { ...lease, spec: released }, { timeoutMs })
    } catch (error) {
      onError?.(error)
    }
  }

  return {
    get isLeader() {
      return isLeader
    },
    async run(signal, onStarted) {
      while (!signal.aborted) {
        if (!(await tryAttempt())) {
          await quiet(clock.sleep(retryPeriodMs * (1 + Math.random() * 0.2), signal))
          continue
        }
        isLeader = true
        const work = new AbortController()
        const renewal = new AbortController()
        const stop = (): void => work.abort(signal.reason)
        if (signal.aborted) stop()
        signal.addEventListener('abort', stop, { once: true })
        let lost = false
        const renewing = keep(renewal.signal, () => {
          lost = true
          isLeader = false
          work.abort(new Error(`leadership of ${namespace}/${name} was lost`))
        })
        try {
          await onStarted(work.signal)
        } catch (error) {
          if (!work.signal.aborted) throw error
          if (error !== work.signal.reason) onError?.(error)
        } finally {
          renewal.abort()
          await renewing
          signal.removeEventListener('abort', stop)
          isLeader = false
          if (!lost) await release()
        }
        if (!lost) return
      }
    },
  }
}

async function quiet(promise: Promise<void>): Promise<void> {
  await promise.catch(() => {})
}

/** RFC 3339 with six decimals, the only form a Lease's times take. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

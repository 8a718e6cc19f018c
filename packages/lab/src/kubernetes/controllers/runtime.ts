import type { ApiServer, Store, StoreEvent, WriteOptions } from '../api.ts'
import type { LabClock } from '../../clock.ts'
import { StatusError } from '../errors.ts'
import type { ApiObject, GroupVersionResource, UserInfo } from '../resources.ts'

/** The part of a server that controllers use. */
export type ControllerHost = Pick<ApiServer, 'store' | 'clock'> &
  Partial<Pick<ApiServer, 'components' | 'gitVersion'>>

/** Time before what failed is tried again, milliseconds. */
const RETRY = 250
/** How often something may fail at once before the pause grows, and to what, milliseconds. */
const PATIENCE = 8
const LONG_RETRY = 5000

/** Who writes, as a controller of the control plane. */
export function controllerUser(name: string): UserInfo {
  return {
    username: `system:serviceaccount:kube-system:${name}`,
    groups: ['system:serviceaccounts', 'system:masters', 'system:authenticated'],
  }
}

/**
 * Runs one controller: keys come from watches, each is reconciled by itself, and again when it fails. A key that comes while
 * it waits is not queued twice.
 */
export class Loop {
  readonly store: Store
  readonly clock: LabClock
  readonly name: string
  /** Options of every write of this controller. */
  readonly writes: WriteOptions
  readonly #reconcile: (key: string) => void | Promise<void>
  readonly #waiting = new Map<string, { at: number; cancel: () => void }>()
  readonly #failures = new Map<string, number>()
  readonly #stops: (() => void)[] = []
  #stopped = false

  /**
   * @param manager name in managedFields; the controller manager's unless another program's.
   */
  constructor(
    host: ControllerHost,
    name: string,
    reconcile: (key: string) => void | Promise<void>,
    manager = 'kube-controller-manager',
  ) {
    this.store = host.store
    this.clock = host.clock
    this.name = name
    this.writes = { user: controllerUser(name), fieldManager: manager }
    this.#reconcile = reconcile
  }

  /** Reconciles the keys that an event of a kind names. */
  watch(gvr: GroupVersionResource, keysOf: (event: StoreEvent) => string | string[] | undefined): this {
    this.#stops.push(
      this.store.watch(gvr, undefined, (event) => {
        const keys = keysOf(event)
        for (const key of typeof keys === 'string' ? [keys] : (keys ?? [])) this.enqueue(key)
      }),
    )
    return this
  }

  /** Reconciles a key soon, or after some time of the lab's hardware; the earlier of two wishes counts. */
  enqueue(key: string, afterMs = 0): void {
    if (this.#stopped) return
    const at = this.clock.now() + afterMs / this.clock.speed
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined) {
      if (waiting.at <= at) return
      waiting.cancel()
    }
    const cancel = this.clock.setTimeout(() => {
      this.#waiting.delete(key)
      void this.#run(key)
    }, afterMs)
    this.#waiting.set(key, { at, cancel })
  }

  /** Ends it. */
  stop(): void {
    this.#stopped = true
    for (const stop of this.#stops) stop()
    for (const { cancel } of this.#waiting.values()) cancel()
    this.#waiting.clear()
  }

  async #run(key: string): Promise<void> {
    try {
      await this.#reconcile(key)
      this.#failures.delete(key)
    } catch (error) {
      if (this.#stopped) return
      const failures = (this.#failures.get(key) ?? 0) + 1
      this.#failures.set(key, failures)
      // Conflicts and refusals pass; what is no answer of the server would be a fault of ours, and may not vanish.
      if (!(error instanceof StatusError) && failures > PATIENCE) throw error
      this.enqueue(key, failures > PATIENCE ? LONG_RETRY : RETRY)
    }
  }
}

/** Now, as metadata has it: UTC, whole seconds. */
export function timestamp(clock: LabClock): string {
  return new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** `namespace/name` of an object. */
export function keyOf(object: ApiObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`
}

/** Namespace and name in a key. */
export function splitKey(key: string): [string, string] {
  const at = key.indexOf('/')
  return [key.slice(0, at), key.slice(at + 1)]
}

import type { Proxmox } from '../client.ts'
import type { GetCalls } from '../generated/calls.ts'
import type { Pacer } from './pacer.ts'

/** An entry of /cluster/resources. */
export type ClusterResource = GetCalls['/cluster/resources']['result'][number]
/** An entry of /cluster/tasks. */
export type ClusterTask = GetCalls['/cluster/tasks']['result'][number]

/** What changed between two looks. */
export interface ObservedChange {
  /** Grows by one with each look that saw a change. */
  readonly version: number
  readonly kind: 'vm' | 'node' | 'storage' | 'pool' | 'task' | 'other'
  /** `qemu/100`, `node/pve1`, `storage/pve1/local`, or a UPID. */
  readonly key: string
  readonly before: unknown
  readonly after: unknown
}

/** Time, as the observer needs it. */
export interface ObserverClock {
  now(): number
  setTimeout(callback: () => void, ms: number): () => void
}

/** Options of an observer. */
export interface ObserverOptions {
  /**
   * Pause between looks, milliseconds. Two requests a look, so that at idle there is at most one a second. After looks that failed it is
   * doubled each time, up to eight times. @default 2000
   */
  readonly intervalMs?: number
  /** Told of looks that failed and of listeners that threw; the observer goes on by itself. */
  readonly onError?: (error: unknown) => void
  /** Told of a look that worked after one that had failed, with the milliseconds since the last that worked; Infinity if none has. */
  readonly onAnswer?: (silentMs: number) => void
  readonly clock?: ObserverClock
  /** Whom the observer asks before each look that nobody has asked for: others ask the same cluster too. @default nobody */
  readonly pacer?: Pacer
}

/**
 * Turns Proxmox's polling into a watch: one poller for one cluster, however many read. The lists lag some ten seconds behind and lie by
 * omission: use them to find and to be woken, ask the VM itself to decide.
 */
export interface Observer {
  start(): void
  stop(): void
  /** Resolves after the first good look. */
  readonly ready: Promise<void>
  /** Grows with each change. */
  readonly version: number
  /** Why the last look failed; undefined after a good one. What was seen before stays: a failure is not an absence. */
  readonly error: unknown
  /** Milliseconds since the last good look; Infinity before the first. */
  age(): number
  resources(): ClusterResource[]
  vm(vmid: number): ClusterResource | undefined
  /** The same array until anything but the load has changed: what is worked out from it can be kept with it. */
  vms(): readonly ClusterResource[]
  nodes(): readonly ClusterResource[]
  storages(): readonly ClusterResource[]
  tasks(): ClusterTask[]
  /** Calls the listener for every change. @returns what ends it */
  subscribe(listener: (change: ObservedChange) => void): () => void
  /** Resolves to the version as soon as it is newer than `since`. Throws the signal's reason when aborted. */
  changed(since: number, signal?: AbortSignal): Promise<number>
  /** Looks now; calls during a look share the one that follows it. Rejects when the look fails. */
  refresh(): Promise<void>
}

/** What a look asks. */
const REQUESTS = 2

const realClock: ObserverClock = {
  now: () => Date.now(),
  setTimeout: (callback, ms) => {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Makes the observer of a cluster. Nothing is asked before `start` or `refresh`. */
export function createObserver(
  proxmox: Pick<Proxmox, 'getEach'>,
  { intervalMs = 2000, clock = realClock, onError, onAnswer, pacer }: ObserverOptions = {},
): Observer {
  const resources = new Map<string, ClusterResource>()
  const tasks = new Map<string, ClusterTask>()
  let vmidIndex = new Map<number, ClusterResource>()
  let vms: readonly ClusterResource[] = []
  let nodes: readonly ClusterResource[] = []
  let storages: readonly ClusterResource[] = []
  let version = 0
  let error: unknown
  let failures = 0
  let lastGood = Number.NEGATIVE_INFINITY
  let cancelTimer: (() => void) | undefined
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  /** The polling that is on; a new object for each start, so that what an older one left behind does not go on beside it. */
  let polling: object | undefined
  const listeners = new Set<(change: ObservedChange) => void>()
  const { promise: ready, resolve: becomeReady } = Promise.withResolvers<void>()

  const announce = (changes: readonly Omit<ObservedChange, 'version'>[]): void => {
    for (const change of changes) {
      for (const listener of listeners) {
        try {
          listener({ ...change, version })
        } catch (caught) {
          onError?.(caught)
        }
      }
    }
  }

  const sort = (): void => {
    const all = [...resources.values()]
    vmidIndex = new Map(
      all.flatMap((resource) => (resource.vmid === undefined ? [] : [[resource.vmid, resource] as const])),
    )
    vms = [...vmidIndex.values()]
    nodes = all.filter(({ type }) => type === 'node')
    storages = all.filter(({ type }) => type === 'storage')
  }

  const look = async (): Promise<void> => {
    const [newResources, newTasks] = await Promise.all([
      proxmox.getEach('/cluster/resources', (seen) => recognise(resources.get(seen.id), seen)),
      proxmox.getEach('/cluster/tasks', (seen) => recognise(tasks.get(upidOf(seen)), seen)),
    ])
    const changes = update(resources, newResources, ({ id }) => id, kindOf)
    if (changes.length > 0) sort()
    changes.push(...update(tasks, newTasks, upidOf, () => 'task'))
    const silentMs = failures > 0 ? clock.now() - lastGood : 0
    lastGood = clock.now()
    error = undefined
    failures = 0
    if (changes.length > 0) version += 1
    announce(changes)
    becomeReady()
    if (silentMs > 0) onAnswer?.(silentMs)
  }

  const run = (): Promise<void> => {
    running ??= look()
      .catch((caught: unknown) => {
        error = caught
        failures += 1
        onError?.(caught)
        throw caught
      })
      .finally(() => (running = undefined))
    return running
  }

  const poll = (mine: object): void => {
    ;(pacer?.take(REQUESTS) ?? Promise.resolve())
      .then(() => (polling === mine ? run() : undefined))
      .catch(() => undefined)
      .finally(() => {
        if (polling !== mine) return
        cancelTimer = clock.setTimeout(() => poll(mine), intervalMs * 2 ** Math.min(failures, 3))
      })
  }

  return {
    ready,
    get version() {
      return version
    },
    get error() {
      return error
    },
    age: () => clock.now() - lastGood,
    start: () => {
      if (polling) return
      polling = {}
      poll(polling)
    },
    stop: () => {
      polling = undefined
      cancelTimer?.()
    },
    resources: () => [...resources.values()],
    vm: (vmid) => vmidIndex.get(vmid),
    vms: () => vms,
    nodes: () => nodes,
    storages: () => storages,
    tasks: () => [...tasks.values()],
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    changed: (since, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error)
        if (version > since) return resolve(version)
        const end = (): void => {
          listeners.delete(wake)
          signal?.removeEventListener('abort', fail)
        }
        const wake = (): void => {
          end()
          resolve(version)
        }
        const fail = (): void => {
          end()
          reject(signal?.reason as Error)
        }
        listeners.add(wake)
        signal?.addEventListener('abort', fail, { once: true })
      }),
    refresh: () => {
      if (!running) return run()
      // A look that is under way may have been answered before what the caller has just done.
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = undefined
          return run()
        })
      return next
    },
  }
}

function kindOf(resource: ClusterResource): ObservedChange['kind'] {
  switch (resource.type) {
    case 'qemu':
    case 'lxc':
      return 'vm'
    case 'node':
    case 'storage':
    case 'pool':
      return resource.type
    default:
      return 'other'
  }
}

/** Fields that move all the time and mean nothing to a reader who waits for a change. */
const noise = new Set(['cpu', 'mem', 'memhost', 'disk', 'netin', 'netout', 'diskread', 'diskwrite', 'uptime'])

const upidOf = (task: ClusterTask): string => String(task.upid)

/**
 * An entry in which only the load has moved stays the same object, with the new load: of 10,000 VMs at rest nothing has to be kept, sorted or
 * worked out anew, and what was read is forgotten at once.
 */
function recognise<T extends object>(known: T | undefined, seen: T): T {
  if (known === undefined || differs(known, seen)) return seen
  takeNoise(known, seen)
  return known
}

/** Brings what is known up to a list of known and of new entries. @returns what has changed */
function update<T extends object>(
  known: Map<string, T>,
  list: readonly T[],
  keyOf: (item: T) => string,
  kind: (item: T) => ObservedChange['kind'],
): Omit<ObservedChange, 'version'>[] {
  const changes: Omit<ObservedChange, 'version'>[] = []
  for (const item of list) {
    const key = keyOf(item)
    const old = known.get(key)
    if (old === item) continue
    known.set(key, item)
    changes.push({ kind: kind(item), key, before: old, after: item })
  }
  if (known.size === list.length) return changes
  const present = new Set(list.map(keyOf))
  for (const [key, item] of known) {
    if (present.has(key)) continue
    known.delete(key)
    changes.push({ kind: kind(item), key, before: item, after: undefined })
  }
  return changes
}

function takeNoise(known: object, seen: object): void {
  const to = known as Record<string, unknown>
  const from = seen as Record<string, unknown>
  for (const name of noise) if (to[name] !== from[name]) to[name] = from[name]
}

function differs(a: object, b: object): boolean {
  const left = a as Record<string, unknown>
  const right = b as Record<string, unknown>
  for (const name in right) if (!noise.has(name) && right[name] !== left[name]) return true
  for (const name in left) if (!noise.has(name) && !(name in right)) return true
  return false
}

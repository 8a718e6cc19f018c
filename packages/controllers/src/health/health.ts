import { createCounter, createHistogram, exposition, type Metric } from './exposition.ts'

/** What runs now, for the questions of the moment. */
export interface RunningParts {
  /** Caches by the plural of their kind. */
  readonly caches: Readonly<Record<string, { readonly isReady: boolean }>>
  readonly controllers: readonly { readonly name: string; readonly queue: { readonly length: number } }[]
  /** Machines by the summary of their state. */
  phases(): Iterable<string>
  /** VMs that bear our mark and have no Machine, by ProxmoxCluster, as the last full round of the sweep found them. */
  readonly orphans: ReadonlyMap<string, number>
}

/** Hears what the controllers do, and answers how they are. Holds no name of a tenant's and no secret. */
export interface Health {
  /** They lead and these parts run, or they lead no more. */
  runs(parts: RunningParts | undefined): void
  /** A controller has looked at a key. */
  looked(controller: string, seconds: number, isFailure: boolean): void
  /** A Proxmox cluster has answered a call; without a status it has not answered. */
  called(proxmox: string, method: string, status: number | undefined, seconds: number): void
  /** What is not ready, in words; empty for ready. A replica that waits for the Lease is ready: it can take over. */
  notReady(): string[]
  /** All that is counted, in Prometheus' text format. */
  metrics(): string
}

/** Seconds. A look is fast unless a back end is not. */
const LOOK_BOUNDS = [0.005, 0.025, 0.1, 0.5, 1, 5, 30]
const CALL_BOUNDS = [0.01, 0.05, 0.25, 1, 5, 30]

/** Makes one, for a process. */
export function createHealth(): Health {
  let parts: RunningParts | undefined
  const looks = createCounter()
  const lookTimes = createHistogram(LOOK_BOUNDS)
  const calls = createCounter()
  const callTimes = createHistogram(CALL_BOUNDS)
  const started = Date.now() / 1000

  const ofTheMoment = (): Metric[] => {
    const phases = new Map<string, number>()
    for (const phase of parts?.phases() ?? []) phases.set(phase, (phases.get(phase) ?? 0) + 1)
    return [
      gauge('fochista_leader', 'Whether this process holds the Lease and acts.', [[{}, parts ? 1 : 0]]),
      gauge(
        'fochista_informer_synced',
        'Whether the first list of a kind is in the cache.',
        Object.entries(parts?.caches ?? {}).map(([kind, { isReady }]) => [{ kind }, isReady ? 1 : 0]),
      ),
      gauge(
        'fochista_queue_length',
        'Keys that wait to be looked at.',
        (parts?.controllers ?? []).map(({ name, queue }) => [{ controller: name }, queue.length]),
      ),
      gauge(
        'fochista_machines',
        'Machines by the summary of their state.',
        [...phases].map(([phase, count]) => [{ phase }, count]),
      ),
      gauge(
        'fochista_orphans',
        'VMs that bear our mark and have no Machine, as the last full round of the sweep found them.',
        [...(parts?.orphans ?? [])].map(([proxmox, count]) => [{ proxmox }, count]),
      ),
      gauge('process_start_time_seconds', 'When the process started, seconds since 1970.', [[{}, started]]),
      gauge('process_resident_memory_bytes', 'Memory that the process holds.', [
        [{}, process.memoryUsage.rss()],
      ]),
    ]
  }
  return {
    runs: (now) => (parts = now),
    looked: (controller, seconds, isFailure) => {
      looks.add({ controller, result: isFailure ? 'error' : 'ok' })
      lookTimes.observe({ controller }, seconds)
    },
    called: (proxmox, method, status, seconds) => {
      calls.add({ proxmox, method, code: status === undefined ? 'none' : String(status) })
      callTimes.observe({ proxmox, method }, seconds)
    },
    notReady: () =>
      Object.entries(parts?.caches ?? {})
        .filter(([, { isReady }]) => !isReady)
        .map(([kind]) => `the first list of ${kind} is not there yet`),
    metrics: () =>
      exposition([
        ...ofTheMoment(),
        {
          name: 'fochista_reconcile_total',
          help: 'Looks at a key, by controller and result.',
          type: 'counter',
          samples: looks.samples(),
        },
        {
          name: 'fochista_reconcile_duration_seconds',
          help: 'How long looks took.',
          type: 'histogram',
          samples: lookTimes.samples(),
        },
        {
          name: 'fochista_proxmox_requests_total',
          help: 'Calls of Proxmox, by ProxmoxCluster, method and status; none for no answer.',
          type: 'counter',
          samples: calls.samples(),
        },
        {
          name: 'fochista_proxmox_request_duration_seconds',
          help: 'How long calls of Proxmox took.',
          type: 'histogram',
          samples: callTimes.samples(),
        },
      ]),
  }
}

function gauge(
  name: string,
  help: string,
  values: [labels: Record<string, string>, value: number][],
): Metric {
  return { name, help, type: 'gauge', samples: values.map(([labels, value]) => ({ labels, value })) }
}

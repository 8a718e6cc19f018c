import type { ProxmoxCluster } from '@fochista/api'
import { isNotFound, orUndefined } from '@fochista/kubernetes'
import { ProxmoxClusters } from '../kinds.ts'
import { withId } from '../machine-groups.ts'
import type { World } from '../world.ts'
import { sweep, type Orphan } from './sweep.ts'

/** Where the sweeps put what they find, beside Events and status. */
export interface SweepFindings {
  /** Told that the VM of a Machine is not as we left it. */
  readonly drifted: (machineKey: string) => void
  /** How many orphans the last full round found, by name of the ProxmoxCluster. */
  readonly orphans: Map<string, number>
}

/**
 * Runs a sweep for each Proxmox cluster until the signal aborts, and tells what it found: each orphan as an Event on its ProxmoxCluster,
 * the end of each round in its status.
 */
export async function runSweeps(
  world: World,
  { drifted, orphans }: SweepFindings,
  signal: AbortSignal,
): Promise<void> {
  const running = new Map<string, { abort: AbortController; ended: Promise<void> }>()
  const begin = (name: string): void => {
    if (running.has(name) || signal.aborted) return
    const abort = new AbortController()
    const ended = sweep(
      world,
      name,
      {
        drifted,
        roundEnded: (cluster, at, found) => {
          orphans.set(cluster, found.length)
          void report(world, cluster, at, found)
        },
      },
      AbortSignal.any([signal, abort.signal]),
    )
    running.set(name, { abort, ended })
  }
  const unsubscribe = world.caches.proxmoxClusters.subscribe(({ type, object }) => {
    const { name } = object.metadata
    if (type !== 'deleted') return begin(name)
    running.get(name)?.abort.abort(new Error('the ProxmoxCluster is gone'))
    running.delete(name)
    orphans.delete(name)
  })
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
  unsubscribe()
  await Promise.all([...running.values()].map(({ ended }) => ended))
}

async function report(world: World, name: string, at: string, orphans: readonly Orphan[]): Promise<void> {
  const cluster: ProxmoxCluster | undefined = world.caches.proxmoxClusters.get(undefined, name)
  if (!cluster) return
  for (const orphan of orphans) world.voice.tell(cluster, 'Warning', 'Orphan', describe(world, name, orphan))
  await orUndefined(
    isNotFound,
    world.kubernetes.patch(
      ProxmoxClusters,
      { name },
      { status: { lastLookAtMarks: at } },
      { subresource: 'status' },
    ),
  ).catch((error: unknown) =>
    world.logger.warn({ cluster: name, err: error }, 'could not note the end of a sweep'),
  )
}

function describe(world: World, cluster: string, { vmid, node, mark }: Orphan): string {
  const [machine] = world.machines.by(withId, mark.id)
  const what = machine
    ? `which has VM ${machine.spec.vmid ?? 'none'}: it is a copy that a person made. Delete it if it is not wanted`
    : 'which is not there. Adopt or delete it'
  return `VM ${vmid} on ${node} bears the mark of machine ${mark.namespace}/${mark.machine}, ${what}: \`fochista orphan list --proxmox ${cluster}\`.`
}

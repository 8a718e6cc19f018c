import { defineKind, type KubernetesObject } from '@fochista/kubernetes'
import { connectTenant, TenantControlPlane } from '@fochista/kamaji'
import type { Figure } from './figure.ts'
import { startStage, type Stage } from './lab-stage.ts'

type NodePool = KubernetesObject & { status?: { readyReplicas?: number } }
const NodePools = defineKind<NodePool>({
  apiVersion: 'fochista.dev/v1alpha1',
  kind: 'NodePool',
  plural: 'nodepools',
  namespaced: true,
})

/** What the lab did for one worker, milliseconds of `performance.now()`. */
interface Way {
  host: string
  clone: [number, number]
  resize: number
  upload: number
  /** From QEMU's start until the Node says that it is Ready: boot, cloud-init, the kubelet. */
  guest: [number, number]
}

/**
 * From a NodePool made to all its Nodes Ready, beside the time that the lab's own delays take one after the other: the copies of a clone,
 * which wait for each other where they share a lock, then the growing of the disk, the upload, and the guest's way from its power to Ready.
 * All of these are seen in the lab itself, so that what remains is ours.
 */
export async function provisioning(): Promise<Figure[]> {
  const one = await measure(1, 1)
  const linked = await measure(1, 10, ['--linked-clone'])
  return [
    figure('one worker Ready', one, 1.05),
    {
      name: 'ten workers Ready, linked clones, four at once',
      value: linked.took,
      unit: 'ms',
      peer: `the way of one of them (${seconds(linked.longest)})`,
      ratio: linked.took / linked.longest,
      goal: 1.5,
    },
  ]
}

/** The same of a hundred on three hosts, where one clone at a time runs on each. */
export async function provisioningOfMany(): Promise<Figure[]> {
  const measured = await measure(5, 100)
  const { took, lab } = measured
  return [
    figure('100 workers Ready on 3 hosts, lab at speed 5', measured, 1.1),
    {
      // The nearer to a whole core, the more the figure above tells of the lab, in one thread with a hundred guests.
      name: 'the lab and its guests meanwhile, processor',
      value: lab,
      unit: 's',
      peer: `the time that it took (${seconds(took)})`,
      ratio: (lab * 1000) / took,
      goal: 0.7,
    },
  ]
}

function figure(name: string, { took, path }: Measured, goal: number): Figure {
  return {
    name,
    value: took,
    unit: 'ms',
    peer: `critical path of the lab's delays (${seconds(path)})`,
    ratio: took / path,
    goal,
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

interface Measured {
  readonly took: number
  /** Processor time of this process, which is the lab's, seconds. */
  readonly lab: number
  /** What the delays of the lab take with the waits for each other, milliseconds. */
  readonly path: number
  /** What the delays of one worker alone take at most. */
  readonly longest: number
}

async function measure(
  speed: number,
  count: number,
  classOptions: readonly string[] = [],
): Promise<Measured> {
  const stage = await startStage(speed, classOptions)
  try {
    const limit = classOptions.length > 0 ? 4 : 1
    await stage.kubernetes.patch(
      defineKind({ ...NodePools, kind: 'ProxmoxCluster', plural: 'proxmoxclusters', namespaced: false }),
      { name: 'lab' },
      { spec: { limits: { clonesPerStorage: limit } } },
    )
    await stage.serve()
    const ways = watchTasks(stage)
    const begun = performance.now()
    const cpu = process.cpuUsage()
    const nodes = await watchNodes(stage, ways)
    await createPool(stage, count)
    const took = performance.now() - begun
    const { user, system } = process.cpuUsage(cpu)
    nodes.close()
    if (process.env['BENCH_TRACE']) trace(ways, begun, took)
    return {
      took,
      lab: (user + system) / 1e6,
      path: pathOf([...ways.values()], limit),
      longest: Math.max(...[...ways.values()].map(lengthOf)),
    }
  } finally {
    await stage.close()
  }
}

/** Notes when the tasks of each VM ran, by its VMID. */
function watchTasks({ lab: { proxmox } }: Stage): Map<number, Way> {
  const ways = new Map<number, Way>()
  const begun = new Map<string, number>()
  const wayOf = (vmid: number): Way => {
    const known = ways.get(vmid)
    if (known) return known
    const way: Way = { host: '', clone: [0, 0], resize: 0, upload: 0, guest: [0, 0] }
    ways.set(vmid, way)
    return way
  }
  let uploads = 0
  proxmox.world.events.on('taskStarted', ({ upid, type, id }) => {
    begun.set(upid, performance.now())
    if (type === 'qmstart') wayOf(Number(id)).guest[0] = performance.now()
  })
  proxmox.world.events.on('taskEnded', ({ upid, type, id, node, log }) => {
    const now = performance.now()
    const since = begun.get(upid) ?? now
    if (type === 'qmclone') {
      const way = wayOf(Number(/with ID (\d+)/.exec(log[0] ?? '')?.[1]))
      way.host = node
      way.clone = [since, now]
    } else if (type === 'resize') wayOf(Number(id)).resize = now - since
    // An upload's task names no VM; all images are of one size.
    else if (type === 'imgcopy') {
      uploads = Math.max(uploads, now - since)
      for (const way of ways.values()) way.upload = uploads
    }
  })
  return ways
}

/** Notes when each Node of the tenant says that it is Ready. */
async function watchNodes({ kubernetes }: Stage, ways: Map<number, Way>): Promise<{ close(): void }> {
  const controlPlane = await kubernetes.get(TenantControlPlane, { name: 'tenant-test', namespace: 'default' })
  const tenant = await connectTenant(kubernetes, controlPlane)
  tenant.nodes.subscribe(({ object: { spec, status } }) => {
    const way = ways.get(Number(/\d+$/.exec(spec?.providerID ?? '')?.[0]))
    const isReady = status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')
    if (way && isReady && way.guest[1] === 0) way.guest[1] = performance.now()
  })
  tenant.nodes.start()
  await tenant.nodes.ready
  return { close: () => void tenant.close() }
}

export async function createPool({ kubernetes }: Stage, replicas: number): Promise<void> {
  const stop = new AbortController()
  await kubernetes.create(NodePools, {
    apiVersion: NodePools.apiVersion,
    kind: NodePools.kind,
    metadata: { name: 'workers', namespace: 'default' },
    spec: { clusterName: 'tenant-test', replicas },
  } as NodePool)
  for await (const { object } of kubernetes.watch(NodePools, { namespace: 'default', signal: stop.signal }))
    if (object.status?.readyReplicas === replicas) break
  stop.abort()
}

const afterClone = ({ resize, upload, guest }: Way): number => resize + upload + guest[1] - guest[0]
const lengthOf = (way: Way): number => way.clone[1] - way.clone[0] + afterClone(way)

/** When the last is Ready if nobody ever waits but for a lock: `limit` clones at once on each host's storage, in the order in which they came. */
function pathOf(ways: readonly Way[], limit: number): number {
  let longest = 0
  for (const host of new Set(ways.map((way) => way.host))) {
    const lanes = Array.from({ length: limit }, () => 0)
    for (const way of ways.filter((one) => one.host === host).sort((a, b) => a.clone[0] - b.clone[0])) {
      const lane = lanes.indexOf(Math.min(...lanes))
      const cloned = (lanes[lane] ?? 0) + way.clone[1] - way.clone[0]
      lanes[lane] = cloned
      longest = Math.max(longest, cloned + afterClone(way))
    }
  }
  return longest
}

/** Where the time of the slowest went, for who looks for it. */
function trace(ways: ReadonlyMap<number, Way>, begun: number, took: number): void {
  const at = (ms: number): string => ((ms - begun) / 1000).toFixed(2)
  for (const [vmid, { host, clone, resize, upload, guest }] of ways)
    console.error(
      `${vmid} ${host}: clone ${at(clone[0])} to ${at(clone[1])}, resize ${resize.toFixed(0)} ms, upload ${upload.toFixed(0)} ms, power ${at(guest[0])}, Ready ${at(guest[1])}; all ${(took / 1000).toFixed(2)}`,
    )
}

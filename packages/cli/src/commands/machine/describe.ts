import type { Machine } from '@fochista/api'
import { argument, command } from '../../command.ts'
import type { Context } from '../../context.ts'
import { tr } from '../../locale.ts'
import { age, oneLine, printTable } from '../../output.ts'
import { pools } from '../pool/resource.ts'
import { proxmoxClusters } from '../proxmox/resource.ts'
import { requireObject } from '../resources.ts'
import { nextThing } from './next-thing.ts'
import { machines } from './resource.ts'
import { conditionOf, currentStep, leavingCondition, notBegunToGo, stepOf, steps } from './timeline.ts'

/** `fochista machine describe`: first what it waits for or that it is paused, then what it is and its timeline. */
export const machineDescribe = command({
  path: 'machine describe <name>',
  summary: tr(
    'explain one machine: what it waits for, facts, timeline',
    'spiega una macchina: cosa attende, dati, cronologia',
  ),
  examples: ['fochista machine describe workers-x7k2'],
  run: async (context, args) => {
    const { io, clock } = context
    const machine = await requireObject(context, await machines.kind(), 'machine', argument(args, 'name'))
    const paused = await whatPauses(context, machine)
    const { style } = stepOf(machine)
    for (const line of headline(machine, paused)) io.out(io.paint(paused ? 'off' : style, line))
    io.out()
    for (const [label, value] of factsOf(machine)) if (value) io.out(`${label.padEnd(12)} ${oneLine(value)}`)
    io.out()
    printTable(
      io,
      [
        { heading: tr('STEP', 'PASSO'), cell: (row) => row.type },
        { heading: tr('STATUS', 'STATO'), cell: (row) => row.status },
        { heading: tr('AFTER', 'DOPO'), cell: (row) => row.after, right: true },
        { heading: tr('REASON', 'MOTIVO'), cell: (row) => row.reason },
        { heading: tr('MESSAGE', 'MESSAGGIO'), cell: (row) => row.message },
      ],
      timeline(machine),
    )
    await printEvents(context, machine, clock.now())
  },
})

/** The first lines: why nothing happens, or what is waited for, and what a person can do about it. */
export function headline(machine: Machine, paused: string | undefined): string[] {
  if (paused) return [paused]
  const { failure } = machine.status ?? {}
  const leaving = machine.metadata.deletionTimestamp !== undefined
  const step = currentStep(machine)
  const condition = leaving ? leavingCondition(machine) : step && conditionOf(machine, step)
  const next = nextThing(failure?.reason ?? condition?.reason)
  const more = next ? [`  ${next}`] : []
  if (leaving)
    return [`${tr('Leaving', 'In uscita')}: ${oneLine(condition?.message || notBegunToGo())}`, ...more]
  if (failure) return [`${tr('Failed', 'Fallita')}: ${oneLine(failure.message)}`, ...more]
  if (!step)
    return [
      tr(
        `Ready: waits for nothing, as Node ${machine.status?.nodeName ?? ''}`,
        `Ready: non attende nulla, come Node ${machine.status?.nodeName ?? ''}`,
      ).trimEnd(),
    ]
  const what =
    condition?.message ||
    tr('the controllers have not begun (fochista serve)', 'i controller non hanno iniziato (fochista serve)')
  return [`${tr('Waits for', 'Attende')} ${step}: ${oneLine(what)}`, ...more]
}

/** Who stops all work on it, in one sentence: its annotation, its pool, or its Proxmox cluster. */
async function whatPauses(context: Context, machine: Machine): Promise<string | undefined> {
  if (machine.metadata.annotations?.['fochista.dev/paused'] !== undefined)
    return tr(
      'Paused: it has the annotation fochista.dev/paused; nothing is done until that is removed',
      'In pausa: ha l’annotazione fochista.dev/paused; non si fa nulla finché non viene tolta',
    )
  const { isForbidden, isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const { namespace } = machine.metadata
  const { nodePoolName, proxmoxCluster } = machine.spec
  // Tenants may not look at Proxmox clusters.
  const unknown = (error: unknown): boolean => isNotFound(error) || isForbidden(error)
  const [pool, cluster] = await Promise.all([
    orUndefined(
      unknown,
      kubernetes.get(await pools.kind(), { name: nodePoolName, ...(namespace ? { namespace } : {}) }),
    ),
    orUndefined(unknown, kubernetes.get(await proxmoxClusters.kind(), { name: proxmoxCluster })),
  ])
  if (pool?.spec.paused)
    return tr(
      `Paused: its pool ${nodePoolName} has spec.paused; nothing is done until that is false`,
      `In pausa: il suo pool ${nodePoolName} ha spec.paused; non si fa nulla finché non è false`,
    )
  if (cluster?.spec.paused)
    return tr(
      `Paused: the ProxmoxCluster ${proxmoxCluster} has spec.paused; nothing is done until that is false`,
      `In pausa: il ProxmoxCluster ${proxmoxCluster} ha spec.paused; non si fa nulla finché non è false`,
    )
  return undefined
}

function factsOf({ metadata, spec, status }: Machine): [string, string | undefined][] {
  const host = status?.node ?? spec.host ?? '?'
  const vm =
    spec.vmid === undefined ? undefined : `${spec.vmid} ${tr('on', 'su')} ${host} (${spec.proxmoxCluster})`
  const addresses = status?.addresses ?? spec.addresses?.map(({ address }) => address)
  return [
    [tr('Machine', 'Macchina'), `${metadata.namespace}/${metadata.name}`],
    ['Pool', spec.nodePoolName],
    ['Cluster', spec.clusterName],
    ['Id', spec.id],
    ['VM', vm],
    [tr('Addresses', 'Indirizzi'), addresses?.join(', ')],
    ['Kubelet', spec.version],
    ['Node', status?.nodeName],
    ['Provider id', status?.providerID],
    ['Task', status?.task],
  ]
}

interface TimelineRow {
  readonly type: string
  readonly status: string | undefined
  readonly after: string | undefined
  readonly reason: string | undefined
  readonly message: string | undefined
}

/** The seven steps with how long after its making each changed, then whatever else was said of the machine. */
export function timeline(machine: Machine): TimelineRow[] {
  const made = Date.parse(machine.metadata.creationTimestamp ?? '')
  const others = (machine.status?.conditions ?? [])
    .map(({ type }) => type)
    .filter((type) => !(steps as readonly string[]).includes(type))
  return [...steps, ...others].map((type) => {
    const condition = conditionOf(machine, type)
    const since = condition?.lastTransitionTime
    return {
      type,
      status: condition?.status,
      after: since ? `${Math.round((Date.parse(since) - made) / 1000)}s` : undefined,
      reason: condition?.reason,
      message: condition?.message,
    }
  })
}

async function printEvents(context: Context, { metadata }: Machine, now: number): Promise<void> {
  const { Event } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const { items } = await kubernetes.list(Event, {
    ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
    fieldSelector: `involvedObject.uid=${metadata.uid ?? ''}`,
  })
  if (items.length === 0) return
  const seen = (event: (typeof items)[number]): string =>
    event.lastTimestamp ?? event.metadata.creationTimestamp ?? ''
  context.io.out()
  printTable(
    context.io,
    [
      { heading: tr('EVENT', 'EVENTO'), cell: (event) => event.reason },
      { heading: tr('SEEN', 'VISTO'), cell: (event) => age(seen(event) || undefined, now), right: true },
      { heading: tr('MESSAGE', 'MESSAGGIO'), cell: (event) => event.message },
    ],
    items.toSorted((a, b) => Date.parse(seen(a)) - Date.parse(seen(b))),
  )
}

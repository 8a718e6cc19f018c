import { argument, command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { age, printTable } from '../../output.ts'
import { requireObject } from '../resources.ts'
import { machines } from './resource.ts'
import { conditionOf, stepOf, steps } from './timeline.ts'

/** `fochista machine describe`: what it is, its timeline, and in one sentence what it waits for. */
export const machineDescribe = command({
  path: 'machine describe <name>',
  summary: tr(
    'Explain one machine: facts, timeline, what it waits for',
    'Spiega una macchina: dati, cronologia, cosa attende',
  ),
  run: async (context, args) => {
    const { io } = context
    const machine = await requireObject(context, await machines.kind(), 'machine', argument(args, 'name'))
    const now = stepOf(machine)
    const paused = machine.metadata.annotations?.['fochista.dev/paused'] !== undefined
    if (paused)
      io.out(
        io.paint(
          'waiting',
          tr(
            'Paused: annotation fochista.dev/paused. Nothing will be done until it is removed.',
            'In pausa: annotazione fochista.dev/paused. Nulla verrà fatto finché non viene tolta.',
          ),
        ),
      )
    io.out(
      `${tr('Machine', 'Macchina')}  ${io.paint('strong', machine.metadata.name)}  (${machine.metadata.namespace})`,
    )
    io.out(
      `${tr('State', 'Stato')}    ${io.paint(now.style, now.state)}${now.detail ? `  ${now.detail}` : ''}`,
    )
    const facts: [string, string | undefined][] = [
      ['Pool', machine.spec.nodePoolName],
      ['Id', machine.spec.id],
      [
        'VM',
        machine.spec.vmid === undefined
          ? undefined
          : `${machine.spec.vmid} ${tr('on', 'su')} ${machine.status?.node ?? machine.spec.host} (${machine.spec.proxmoxCluster})`,
      ],
      [tr('Addresses', 'Indirizzi'), machine.spec.addresses?.map((address) => address.address).join(', ')],
      ['Node', machine.status?.nodeName],
      ['Provider id', machine.status?.providerID],
      ['Task', machine.status?.task],
    ]
    for (const [label, value] of facts) if (value) io.out(`${label.padEnd(12)} ${value}`)
    io.out()
    const made = Date.parse(machine.metadata.creationTimestamp ?? '')
    printTable(
      io,
      [
        { heading: tr('STEP', 'PASSO'), cell: (row) => row.type },
        { heading: tr('STATUS', 'STATO'), cell: (row) => row.status },
        { heading: tr('AFTER', 'DOPO'), cell: (row) => row.after, right: true },
        { heading: tr('REASON', 'MOTIVO'), cell: (row) => row.reason },
        { heading: tr('MESSAGE', 'MESSAGGIO'), cell: (row) => row.message },
      ],
      [...steps, ...otherConditions(machine)].map((type) => {
        const condition = conditionOf(machine, type)
        const since = condition?.lastTransitionTime
        return {
          type,
          status: condition?.status,
          after: since ? `${Math.round((Date.parse(since) - made) / 1000)}s` : undefined,
          reason: condition?.reason,
          message: condition?.message,
        }
      }),
    )
    await printEvents(context, machine.metadata)
  },
})

function otherConditions(machine: Parameters<typeof stepOf>[0]): string[] {
  const known: readonly string[] = steps
  return (machine.status?.conditions ?? []).map(({ type }) => type).filter((type) => !known.includes(type))
}

async function printEvents(
  context: Parameters<typeof requireObject>[0],
  metadata: { name: string; namespace?: string; uid?: string },
): Promise<void> {
  const { Event } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const { items } = await kubernetes.list(Event, {
    namespace: metadata.namespace,
    fieldSelector: `involvedObject.uid=${metadata.uid ?? ''}`,
  })
  if (items.length === 0) return
  context.io.out()
  printTable(
    context.io,
    [
      { heading: tr('EVENT', 'EVENTO'), cell: (event) => event.reason },
      {
        heading: tr('SEEN', 'VISTO'),
        cell: (event) => age(event.lastTimestamp ?? event.metadata.creationTimestamp ?? undefined),
        right: true,
      },
      { heading: tr('MESSAGE', 'MESSAGGIO'), cell: (event) => event.message },
    ],
    items,
  )
}

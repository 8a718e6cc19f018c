import type { MachineClass, NodePool } from '@fochista/api'
import type { FieldPlan, PoolPlan } from '@fochista/controllers'
import { argument, choice, command } from '../../command.ts'
import type { Io } from '../../io.ts'
import { tr } from '../../locale.ts'
import { oneLine, printTable } from '../../output.ts'
import { machines } from '../machine/resource.ts'
import { requireObject } from '../resources.ts'
import { editOptions, withEdits } from './edits.ts'
import { requireAllowed, requireFittingVersion } from './refusal.ts'
import { pools } from './resource.ts'
import { roomLacking } from './room.ts'

/** `fochista pool plan`: what an edit would do to a pool's machines, by the controllers' own decisions. It writes nothing. */
export const poolPlan = command({
  path: 'pool plan <pool>',
  summary: tr(
    'show what would happen to a pool’s machines, now or with an edit',
    'mostra che cosa accadrebbe alle macchine di un pool, ora o con una modifica',
  ),
  options: {
    ...editOptions,
    output: choice(
      '-o, --output <format>',
      tr('how to print', 'come mostrare'),
      ['table', 'json', 'yaml'],
      'table',
    ),
  },
  examples: [
    'fochista pool plan workers --version v1.33.4',
    'fochista pool plan workers -f workers.yaml -o json',
  ],
  run: async (context, args, options) => {
    const pool = await requireObject(context, await pools.kind(), 'pool', argument(args, 'pool'))
    const { output, ...edits } = options
    const wanted = await withEdits(context, pool, edits)
    const machineClass = await requireAllowed(context, wanted)
    await requireFittingVersion(context, wanted)
    const { namespace } = pool.metadata
    const all = await (
      await context.kubernetes()
    ).list(await machines.kind(), namespace === undefined ? {} : { namespace })
    const own = all.items.filter(({ spec }) => spec.nodePoolName === pool.metadata.name)
    const { planPool } = await import('@fochista/controllers')
    const plan = planPool(pool, wanted, machineClass, own, Date.now())
    if (output === 'json') return context.io.out(JSON.stringify(plan, null, 2))
    if (output === 'yaml') {
      const { stringify } = await import('yaml')
      return context.io.raw(stringify(plan))
    }
    print(context.io, plan)
    const lacking = await roomLacking(context, wanted, machineClass, plan, all.items)
    if (lacking !== undefined) context.io.note(lacking)
    const unseen = machineClass && unseenOf(wanted, machineClass, plan)
    if (unseen !== undefined) context.io.note(unseen)
    const className = wanted.spec.className ?? wanted.status?.className
    if (!machineClass)
      context.io.note(
        className === undefined
          ? tr(
              'No class is to be seen: without one nothing of this happens.',
              'Nessuna classe è visibile: senza una, nulla di ciò accade.',
            )
          : tr(
              `MachineClass "${className}" is not to be seen: without it nothing of this happens.`,
              `La MachineClass "${className}" non è visibile: senza di essa nulla di ciò accade.`,
            ),
      )
    if (wanted.spec.paused)
      context.io.note(
        tr(
          'The pool is paused: nothing of this happens before that ends.',
          'Il pool è in pausa: nulla di ciò accade prima che finisca.',
        ),
      )
  },
})

/** What keeps new machines from being made, as far as the class says it, or else what a plan that asks nothing of Proxmox cannot know. */
function unseenOf(
  { spec: { version } }: NodePool,
  { metadata: { name }, spec: { install }, status }: MachineClass,
  { create, fields }: PoolPlan,
): string | undefined {
  if (create === 0) return undefined
  const refusal = status?.conditions?.find((one) => one.type === 'Ready' && one.status === 'False')
  if (refusal)
    return tr(
      `MachineClass "${name}" cannot be used now, and no machine is made before that ends: ${refusal.message}`,
      `La MachineClass "${name}" ora non si può usare, e nessuna macchina viene creata prima che ciò finisca: ${refusal.message}`,
    )
  const isNew = fields.some(({ field }) => field === 'spec.version' || field === 'spec.className')
  if (!isNew || version === undefined || install === 'packages') return undefined
  return tr(
    `Proxmox was not asked whether class "${name}" has a template with kubelet ${version}; new machines wait for one.`,
    `A Proxmox non è stato chiesto se la classe "${name}" ha un template con il kubelet ${version}; le nuove macchine aspettano che ci sia.`,
  )
}

const effects: Readonly<Record<FieldPlan['effect'], string>> = {
  replace: tr('machines are replaced', 'le macchine vengono sostituite'),
  reboot: tr('VMs are changed and rebooted', 'le VM vengono modificate e riavviate'),
  grow: tr('disks grow while VMs run', 'i dischi crescono con le VM in funzione'),
  hot: tr('given to what runs', 'dato a ciò che è in funzione'),
  scale: tr('the number of machines', 'il numero di macchine'),
  later: tr('holds from now on', 'vale da ora in poi'),
}

function print(io: Io, plan: PoolPlan): void {
  if (plan.fields.length > 0) {
    printTable(
      io,
      [
        { heading: 'FIELD', cell: ({ field }: FieldPlan) => field },
        { heading: 'NOW', cell: ({ from }) => shortOf(from) },
        { heading: 'THEN', cell: ({ to }) => shortOf(to) },
        { heading: 'EFFECT', cell: ({ effect }) => effects[effect] },
      ],
      plan.fields,
    )
    io.out()
  }
  const { replace, reboot, grow, hot, remove, keep, create, standIns, most, fewest, steps } = plan
  const changing = reboot.length + hot.length + grow.length
  if (steps.length === 0 && changing === 0)
    return io.out(
      keep.length === 0
        ? tr(
            'There are no machines, and none would be made.',
            'Non ci sono macchine, e nessuna verrebbe creata.',
          )
        : tr(
            'No machine would be made, changed, replaced or removed.',
            'Nessuna macchina verrebbe creata, modificata, sostituita o rimossa.',
          ),
    )
  for (const name of replace)
    io.out(oneLine(`machine/${name} ${tr('would be replaced', 'verrebbe sostituita')}`))
  for (const [names, words] of [
    [reboot, tr('would be drained, changed and rebooted', 'verrebbe svuotata, modificata e riavviata')],
    [hot, tr('would be changed while it runs', 'verrebbe modificata mentre è in funzione')],
    [
      grow,
      tr('would get a larger disk while it runs', 'riceverebbe un disco più grande mentre è in funzione'),
    ],
  ] as const)
    for (const name of names) io.out(oneLine(`machine/${name} ${words}`))
  for (const name of remove) io.out(oneLine(`machine/${name} ${tr('would be removed', 'verrebbe rimossa')}`))
  const added = create - standIns - replace.length
  if (added > 0)
    io.out(
      added === 1
        ? tr('1 machine would be added', '1 macchina verrebbe aggiunta')
        : tr(`${added} machines would be added`, `${added} macchine verrebbero aggiunte`),
    )
  if (standIns > 0)
    io.out(
      standIns === 1
        ? tr(
            '1 machine would stand in for those that are rebooted, and be removed at the end: none may be missing (spec.rollout.maxUnavailable: 0)',
            '1 macchina farebbe le veci di quelle riavviate, e alla fine verrebbe rimossa: nessuna può mancare (spec.rollout.maxUnavailable: 0)',
          )
        : tr(
            `${standIns} machines would stand in for those that are rebooted, and be removed at the end: none may be missing (spec.rollout.maxUnavailable: 0)`,
            `${standIns} macchine farebbero le veci di quelle riavviate, e alla fine verrebbero rimosse: nessuna può mancare (spec.rollout.maxUnavailable: 0)`,
          ),
    )
  // What is under way already needs no further step.
  if (steps.length === 0) return
  if (steps.length === 1)
    return io.out(
      tr(
        `In one step; at most ${most} machines at once, at least ${fewest} of them Ready.`,
        `In un passo; al massimo ${most} macchine insieme, di cui almeno ${fewest} Ready.`,
      ),
    )
  io.out(
    tr(
      `In ${steps.length} steps; at most ${most} machines at once, at least ${fewest} of them Ready.`,
      `In ${steps.length} passi; al massimo ${most} macchine insieme, di cui almeno ${fewest} Ready.`,
    ),
  )
}

const shortOf = (value: unknown): string => {
  if (value === undefined) return '-'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 39)}…` : text
}

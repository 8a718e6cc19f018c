import { argument, command, flag } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { onlyThis, requireObject } from '../resources.ts'
import { dryRunOption, timeoutOption, waitUntilGone } from '../waiting.ts'
import { machines } from './resource.ts'

const shared = {
  noWait: flag('--no-wait', tr('return at once', 'termina subito')),
  timeout: timeoutOption('30m'),
  dryRun: dryRunOption,
}

/** `fochista machine release`: lets a machine go and leaves its VM where it is. */
export const machineRelease = command({
  path: 'machine release <name>',
  summary: tr(
    'let a machine go and leave its VM where it is; its pool makes another one',
    'lascia andare una macchina senza toccare la VM; il suo pool ne crea un’altra',
  ),
  options: shared,
  examples: ['fochista machine release workers-x7k2b'],
  run: async (context, args, options) => {
    const name = argument(args, 'name')
    const { ANNOTATION_RELEASE, machineCan } = await import('@fochista/api')
    const machine = await requireObject(context, await machines.kind(), 'machine', name)
    const reason = machineCan.release.reason(machine)
    if (reason !== undefined) throw new CommandError(reason)
    const { vmid, host } = machine.spec
    context.io.note(
      tr(
        `VM ${vmid} on ${machine.status?.node ?? host} stays as it is, and is yours from now on.`,
        `La VM ${vmid} su ${machine.status?.node ?? host} resta com’è, e d’ora in poi è tua.`,
      ),
    )
    await letGo(context, name, [ANNOTATION_RELEASE], options, tr('released', 'lasciata andare'))
  },
})

/** `fochista machine delete`: drains, stops and destroys; with what a person must say where that alone is blocked. */
export const machineDelete = command({
  path: 'machine delete <name>',
  summary: tr(
    'delete one machine: drain, stop, destroy',
    'elimina una macchina: drain, arresto, distruzione',
  ),
  options: {
    ...shared,
    hostIsDead: flag(
      '--host-is-dead',
      tr(
        'its host does not answer and you know that its VM does not run: delete its Node, leave the VM behind',
        'il suo host non risponde e sai che la VM non gira: elimina il Node e abbandona la VM',
      ),
    ),
    withDisks: flag(
      '--with-disks',
      tr(
        'destroy the disks too that neither template nor pool gave',
        'distrugge anche i dischi che non vengono da template o pool',
      ),
    ),
  },
  examples: ['fochista machine delete workers-x7k2b', 'fochista machine delete workers-x7k2b --host-is-dead'],
  run: async (context, args, options) => {
    const { ANNOTATION_HOST_IS_DEAD, ANNOTATION_WITH_DISKS } = await import('@fochista/api')
    const annotations = [
      ...(options.hostIsDead ? [ANNOTATION_HOST_IS_DEAD] : []),
      ...(options.withDisks ? [ANNOTATION_WITH_DISKS] : []),
    ]
    const name = argument(args, 'name')
    const note = machines.deleteNote?.(await requireObject(context, await machines.kind(), 'machine', name))
    if (note) context.io.note(note)
    await letGo(context, name, annotations, options, tr('deleted', 'eliminata'))
  },
})

/** Says with annotations how a machine is to go, asks for its deletion, and waits for the controllers. */
async function letGo(
  context: Context,
  name: string,
  annotations: readonly string[],
  options: { noWait: boolean; timeout: number; dryRun: boolean },
  done: string,
): Promise<void> {
  const kind = await machines.kind()
  const machine = await requireObject(context, kind, 'machine', name)
  if (options.dryRun)
    return context.io.out(`machine/${name} ${tr('would be asked to go', 'verrebbe invitata ad andarsene')}`)
  const kubernetes = await context.kubernetes()
  if (annotations.length > 0)
    await kubernetes.patch(kind, machine.metadata, {
      metadata: { annotations: Object.fromEntries(annotations.map((key) => [key, ''])) },
    })
  if (machine.metadata.deletionTimestamp === undefined)
    await kubernetes.delete(kind, machine.metadata, onlyThis(machine))
  if (options.noWait) return context.io.out(`machine/${name} ${tr('is on its way out', 'sta uscendo')}`)
  await waitUntilGone(context, kind, machine, options.timeout)
  context.io.out(`machine/${name} ${done}`)
}

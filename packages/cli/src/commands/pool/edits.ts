import type { NodePool } from '@fochista/api'
import { integer, text } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { readManifests } from '../cluster/manifests.ts'
import { pools } from './resource.ts'

/** Options that change a pool's spec, for a look at what would come of it. */
export const editOptions = {
  file: text(
    '-f, --filename <file>',
    tr('manifest of the pool as it is to be', 'manifest del pool come deve diventare'),
  ),
  className: text('--class <name>', tr('MachineClass', 'MachineClass')),
  replicas: integer('-r, --replicas <n>', tr('number of machines', 'numero di macchine'), { min: 0 }),
  version: text('--version <version>', tr('kubelet version', 'versione del kubelet')),
  cores: integer('--cores <n>', tr('cores of each machine', 'core di ogni macchina'), { min: 1 }),
  memory: text('--memory <quantity>', tr('memory of each machine', 'memoria di ogni macchina')),
  disk: text('--disk <quantity>', tr('disk of each machine', 'disco di ogni macchina')),
}

interface Edits {
  readonly file: string | undefined
  readonly className: string | undefined
  readonly replicas: number | undefined
  readonly version: string | undefined
  readonly cores: number | undefined
  readonly memory: string | undefined
  readonly disk: string | undefined
}

/**
 * The pool as it would be with the edits, by the server's own word: it fills in defaults and refuses what may not be, and writes nothing.
 * Throws CommandError for a manifest that holds no such pool.
 */
export async function withEdits(context: Context, pool: NodePool, edits: Edits): Promise<NodePool> {
  const { file, ...fields } = edits
  const kubernetes = await context.kubernetes()
  const kind = await pools.kind()
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  if (file === undefined)
    return Object.keys(given).length === 0
      ? pool
      : kubernetes.patch(kind, pool.metadata, { spec: given }, { dryRun: true })
  const { spec } = await fromManifest(context, pool.metadata.name, file)
  return kubernetes.update(kind, { ...pool, spec: { ...spec, ...given } }, { dryRun: true })
}

async function fromManifest(context: Context, name: string, path: string): Promise<NodePool> {
  const found = (await readManifests(context.io, path)).find(
    (one) => one.kind === 'NodePool' && one.metadata.name === name,
  )
  if (found) return found as NodePool
  throw new CommandError(
    tr(`${path} holds no NodePool "${name}"`, `${path} non contiene nessun NodePool "${name}"`),
  )
}

import { readFile } from 'node:fs/promises'
import type { KubernetesObject } from '@fochista/kubernetes'
import type { Io } from '../../io.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'

/** Reads manifests from a file, or from standard input for `-`. Throws CommandError naming the file that cannot be read or parsed. */
export async function readManifests(io: Io, path: string): Promise<KubernetesObject[]> {
  const { parseManifests } = await import('@fochista/kubernetes')
  let content: string
  try {
    content = path === '-' ? await io.readInput() : await readFile(path, 'utf8')
  } catch (error) {
    throw new CommandError(`${tr('cannot read', 'impossibile leggere')} ${path}: ${reasonOf(error)}`, {
      hint: tr(
        'Give the path of a file, or - for standard input.',
        'Indica il percorso di un file, o - per lo standard input.',
      ),
      cause: error,
    })
  }
  try {
    return parseManifests(content)
  } catch (error) {
    throw explainManifest(path, content, error)
  }
}

/** Says in one sentence what is wrong, with the line where the file is no YAML; JSON is YAML too. */
function explainManifest(path: string, content: string, error: unknown): CommandError {
  // The parser adds a drawing of the place.
  const [reason = ''] = reasonOf(error).split('\n')
  const line = Number(/ at line (\d+), column \d+:$/.exec(reason)?.[1])
  if (Number.isNaN(line))
    return new CommandError(`${path}: ${reason}`, {
      hint: `${tr('print one to begin with:', 'mostrane uno da cui partire:')}  fochista cluster create NAME --dry-run`,
      cause: error,
    })
  return new CommandError(
    `${path}: ${tr('is neither YAML nor JSON:', 'non è né YAML né JSON:')} ${reason.replace(/:$/, '')}`,
    {
      hint: `${tr(`correct line ${line}:`, `correggi la riga ${line}:`)}  ${(content.split('\n')[line - 1] ?? '').trim().slice(0, 100)}`,
      cause: error,
    },
  )
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

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
      cause: error,
    })
  }
  try {
    return parseManifests(content)
  } catch (error) {
    throw new CommandError(`${path}: ${reasonOf(error)}`, { cause: error })
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

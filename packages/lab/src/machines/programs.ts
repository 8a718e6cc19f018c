import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { MissingProgramError } from '../errors.ts'

/** Throws a MissingProgramError for the first program that is not on this machine. */
export async function requirePrograms(names: readonly string[]): Promise<void> {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  for (const name of names) {
    const found = await Promise.allSettled(
      folders.map((folder) => access(join(folder, name), constants.X_OK)),
    )
    if (!found.some(({ status }) => status === 'fulfilled')) throw new MissingProgramError(name)
  }
}

import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const BESIDE = join(import.meta.dirname, '..', '..', '..', 'shared')

/** Folder of the recorded exchanges: `FOCHISTA_RECORDINGS`, else `../shared` beside the checkout. Undefined when it is not there. */
export function recordingsFolder(): string | undefined {
  const folder = process.env['FOCHISTA_RECORDINGS'] ?? BESIDE
  return existsSync(folder) ? folder : undefined
}

/** Names of the recordings in a folder that match, sorted. Empty when the folder is not there. */
export function recordingsIn(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .toSorted()
}

/** The lines of a recording. */
export function readRecording<Line>(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

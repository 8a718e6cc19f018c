import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const folder = join(import.meta.dirname, '..', 'e2e', 'foreign', 'npm-clients')

/**
 * Installs other people's clients into a folder of their own, unless they are there: they stand beside ours in figures and tests, and are no
 * part of the product. @returns the folder. Throws where npm cannot install them.
 */
export function npmClients(): string {
  const stamp = join(folder, 'node_modules', '.installed-from')
  const lock = readFileSync(join(folder, 'package-lock.json'))
  const wanted = createHash('sha256').update(lock).digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder
  const { status, stderr } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`npm ci failed in ${folder}: ${stderr}`)
  writeFileSync(stamp, wanted)
  return folder
}

/** Address of a file in what was installed. */
export const moduleOf = (path: string): string => pathToFileURL(join(npmClients(), 'node_modules', path)).href

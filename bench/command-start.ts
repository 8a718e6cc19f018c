import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { compare, type Figure } from './figure.ts'

/** How much the command adds to Node's own start: what nobody asked for must not be loaded. */
export async function commandStart(): Promise<Figure[]> {
  const main = join(import.meta.dirname, '..', 'packages', 'cli', 'src', 'main.ts')
  const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning']
  const node = (...args: string[]): Buffer => execFileSync(process.execPath, args)
  const peer = { name: 'node -e 0', run: () => node('-e', '0') }
  return [
    await compare('fochista --version (from sources)', 3, () => node(...flags, main, '--version'), peer),
    await compare(
      'fochista pool scale --help (from sources)',
      8,
      () => node(...flags, main, 'pool', 'scale', '--help'),
      peer,
    ),
  ]
}

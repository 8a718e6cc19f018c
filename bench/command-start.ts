import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { compare, type Figure } from './figure.ts'

const cli = join(import.meta.dirname, '..', 'packages', 'cli')
const sources = ['--conditions=source', '--disable-warning=ExperimentalWarning', join(cli, 'src', 'main.ts')]
/** What starts the built command; the published package has nothing else. */
const built = join(cli, 'dist', 'main.js')

/** How much the command adds to Node's own start: what nobody asked for must not be loaded. */
export async function commandStart(): Promise<Figure[]> {
  const node = (...args: string[]): Buffer => execFileSync(process.execPath, args)
  const peer = { name: 'node -e 0', run: () => node('-e', '0') }
  const version = await compare(
    'fochista --version',
    1,
    () => node(join(cli, 'bin', 'fochista.mjs'), '--version'),
    peer,
  )
  const help = ['pool', 'scale', '--help']
  const figures = [
    over(version),
    await compare('fochista pool scale --help (from sources)', 8, () => node(...sources, ...help), peer),
  ]
  if (!existsSync(built)) return figures
  const start = `import(${JSON.stringify(built)}).then(({ runUntilSignal }) => runUntilSignal(${JSON.stringify(help)}))`
  return [
    ...figures,
    over(await compare('fochista pool scale --help (built)', 1, () => node('-e', start), peer), 100),
  ]
}

/** Most that a start may take over bare Node, milliseconds. */
const ALLOWED_MS = 50

/** A comparison as what it is over its peer. */
function over({ name, value, ratio }: Figure, allowed = ALLOWED_MS): Figure {
  const excess = value - value / ratio
  return {
    name,
    value: excess,
    unit: 'ms',
    peer: `${allowed} ms over node -e 0`,
    ratio: excess / allowed,
    goal: 1,
  }
}

import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { version } from './version.ts'

if (import.meta.main) {
  const argv = process.argv.slice(2)
  // Nothing else is loaded to say the version.
  if (argv.length === 1 && argv[0] === '--version') process.stdout.write(`${version}\n`)
  else await runLoaded(argv)
}

/** Loads what the line needs, compiled as the last time: it then starts in a third of the time. */
async function runLoaded(argv: readonly string[]): Promise<void> {
  // Not in the folder for everybody's temporary files, where somebody else could lay code for us.
  enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fochista', 'compiled'))
  // What a shell asks for at each TAB: it must be quick, and never more than no answer.
  if (argv[0] === 'completion' && argv[1] === '--')
    await (await import('./commands/completion/answer.ts')).answerCompletion(argv.slice(2))
  else process.exitCode = await runUntilSignal(argv)
}

/** Runs a command line until it ends or a signal comes; resolves to its exit code. */
export async function runUntilSignal(argv: readonly string[]): Promise<number> {
  const [{ runLine }, { processIo }, { CancelledError }] = await Promise.all([
    import('./program.ts'),
    import('./io.ts'),
    import('./errors.ts'),
  ])
  const stop = new AbortController()
  let firstAt: number | undefined
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      firstAt ??= performance.now()
      // A terminal's Ctrl-C comes from the terminal and once more from npm. Later it is a second one, which means it.
      if (performance.now() - firstAt > 500) process.exit(2)
      stop.abort(new CancelledError())
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read our output has enough of it: `fochista machine list | head -1`.
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  return runLine(argv, processIo(), stop.signal)
}

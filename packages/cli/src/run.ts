import { CancelledError } from './errors.ts'
import { processIo } from './io.ts'
import { runLine } from './program.ts'

/** Runs a command line until it ends or a signal comes; resolves to its exit code. */
export async function runUntilSignal(argv: readonly string[]): Promise<number> {
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

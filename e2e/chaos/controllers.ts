import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { root, type Bench } from '../harness.ts'

/** The controllers in a process that can be killed like a machine that loses its power. */
export interface Victim {
  /** Resolves when they run. */
  start(...flags: string[]): Promise<void>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGSTOP: the process stands still, connections and all, as on a machine that is put to sleep. */
  freeze(): void
  /** SIGCONT: it goes on where it was, and knows nothing of the time between. */
  thaw(): void
  /** The end of what they logged last, for a failure's report. */
  log(): string
}

/** Makes the controllers of a bench, not running yet. */
export function createVictim(bench: Bench): Victim {
  let child: ChildProcess | undefined
  let log = ''
  const kill = async (): Promise<void> => {
    const running = child
    child = undefined
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const gone = new Promise((resolve) => running.once('exit', resolve))
    running.kill('SIGKILL')
    await gone
  }
  return {
    start: (...flags) =>
      new Promise((resolve, reject) => {
        const started = spawn(
          process.execPath,
          [
            '--conditions=source',
            '--disable-warning=ExperimentalWarning',
            join(root, 'packages/cli/src/main.ts'),
            'serve',
            ...flags,
          ],
          { env: { ...process.env, ...bench.environment }, cwd: root, stdio: ['ignore', 'ignore', 'pipe'] },
        )
        child = started
        started.stderr?.setEncoding('utf8').on('data', (text: string) => {
          log = (log + text).slice(-50_000)
          if (log.includes('Ctrl-C')) resolve()
        })
        started.once('exit', (code) => reject(new Error(`serve ended with ${code}:\n${log.slice(-3000)}`)))
        log = ''
      }),
    kill,
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    log: () => log,
  }
}

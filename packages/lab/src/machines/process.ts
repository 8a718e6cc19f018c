import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { VmProcess } from '../proxmox/world.ts'
import type { VmFiles } from './arguments.ts'
import { Qmp } from './qmp.ts'
import { enterScreen } from './screen.ts'

/** The program that VMs run as. */
export const QEMU = 'qemu-system-x86_64'
/** Milliseconds of the wall clock that QEMU has to answer. */
const START_MS = 60_000
/** Milliseconds that QEMU has to end by itself. */
const END_MS = 5000

/**
 * What a process that is to end with the lab, however the lab ends, is started through. The kernel kills it when its parent is
 * gone; and if that happened before it could ask for this, it does not begin.
 */
const TIED = ['--pdeathsig', 'KILL', 'sh', '-c', '[ "$PPID" = "$0" ] && exec "$@"', String(process.pid)]

/** A running QEMU. */
export class QemuProcess implements VmProcess {
  readonly pid: number
  readonly #child: ChildProcess
  readonly #files: VmFiles
  readonly #qmp: Qmp
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>

  private constructor(child: ChildProcess, files: VmFiles, qmp: Qmp, ended: Promise<void>) {
    this.#child = child
    this.pid = child.pid ?? 0
    this.#files = files
    this.#qmp = qmp
    this.ended = ended
  }

  /**
   * Starts QEMU and waits until it can be talked to.
   * @throws Error `QEMU exited with code 1`, after `log` was told what it said.
   */
  static async start(
    words: readonly string[],
    files: VmFiles,
    { log, paused }: { log: (line: string) => void; paused: (isPaused: boolean) => void },
  ): Promise<QemuProcess> {
    // In a session of its own, for a Ctrl-C in the lab's terminal is the lab's.
    const child = spawn('setpriv', [...TIED, QEMU, ...words], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-4000)))
    let failure: Error | undefined
    let isLate = false
    const ended = new Promise<void>((resolve) => {
      child.on('error', (error) => {
        failure = error
        resolve()
      })
      child.on('exit', (code, signal) => {
        failure = new Error(signal === null ? `QEMU exited with code ${code}` : `QEMU was ended by ${signal}`)
        resolve()
      })
    })
    const onEvent = (name: string): void => {
      if (name === 'STOP' || name === 'RESUME') paused(name === 'STOP')
    }
    const until = performance.now() + START_MS
    while (failure === undefined) {
      try {
        const qmp = await Qmp.open(files.qmp, onEvent)
        // It answers before it has loaded what it starts with; only then it runs.
        await qmp.execute('query-status')
        return new QemuProcess(child, files, qmp, ended)
      } catch {
        isLate = performance.now() > until
        if (isLate) break
        await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20))])
      }
    }
    child.kill('SIGKILL')
    await ended
    for (const line of said.split('\n').filter(Boolean)) log(line)
    throw isLate || failure === undefined ? new Error('got timeout') : failure
  }

  async pause(): Promise<void> {
    await this.#qmp.execute('stop')
  }

  async resume(): Promise<void> {
    await this.#qmp.execute('cont')
  }

  async monitor(command: string): Promise<string> {
    try {
      return String(await this.#qmp.execute('human-monitor-command', { 'command-line': command }))
    } catch (error) {
      // `quit` has no last word.
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return ''
      throw error
    }
  }

  /** Runs a command of QMP. */
  execute(command: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    return this.#qmp.execute(command, parameters)
  }

  async openScreen(): Promise<Duplex> {
    return enterScreen(await open(this.#files.vnc))
  }

  openSerial(key: string): Promise<Duplex> {
    return open(this.#files.serial(key))
  }

  /** Ends it, by force if it does not listen. Resolves when it is gone. */
  async end(): Promise<void> {
    this.#qmp.close()
    this.#child.kill('SIGTERM')
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await this.ended
    clearTimeout(late)
  }
}

async function open(path: string): Promise<Socket> {
  const socket = connect(path)
  await once(socket, 'connect')
  return socket
}

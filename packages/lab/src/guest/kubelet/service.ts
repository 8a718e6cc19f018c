import type { Disk } from '../disk.ts'
import { KubeletExit } from './exit.ts'
import type { KubeletHost } from './host.ts'
import { logLine } from './host.ts'
import { runKubelet } from './kubelet.ts'
import { expand, readUnit, unmetCondition } from './unit.ts'

/** From the start of a process to its first healthy answer, ms. */
const HEALTHY_MS = 1500

/** How often a process that stands still is looked at, milliseconds of the wall clock. */
const HELD_MS = 100

/** The kubelet's unit as systemd keeps it: started, restarted after an exit, stopped. */
export class KubeletService {
  readonly #host: KubeletHost
  readonly #pre: (command: string) => Promise<number>
  #running: AbortController | undefined
  #done: Promise<void> = Promise.resolve()
  #failure: string | undefined
  #upSince: number | undefined

  /** @param pre runs one ExecStartPre command and gives its exit code. */
  constructor(host: KubeletHost, pre: (command: string) => Promise<number>) {
    this.#host = host
    this.#pre = pre
  }

  get isActive(): boolean {
    return this.#running !== undefined
  }

  /** Whether a process has been up for a while: its health check answers. */
  get isHealthy(): boolean {
    const { clock } = this.#host
    return this.#upSince !== undefined && (clock.now() - this.#upSince) * clock.speed >= HEALTHY_MS
  }

  /** Why the last process ended itself. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Starts the unit; the text of systemctl's failure, or undefined. */
  start(): string | undefined {
    if (this.#running !== undefined) return undefined
    const unit = readUnit(this.#host.disk, 'kubelet')
    if (unit === undefined) return 'Failed to start kubelet.service: Unit kubelet.service not found.'
    const unmet = unmetCondition(this.#host.disk, unit)
    if (unmet !== undefined) {
      this.#host.log(
        `systemd[1]: kubelet.service - kubelet: The Kubernetes Node Agent was skipped because of an unmet condition check (ConditionPathExists=${unmet}).`,
      )
      return undefined
    }
    const controller = new AbortController()
    this.#running = controller
    this.#done = this.#keep(controller.signal).finally(() => {
      if (this.#running === controller) this.#running = undefined
    })
    return undefined
  }

  /** Stops the unit. */
  async stop(): Promise<void> {
    this.#running?.abort(new Error('stopped'))
    this.#running = undefined
    await this.#done
  }

  restart(): string | undefined {
    this.#running?.abort(new Error('stopped'))
    this.#running = undefined
    return this.start()
  }

  async #keep(signal: AbortSignal): Promise<void> {
    const host = this.#host
    for (let restarts = 0; !signal.aborted; restarts++) {
      const unit = readUnit(host.disk, 'kubelet')
      const code = await this.#once(host.disk, signal)
      if (signal.aborted) return
      host.log(
        `systemd[1]: kubelet.service: Main process exited, code=exited, status=${code}/${code === 0 ? 'SUCCESS' : 'FAILURE'}`,
      )
      const again = unit?.restart === 'always' || (unit?.restart === 'on-failure' && code !== 0)
      if (!again) return
      await host.clock.sleep(unit.restartMs, signal).catch(() => {})
      if (signal.aborted) return
      host.log(`systemd[1]: kubelet.service: Scheduled restart job, restart counter is at ${restarts + 1}.`)
    }
  }

  async #once(disk: Disk, signal: AbortSignal): Promise<number> {
    const host = this.#host
    const unit = readUnit(disk, 'kubelet')
    const argv = expand(unit?.execStart ?? [], unit?.environment ?? new Map())
    const [program = '', ...args] = argv
    for (const command of unit?.execStartPre ?? []) {
      const code = await this.#pre(command.replace(/^-/, ''))
      if (code !== 0 && !command.startsWith('-')) {
        host.log(`systemd[1]: kubelet.service: Control process exited, code=exited, status=${code}/n/a`)
        return code
      }
    }
    if (!program.endsWith('/kubelet') || disk.kubeletVersion === undefined || !disk.exists(program)) {
      host.log(
        `systemd[1]: kubelet.service: Unable to locate executable '${program}': No such file or directory`,
      )
      return 203
    }
    while (host.isHeld && !signal.aborted)
      await host.clock.sleep(HELD_MS * host.clock.speed, signal).catch(() => {})
    if (signal.aborted) return 0
    host.log('systemd[1]: Started kubelet.service - kubelet: The Kubernetes Node Agent.')
    this.#upSince = host.clock.now()
    try {
      await runKubelet(host, args, disk.kubeletVersion, signal)
      return 0
    } catch (error) {
      if (signal.aborted) return 0
      const text = error instanceof Error ? error.message : String(error)
      this.#failure = text
      if (error instanceof KubeletExit && error.code === 2) host.log(`kubelet[731]: panic: ${text}`)
      else if (error instanceof KubeletExit && text.startsWith('"'))
        logLine(host, 'E', 'transport.go:105', text)
      else logLine(host, 'E', 'run.go:72', `"command failed" err=${JSON.stringify(text)}`)
      return error instanceof KubeletExit ? error.code : 1
    } finally {
      this.#upSince = undefined
    }
  }
}

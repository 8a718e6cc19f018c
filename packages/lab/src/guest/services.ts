import type { LabClock } from '../clock.ts'
import type { Disk } from './disk.ts'
import { expand, readUnit, unmetCondition } from './kubelet/unit.ts'

/** What services have around them. */
export interface ServicesHost {
  readonly disk: Disk
  readonly clock: LabClock
  /** Ends when the power goes. */
  readonly signal: AbortSignal
  /** Runs a program; `write` sees each line as it is written. */
  readonly run: (argv: readonly string[], write: (line: string) => void) => Promise<number>
  /** One line of the log: console and journal. */
  readonly log: (line: string) => void
}

/** The services that a machine's unit files describe, beside the kubelet: of the simple type, started, restarted, stopped. */
export class Services {
  readonly #host: ServicesHost
  readonly #running = new Map<string, AbortController>()

  constructor(host: ServicesHost) {
    this.#host = host
  }

  /** Starts what multi-user.target wants by a drop-in of its own. */
  startWanted(): void {
    const { disk } = this.#host
    const folder = '/etc/systemd/system/multi-user.target.d'
    for (const path of disk.list(folder))
      for (const [, names = ''] of (disk.read(path) ?? '').matchAll(/^Wants=(.*)$/gm))
        for (const name of names.split(/\s+/)) this.start(name.replace(/\.service$/, ''))
  }

  /** Starts a service and does not wait for its end. True if there is such a unit. */
  start(name: string): boolean {
    const { disk, log } = this.#host
    const unit = readUnit(disk, name)
    if (unit === undefined) return false
    if (this.#running.has(name)) return true
    const unmet = unmetCondition(disk, unit)
    if (unmet !== undefined) {
      log(
        `systemd[1]: ${name}.service was skipped because of an unmet condition check (ConditionPathExists=${unmet}).`,
      )
      return true
    }
    const controller = new AbortController()
    this.#running.set(name, controller)
    void this.#keep(name, AbortSignal.any([controller.signal, this.#host.signal])).finally(() => {
      if (this.#running.get(name) === controller) this.#running.delete(name)
    })
    return true
  }

  /** Stops a service: it is not started again, and nothing more is heard of it. */
  stop(name: string): void {
    this.#running.get(name)?.abort(new Error('stopped'))
    this.#running.delete(name)
  }

  async #keep(name: string, signal: AbortSignal): Promise<void> {
    const { disk, clock, log, run } = this.#host
    log(`systemd[1]: Started ${name}.service.`)
    while (!signal.aborted) {
      const unit = readUnit(disk, name)
      const argv = expand(unit?.execStart ?? [], unit?.environment ?? new Map())
      let code: number
      try {
        code = await run(argv, (line) => {
          if (!signal.aborted) log(`${name}[690]: ${line}`)
        })
      } catch (error) {
        if (!signal.aborted) log(`lab: ${name}.service failed: ${String(error)}`)
        return
      }
      if (signal.aborted) return
      if (code === 0) {
        log(`systemd[1]: ${name}.service: Deactivated successfully.`)
        return
      }
      log(`systemd[1]: ${name}.service: Main process exited, code=exited, status=${code}/FAILURE`)
      if (unit?.restart !== 'always' && unit?.restart !== 'on-failure') return
      await clock.sleep(unit.restartMs, signal).catch(() => {})
    }
  }
}

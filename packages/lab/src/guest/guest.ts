import { createHash, randomUUID } from 'node:crypto'
import type { LabClock } from '../clock.ts'
import { memoryOf } from '../proxmox/qemu/config/values.ts'
import { drivesOf, isCdrom, parseSize } from '../proxmox/qemu/drive.ts'
import type { ProxmoxWorld, Vm } from '../proxmox/world.ts'

import { createAgent } from './agent.ts'
import type { AgentSubject } from './agent.ts'
import { runSeed } from './cloud-init/run.ts'
import { readSeed } from './cloud-init/seed.ts'
import { setPassword, type Disk } from './disk.ts'
import type { KubeletHost } from './kubelet/host.ts'
import { KubeletService } from './kubelet/service.ts'
import { configureNetwork } from './network.ts'
import type { DhcpServer, Interface } from './network.ts'
import { runKubeadm } from './kubeadm/join.ts'
import type { Machine, Outcome } from './shell/programs.ts'
import { runCommand } from './shell/run.ts'
import { Services } from './services.ts'
import type { SessionMachine } from './terminal/session.ts'
import { Terminal } from './terminal/terminal.ts'

/** Firmware, boot loader and kernel, ms. */
const KERNEL_MS = 5000
/** From the kernel to a network, ms. */
const NETWORK_MS = 3000
/** From the network to the last stage of cloud-init, ms. */
const FINAL_MS = 3000
/** From being asked to be off, ms. */
const SHUTDOWN_MS = 4000
/** Longest serial console kept, characters. */
const CONSOLE_LIMIT = 256 * 1024

/** The largest disk, which holds the root file system of every template here, bytes. */
function diskSizeOf(config: Vm['config']): number {
  const sizes = drivesOf(config)
    .filter((drive) => !isCdrom(drive))
    .flatMap(({ options }) => parseSize(options['size'] ?? '') ?? [])
  return Math.max(...sizes, 2 ** 30)
}

/** One run of a VM's guest, from power on to power off. */
export class Guest implements Machine {
  readonly vm: Vm
  readonly disk: Disk
  interfaces: Interface[] = []
  readonly #world: ProxmoxWorld
  readonly #clock: LabClock
  readonly #dhcp: DhcpServer
  readonly #off = new AbortController()
  readonly #services: Services
  readonly #screen: Terminal
  readonly #serial: Terminal
  readonly bootedAt: number
  #kubelet: KubeletService | undefined

  constructor(world: ProxmoxWorld, vm: Vm, disk: Disk, dhcp: DhcpServer) {
    this.#world = world
    this.#clock = world.clock
    this.vm = vm
    this.disk = disk
    this.#dhcp = dhcp
    this.bootedAt = world.clock.now()
    this.#screen = new Terminal('tty1', this.#session())
    this.#serial = new Terminal('ttyS0', this.#session())
    this.#services = new Services({
      disk,
      clock: world.clock,
      signal: this.#off.signal,
      log: (line) => this.#note(line),
      run: (argv, write) => this.#service(argv, write),
    })
  }

  /** Shows a message of the system on its console: the screen and the serial port. */
  print(text: string): void {
    this.#note(text)
    this.#screen.print(text)
    this.#serial.print(text)
  }

  /** Writes into the journal what is no message for a console. */
  #note(text: string): void {
    const next = `${this.vm.console}${text.replaceAll('\n', '\r\n')}\r\n`
    this.vm.console = next.length > CONSOLE_LIMIT ? next.slice(-CONSOLE_LIMIT) : next
  }

  /** Boots; resolves when all that runs at boot has been started, or the power went. */
  async boot(): Promise<void> {
    const { signal } = this.#off
    try {
      this.disk.reboot()
      this.#plugIn()
      this.print('Linux version 6.1.0-42-amd64 (debian-kernel@lists.debian.org) #1 SMP PREEMPT_DYNAMIC')
      await this.#clock.sleep(KERNEL_MS, signal)
      const seed = readSeed(this.#world.readCdroms(this.vm))
      const problems: string[] = []
      this.interfaces = configureNetwork(this.vm, seed?.networkConfig, this.#dhcp, problems)
      await this.#clock.sleep(NETWORK_MS, signal)
      for (const problem of problems) this.print(`cloud-init[512]: ${problem}`)
      for (const card of this.interfaces)
        this.print(
          `ci-info: | ${card.name} | True | ${card.addresses.map((each) => `${each.address}/${each.prefix}`).join(' ') || '.'} | ${card.mac} |`,
        )
      if (this.disk.hasAgent) this.startAgent()
      this.vm.onShutdownRequest = () => this.powerOff()
      const host = this.#kubeletHost()
      this.#kubelet = new KubeletService(
        host,
        async (command) => (await this.#runWhileUp(['sh', '-c', command])).exitCode,
      )
      if (this.disk.enabledUnits.has('kubelet')) this.#kubelet.start()
      if (seed === undefined) this.print('cloud-init[512]: no NoCloud drive was found, nothing to do')
      else if (this.disk.instances.has(seed.instanceId))
        this.print(`cloud-init[512]: instance ${seed.instanceId} was set up before, nothing to do`)
      else
        await runSeed(this, seed, {
          print: (text) => this.print(text),
          now: () => this.#clock.now(),
          wait: () => this.#clock.sleep(FINAL_MS, signal),
          run: (argv) => this.#run(argv),
        })
      this.#services.startWanted()
      this.#note(`\n${this.disk.hostname} login:`)
      this.#screen.open()
      this.#serial.open()
    } catch (error) {
      if (!signal.aborted)
        this.print(`lab: the guest failed: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  /** Takes the power. */
  async cut(): Promise<void> {
    this.#off.abort(new Error('the power went'))
    this.#screen.close()
    this.#serial.close()
    await this.#kubelet?.stop()
  }

  setHostname(name: string): void {
    this.disk.hostname = name
    this.disk.write('/etc/hostname', `${name}\n`)
  }

  systemctl(verb: string, unit: string): string | undefined {
    const kubelet = this.#kubelet
    if (unit !== 'kubelet' || kubelet === undefined) return this.#otherUnit(verb, unit)
    switch (verb) {
      case 'start':
        return kubelet.start()
      case 'restart':
        return kubelet.restart()
      case 'stop':
        void kubelet.stop()
        return undefined
      case 'enable':
      case 'disable': {
        if (this.disk.kubeletVersion === undefined)
          return `Failed to ${verb} unit: Unit file kubelet.service does not exist.`
        if (verb === 'enable') this.disk.enabledUnits.add(unit)
        else this.disk.enabledUnits.delete(unit)
        return undefined
      }
      case 'is-active':
        return kubelet.isActive ? undefined : 'inactive'
      default:
        return undefined
    }
  }

  startAgent(): void {
    this.vm.agent = createAgent(this.#agentFacts())
  }

  readonly sleep = (ms: number): Promise<void> => this.#clock.sleep(ms, this.#off.signal)

  expectPower(): void {
    this.#off.signal.throwIfAborted()
  }

  powerOff(): void {
    this.print('[  OK  ] Reached target poweroff.target - System Power Off.')
    this.#clock.setTimeout(() => {
      if (!this.#off.signal.aborted) this.#world.guestStopped(this.vm)
    }, SHUTDOWN_MS)
  }

  reboot(): void {
    this.print('[  OK  ] Reached target reboot.target - System Reboot.')
    this.#clock.setTimeout(() => {
      if (!this.#off.signal.aborted) this.#world.events.emit('reset', this.vm)
    }, SHUTDOWN_MS)
  }

  journal(unit?: string): string[] {
    const lines = this.vm.console.split('\r\n').filter((line) => /^[\w.-]+\[\d+\]: /.test(line))
    if (unit === undefined) return lines
    return lines.filter(
      (line) => line.startsWith(`${unit}[`) || line.startsWith(`systemd[1]: ${unit}.service`),
    )
  }

  kubeadm(args: readonly string[]): Promise<Outcome> {
    return runKubeadm(
      {
        disk: this.disk,
        clock: this.#clock,
        signal: this.#off.signal,
        startKubelet: () => void this.#kubelet?.restart(),
        kubeletIsHealthy: () => this.#kubelet?.isHealthy ?? false,
      },
      args,
    )
  }

  now(): number {
    return this.#clock.now()
  }

  /** The machine has a screen and a serial port; only the screen shows the firmware. */
  #plugIn(): void {
    this.vm.screen = this.#screen
    this.vm.serial = this.#serial
    this.#world.events.emit('plugged', this.vm)
    this.#screen.print(`SeaBIOS (version 1.17.0)\nMachine UUID ${this.#systemUuid()}\n\n`)
    this.#screen.print('Booting from Hard Disk...')
  }

  /** What a login on a terminal does. */
  #session(): SessionMachine {
    return {
      disk: this.disk,
      sleep: (ms) => this.sleep(ms),
      reboot: () => this.reboot(),
      shell: async (line, user, write) => {
        const as = line.replace(/^sudo\s+/, '')
        if (as !== line && user !== 'root' && this.disk.users.get(user)?.sudo.length === 0) {
          write(`${user} is not in the sudoers file.\n`)
          return 1
        }
        if (as === 'whoami') write(`${as === line ? user : 'root'}\n`)
        const words = as === 'whoami' ? ['true'] : ['sh', '-c', as === 'id' ? `id ${user}` : as]
        const { exitCode } = await runCommand(this, words, {
          now: this.#clock.now(),
          unknown: ([program = '']) => write(`-bash: ${program}: command not found\n`),
          write,
        })
        return exitCode
      },
    }
  }

  /** A unit that is not the kubelet's. What has no unit file here is taken for one of the distribution's, save containerd where it is not. */
  #otherUnit(verb: string, unit: string): string | undefined {
    const isThere = unit !== 'containerd' || this.disk.exists('/usr/bin/containerd')
    if (!isThere && ['start', 'restart', 'enable'].includes(verb))
      return `Failed to ${verb} ${unit}.service: Unit ${unit}.service not found.`
    if (verb === 'enable') this.disk.enabledUnits.add(unit)
    if (verb === 'stop' || verb === 'restart') this.#services.stop(unit)
    if (verb === 'start' || verb === 'restart') this.#services.start(unit)
    return undefined
  }

  /** Runs a service's program; what it writes is seen line by line. */
  async #service(argv: readonly string[], write: (line: string) => void): Promise<number> {
    const { exitCode } = await runCommand(this, argv, {
      now: this.#clock.now(),
      unknown: (unknown) => this.#notEmulated(unknown),
      write: (text) => {
        for (const line of text.replace(/\n$/, '').split('\n')) write(line)
      },
    })
    return exitCode
  }

  /** For those who start a program and live on when the power goes: they see it killed. */
  async #runWhileUp(argv: readonly string[]): Promise<{ exitCode: number; output: string }> {
    try {
      return await this.#run(argv)
    } catch (error) {
      if (!this.#off.signal.aborted) throw error
      return { exitCode: 137, output: '' }
    }
  }

  #notEmulated(argv: readonly string[]): void {
    this.print(`lab: not emulated, taken as done: ${argv.join(' ').slice(0, 200)}`)
  }

  /** @param toConsole whether what it writes is seen on the console, as that of services is and that of the agent's programs is not. */
  async #run(argv: readonly string[], toConsole = true): Promise<{ exitCode: number; output: string }> {
    const command = await runCommand(this, argv, {
      now: this.#clock.now(),
      unknown: (unknown) => this.#notEmulated(unknown),
    })
    if (toConsole && command.output.trim() !== '') this.print(command.output.trimEnd())
    return command
  }

  #agentFacts(): AgentSubject {
    const { disk, interfaces } = this
    const clock = this.#clock
    return {
      get hostname() {
        return disk.hostname
      },
      interfaces,
      machineId: this.#machineId(),
      now: () => clock.now(),
      readFile: (path) => disk.files.get(path)?.content,
      writeFile: (path, content) => disk.write(path, content),
      run: (argv) => this.#runWhileUp(argv),
      shutdown: (mode) => (mode === 'reboot' ? this.reboot() : this.powerOff()),
      sleep: () => {
        this.vm.asleep = true
      },
      users: () => [],
      setPassword: (name, password, isEncrypted) => setPassword(disk, name, password, isEncrypted),
      memory: memoryOf(this.vm.config),
      processors: Number(this.vm.config['sockets'] ?? 1) * Number(this.vm.config['cores'] ?? 1),
    }
  }

  #systemUuid(): string {
    return /(?:^|,)uuid=([0-9a-fA-F-]{36})/.exec(this.vm.config['smbios1'] ?? '')?.[1]?.toLowerCase() ?? ''
  }

  #machineId(): string {
    return createHash('md5').update(`${this.#systemUuid()}${this.vm.vmid}`).digest('hex')
  }

  #kubeletHost(): KubeletHost {
    const { disk, vm } = this
    const world = this.#world
    const { config } = vm
    const main = this.interfaces.filter((card) => card.addresses.length > 0)
    const ordered = [
      ...main.filter((card) => card.gateway !== undefined),
      ...main.filter((card) => card.gateway === undefined),
    ]
    return {
      disk,
      clock: this.#clock,
      get hostname() {
        return disk.hostname
      },
      addresses: ordered.flatMap((card) => card.addresses.map((each) => each.address)),
      // A kubelet looks at its machine once, when it starts.
      cpus: Number(config['vcpus'] ?? Number(config['cores'] ?? 1) * Number(config['sockets'] ?? 1)),
      diskSize: diskSizeOf(config),
      memory: Number(/\d+/.exec(config['memory'] ?? '')?.[0] ?? 512) * 1024 * 1024 * 0.97,
      systemUuid: this.#systemUuid(),
      machineId: this.#machineId(),
      bootId: randomUUID(),
      get isHeld() {
        return world.faults.holdsKubelet?.(vm) === true
      },
      log: (line) => this.#note(line),
    }
  }
}

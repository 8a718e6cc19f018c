import type { Disk } from '../../guest/disk.ts'
import type { Interface } from '../../guest/network.ts'
import type { Machine } from '../../guest/shell/programs.ts'
import { runCommand } from '../../guest/shell/run.ts'
import type { SessionMachine } from '../../guest/terminal/session.ts'
import type { ProxmoxWorld } from '../world.ts'

/** A host or a container as a shell on it sees it: files of its own, and nothing that runs. */
export interface ShellSubject {
  readonly world: ProxmoxWorld
  readonly disk: Disk
  readonly interfaces: readonly Interface[]
  /** Milliseconds since 1970. */
  readonly bootedAt: number
  /** Throws when its power is gone. */
  expectPower(): void
  powerOff(): void
  reboot(): void
}

/** What its shells need of it; `admitted` and `system` are of one session each. */
export function sessionMachine(
  subject: ShellSubject,
  session: Pick<SessionMachine, 'admitted' | 'system'>,
): SessionMachine {
  const { world, disk } = subject
  const { clock } = world
  const refuse = (): string => 'the lab runs no services here'
  const machine: Machine = {
    disk,
    interfaces: subject.interfaces,
    bootedAt: subject.bootedAt,
    now: () => clock.now(),
    setHostname: (name) => (disk.hostname = name),
    systemctl: refuse,
    startAgent: () => {},
    powerOff: () => subject.powerOff(),
    reboot: () => subject.reboot(),
    journal: () => [],
    sleep: async (ms) => {
      await clock.sleep(ms)
      subject.expectPower()
    },
    expectPower: () => subject.expectPower(),
    kubeadm: () => Promise.resolve({ code: 1, output: '', errors: 'error: there is no kubelet here\n' }),
  }
  return {
    ...session,
    disk,
    sleep: machine.sleep,
    reboot: () => subject.reboot(),
    shell: async (line, user, write) => {
      const words = line === 'whoami' ? ['echo', user] : ['sh', '-c', line]
      const { exitCode } = await runCommand(machine, words, {
        now: clock.now(),
        unknown: ([program = '']) => write(`-bash: ${program}: command not found\n`),
        write,
      })
      return exitCode
    },
  }
}

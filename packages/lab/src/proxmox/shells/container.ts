import { Disk, setPassword } from '../../guest/disk.ts'
import type { Interface } from '../../guest/network.ts'
import { Terminal } from '../../guest/terminal/terminal.ts'
import type { Container } from '../cluster/state.ts'
import type { Call } from '../handler.ts'
import { containerOf } from '../lxc/container.ts'
import { turnContainerOff } from '../lxc/power.ts'
import { rootPassword } from '../lxc/root-password.ts'
import type { ProxmoxWorld } from '../world.ts'
import { sessionMachine } from './machine.ts'
import type { Shell } from './shell.ts'

/** The console of one run of a container, which all who look at it share. */
interface Console {
  readonly startedAt: number
  readonly terminal: Terminal
}

const disks = new WeakMap<Container, Disk>()
const consoles = new WeakMap<Container, Console>()

/** The console of the container that a call names; a shell of its own where the container's mode says so. */
export function containerShell(call: Call): Shell {
  const { world } = call
  const container = containerOf(call)
  const { vmid, config, node } = container
  const mode = config['cmode'] ?? 'tty'
  const inside =
    mode === 'shell'
      ? `lxc-attach --clear-env -n ${vmid}`
      : `lxc-console -n ${vmid} -e -1${mode === 'console' ? ' -t 0' : ''}`
  return {
    path: `/vms/${vmid}`,
    privilege: 'VM.Console',
    tasks: { terminal: 'vncproxy', screen: 'vncproxy', spice: 'spiceproxy', id: String(vmid) },
    command: `/usr/bin/dtach -A /var/run/dtach/vzctlconsole${vmid} -r winch -z ${inside}`,
    title: `CT ${vmid}`,
    node,
    problem: () => (container.running ? undefined : `${vmid} is not running`),
    open: (left) => {
      const stopped = (other: Container): void => {
        if (other.vmid === vmid) left()
      }
      world.events.on('containerStopped', stopped)
      const own = mode === 'shell' ? newTerminal(world, container, left) : undefined
      return {
        terminal: own ?? consoleOf(world, container),
        close: () => {
          world.events.off('containerStopped', stopped)
          own?.close()
        },
      }
    },
  }
}

function consoleOf(world: ProxmoxWorld, container: Container): Terminal {
  const { startedAt } = container
  const known = consoles.get(container)
  if (known?.startedAt === startedAt) return known.terminal
  known?.terminal.close()
  const terminal = newTerminal(world, container, undefined)
  consoles.set(container, { startedAt, terminal })
  return terminal
}

function newTerminal(world: ProxmoxWorld, container: Container, left: (() => void) | undefined): Terminal {
  const disk = disks.get(container) ?? new Disk(undefined)
  disks.set(container, disk)
  const { vmid, config } = container
  disk.hostname = config['hostname'] ?? `CT${vmid}`
  const password = rootPassword(world, vmid)
  if (password !== undefined) setPassword(disk, 'root', password, false)
  const off = (): void => void turnContainerOff(world, container)
  const machine = sessionMachine(
    {
      world,
      disk,
      interfaces: interfacesOf(config),
      bootedAt: container.startedAt,
      expectPower: () => {
        if (!container.running) throw new Error('the container is off')
      },
      powerOff: off,
      reboot: off,
    },
    left === undefined ? {} : { admitted: { user: 'root', left } },
  )
  const terminal = new Terminal('tty1', machine)
  terminal.print('This container is emulated by the lab: a shell with some files, in which no program runs.')
  terminal.open()
  return terminal
}

function interfacesOf(config: Readonly<Record<string, string>>): Interface[] {
  return Object.entries(config).flatMap(([key, value]) => {
    if (!/^net\d+$/.test(key)) return []
    const options = new Map(value.split(',').map((pair) => pair.split(/=(.*)/s) as [string, string]))
    const addresses = ['ip', 'ip6'].flatMap((name) => {
      const [address = '', prefix] = options.get(name)?.split('/') ?? []
      return prefix === undefined ? [] : [{ address, prefix: Number(prefix) }]
    })
    return [
      {
        name: options.get('name') ?? key,
        mac: (options.get('hwaddr') ?? '').toLowerCase(),
        mtu: Number(options.get('mtu') ?? 1500),
        addresses,
        gateway: options.get('gw'),
        dns: [],
        search: [],
      },
    ]
  })
}

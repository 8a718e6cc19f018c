import { createHash } from 'node:crypto'
import { Disk, setPassword } from '../../guest/disk.ts'
import { Terminal } from '../../guest/terminal/terminal.ts'
import { forbidden } from '../api-error.ts'
import { installCeph, VERSION } from '../ceph/state.ts'
import type { Call } from '../handler.ts'
import type { ProxmoxWorld } from '../world.ts'
import { sessionMachine } from './machine.ts'
import type { Shell } from './shell.ts'

const ROOT = 'root@pam'
const SYSTEM = {
  issue: 'Debian GNU/Linux 13',
  kernel: '6.17.2-1-pve #1 SMP PREEMPT_DYNAMIC PMX 6.17.2-1 x86_64',
}

/** What a shell shows first when it was opened for more than a login. */
const ERRANDS: Readonly<Record<string, string>> = {
  upgrade: 'Starting system upgrade: apt-get dist-upgrade\nYour System is up-to-date\n\nstarting shell',
  ceph_install: `start installation\n\ninstalled Ceph ${VERSION} Squid successfully!\n\nreloading API to load new Ceph RADOS library...\n\nstarting shell`,
}

const disks = new WeakMap<ProxmoxWorld, Map<string, Disk>>()

/** The shell of the host that a call names. Root's own session gets one at once, anybody else is asked for a login. */
export function hostShell(call: Call): Shell {
  const { world } = call
  const node = call.text('node')
  const cmd = call.optional('cmd') ?? 'login'
  const isRoot = call.user === ROOT
  if (cmd !== 'login' && !isRoot) forbidden(`user != ${ROOT}`)
  const problem = (): string | undefined => {
    const host = world.hosts.get(node)
    return host?.online
      ? undefined
      : `ssh: connect to host ${host?.address ?? node} port 22: No route to host`
  }
  return {
    path: `/nodes/${node}`,
    privilege: 'Sys.Console',
    tasks: { terminal: 'vncshell', screen: 'vncshell', spice: 'spiceshell', id: '' },
    command: isRoot ? '/bin/login -f root' : '/bin/login',
    title: `Shell on '${node}'`,
    node,
    problem,
    open: (left) => {
      const terminal = new Terminal('pts/0', hostMachine(world, node, isRoot ? left : undefined))
      terminal.print(
        'This host is emulated by the lab: a shell with some files, without programs of Proxmox VE.',
      )
      const errand = ERRANDS[cmd]
      if (errand !== undefined) terminal.print(errand)
      if (cmd === 'ceph_install') installCeph(world, node)
      terminal.open()
      return { terminal, close: () => terminal.close() }
    },
  }
}

function hostMachine(
  world: ProxmoxWorld,
  node: string,
  left: (() => void) | undefined,
): ConstructorParameters<typeof Terminal>[1] {
  const host = world.hosts.get(node)
  const disk = diskOf(world, node)
  const password = world.access.users.get(ROOT)?.password
  if (password !== undefined) setPassword(disk, 'root', password, false)
  const mac = createHash('md5').update(node).digest('hex').slice(0, 10).replaceAll(/../g, ':$&')
  return sessionMachine(
    {
      world,
      disk,
      interfaces: [
        {
          name: 'vmbr0',
          mac: `02${mac}`,
          mtu: 1500,
          addresses: [{ address: host?.address ?? '', prefix: 24 }],
          gateway: undefined,
          dns: [],
          search: [],
        },
      ],
      bootedAt: host?.bootedAt ?? world.clock.now(),
      expectPower: () => {
        if (world.hosts.get(node)?.online !== true) throw new Error('the power is gone')
      },
      // Hosts are turned off and on by their own call.
      powerOff: () => {},
      reboot: () => {},
    },
    { system: SYSTEM, ...(left && { admitted: { user: 'root', left } }) },
  )
}

function diskOf(world: ProxmoxWorld, node: string): Disk {
  const ofWorld = disks.get(world) ?? new Map<string, Disk>()
  disks.set(world, ofWorld)
  const disk = ofWorld.get(node) ?? new Disk(undefined)
  disk.hostname = node
  ofWorld.set(node, disk)
  return disk
}

import { managedState } from '../cluster/ha/managed.ts'
import type { Container } from '../cluster/state.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import type { ProxmoxWorld } from '../world.ts'
import { containerMemory, containerSwap } from './config/values.ts'
import { containerOf, isContainerTemplate } from './container.ts'
import { rootSize } from './mount-point.ts'

const PATH = '/nodes/{node}/lxc/{vmid}'
const MIB = 1024 ** 2

const subdirs = (names: string): (() => unknown) => {
  const entries = names.split(' ').map((subdir) => ({ subdir }))
  return () => entries
}

/** Lists and states of containers. */
export const containerStatusHandlers: Handlers = {
  'GET /nodes/{node}/lxc': ({ world, identity, params }) =>
    [...world.cluster.containers.values()]
      .filter(
        ({ node, vmid }) => node === params['node'] && can(world, identity, `/vms/${vmid}`, ['VM.Audit']),
      )
      .map((container) => containerSummary(world, container)),
  [`GET ${PATH}`]: subdirs(
    'config pending status vncproxy termproxy vncwebsocket spiceproxy migrate clone initlog rrd rrddata firewall snapshot resize interfaces',
  ),
  [`GET ${PATH}/status`]: (call) => {
    containerOf(call)
    return ['current', 'start', 'stop', 'shutdown', 'suspend', 'resume', 'reboot'].map((subdir) => ({
      subdir,
    }))
  },
  [`GET ${PATH}/status/current`]: (call) => {
    const container = containerOf(call)
    return {
      ...containerSummary(call.world, container),
      ha: managedState(call.world, `ct:${container.vmid}`),
    }
  },
  [`GET ${PATH}/interfaces`]: interfaces,
}

/** Processors of a container: those it is given, or all of its host. */
export function containerCpus(world: ProxmoxWorld, { config, node }: Container): number {
  const limit = Number(config['cpulimit'] ?? 0)
  const cores = Number(config['cores'] ?? world.hosts.get(node)?.cores ?? 1)
  return limit > 0 ? Math.min(limit, cores) : cores
}

/** What a container uses: a part of its processors, bytes, and bytes since it was started. */
interface ContainerLoad {
  readonly cpu: number
  readonly mem: number
  readonly disk: number
  readonly netin: number
  readonly netout: number
  readonly diskread: number
  readonly diskwrite: number
}

/** What a container uses, made up of for how long it has been on, in seconds. */
export function containerLoad(container: Container, uptime: number): ContainerLoad {
  const maxmem = containerMemory(container.config)
  return {
    cpu: 0.004,
    mem: Math.min(maxmem, Math.floor(24 * MIB + maxmem / 16)),
    disk: Math.min(rootSize(container.config), 480 * MIB),
    netin: uptime * 120,
    netout: uptime * 40,
    diskread: Math.min(uptime, 10) * 4 * MIB,
    diskwrite: uptime * 4096,
  }
}

const OFF = { cpu: 0, mem: 0, disk: 0, netin: 0, netout: 0, diskread: 0, diskwrite: 0 }

/** What every list entry and status has. */
export function containerSummary(world: ProxmoxWorld, container: Container): Record<string, unknown> {
  const { vmid, config, running } = container
  const uptime = running ? Math.floor((world.clock.now() - container.startedAt) / 1000) : 0
  return {
    vmid,
    name: config['hostname'] ?? `CT${vmid}`,
    type: 'lxc',
    status: running ? 'running' : 'stopped',
    cpus: containerCpus(world, container),
    maxmem: containerMemory(config),
    maxswap: containerSwap(config),
    maxdisk: rootSize(config),
    swap: 0,
    uptime,
    ...(running ? { ...containerLoad(container, uptime), pid: container.pid } : OFF),
    ...(isContainerTemplate(container) && { template: 1 }),
    ...(config['tags'] !== undefined && { tags: config['tags'] }),
    ...(config['lock'] !== undefined && { lock: config['lock'] }),
  }
}

/** Network interfaces of a running container, with the addresses that its configuration gives them. */
function interfaces(call: Call): unknown {
  const { config, running } = containerOf(call)
  if (!running) return []
  const describe = (name: string, hwaddr: string, addresses: readonly string[]): Record<string, unknown> => {
    const inet = addresses.find((address) => !address.includes(':'))
    const inet6 = addresses.find((address) => address.includes(':'))
    return {
      name,
      hwaddr,
      'hardware-address': hwaddr,
      ...(inet !== undefined && { inet }),
      ...(inet6 !== undefined && { inet6 }),
      'ip-addresses': addresses.map((address) => {
        const [ip, prefix] = address.split('/')
        return {
          'ip-address': ip,
          'ip-address-type': address.includes(':') ? 'inet6' : 'inet',
          prefix: Number(prefix),
        }
      }),
    }
  }
  const cards = Object.entries(config)
    .filter(([key]) => /^net\d+$/.test(key))
    .map(([, text]) => {
      const fields = new URLSearchParams(text.replaceAll(',', '&'))
      const given = [fields.get('ip'), fields.get('ip6')].filter((each) => each?.includes('/') === true)
      return describe(fields.get('name') ?? '', (fields.get('hwaddr') ?? '').toLowerCase(), given as string[])
    })
  return [describe('lo', '00:00:00:00:00:00', ['127.0.0.1/8', '::1/128']), ...cards]
}

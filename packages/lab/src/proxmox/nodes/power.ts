import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { startContainerLater } from '../lxc/power.ts'
import { startLater } from '../qemu/power/start.ts'
import { killTask } from '../tasks.ts'
import { stopVm, type Host, type ProxmoxWorld } from '../world.ts'

/** Milliseconds until a host that is told so is off, and until it is back after a reboot. */
const GOING_DOWN = 5000
const BOOTING = 90_000

/** Turning hosts off, or off and on again. What runs on them stops; with the host, guests with `onboot` come back. */
export const powerHandlers: Handlers = {
  'POST /nodes/{node}/status': (call: Call) => {
    const { world } = call
    const host = world.hosts.get(call.text('node'))
    if (host === undefined) return null
    const comesBack = call.text('command') === 'reboot'
    world.clock.setTimeout(() => {
      turnOff(world, host)
      if (comesBack) world.clock.setTimeout(() => turnOn(world, host), BOOTING)
    }, GOING_DOWN)
    return null
  },
  'POST /nodes/{node}/wakeonlan': (call) => {
    const { world } = call
    const node = call.text('node')
    if (node === call.contact) die(`'${node}' is local node, cannot wake my self!`)
    const mac = /(?:^|[=,])((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})(?:,|$)/.exec(
      world.cluster.hostConfigs.get(node)?.['wakeonlan'] ?? '',
    )?.[1]
    if (mac === undefined) return die(`No wake on LAN MAC address defined for '${node}'!`)
    const host = world.hosts.get(node)
    if (host !== undefined && !host.online)
      world.clock.setTimeout(() => {
        if (!host.online) turnOn(world, host)
      }, BOOTING)
    return mac
  },
}

/** Takes the power of a host and of all that runs on it. */
export function turnOff(world: ProxmoxWorld, host: Host): void {
  host.online = false
  for (const task of world.tasks.values()) if (task.node === host.name) killTask(world, task)
  for (const vm of world.vms.values()) if (vm.node === host.name) stopVm(world, vm)
  for (const container of world.cluster.containers.values())
    if (container.node === host.name && container.running) {
      container.running = false
      world.events.emit('containerStopped', container)
    }
}

/** Boots a host; guests with `onboot` come back. */
export function turnOn(world: ProxmoxWorld, host: Host): void {
  host.online = true
  host.bootedAt = world.clock.now()
  for (const vm of world.vms.values())
    if (vm.node === host.name && vm.config['onboot'] === '1')
      startLater(world, host.name, vm.vmid, 'root@pam')
  for (const { vmid, node, config } of world.cluster.containers.values())
    if (node === host.name && config['onboot'] === '1') startContainerLater(world, node, vmid, 'root@pam')
}

import type { ProxmoxWorld } from '../proxmox/world.ts'

const GiB = 1024 ** 3
const MB = 1_000_000
/** How long hosts have been up when a lab starts, ms. */
const UP = 12 * 86_400_000

/** Adds hosts `pve1`, `pve2`, …, each of 16 cores and 64 GiB, and the storages of a usual installation. */
export function addHosts(world: ProxmoxWorld, count: number): void {
  for (let id = 1; id <= count; id++) {
    const name = `pve${id}`
    world.hosts.set(name, {
      name,
      id,
      address: `10.98.1.${10 + id}`,
      online: true,
      cores: 16,
      memory: 64 * GiB,
      bootedAt: world.clock.now() - UP,
    })
  }
  world.storages.set('local', {
    name: 'local',
    type: 'dir',
    content: ['iso', 'vztmpl', 'snippets', 'import', 'backup'],
    shared: false,
    capacity: 94 * GiB,
    speed: 400 * MB,
    path: '/var/lib/vz',
  })
  world.storages.set('local-lvm', {
    name: 'local-lvm',
    type: 'lvmthin',
    content: ['images', 'rootdir'],
    shared: false,
    capacity: 794 * GiB,
    speed: 800 * MB,
  })
  world.storages.set('shared', {
    name: 'shared',
    type: 'nfs',
    content: ['images', 'iso', 'backup'],
    shared: true,
    capacity: 4096 * GiB,
    speed: 220 * MB,
    path: '/mnt/pve/shared',
  })
}

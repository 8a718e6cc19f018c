import type { ProxmoxWorld } from '../proxmox/world.ts'
import { addLeastToken } from './access.ts'
import type { TokenPair } from './access.ts'
import { addVm } from './vms.ts'

/**
 * What the templates carry, as their tags say it, and the first VMID of each. Those with kubeadm are for other people's seeds; `stock` is a
 * cloud image of Debian as it comes, for classes that install packages.
 */
const TEMPLATES = [
  { carries: 'kubelet-v1.30.4', firstVmid: 9000 },
  { carries: 'kubelet-v1.33.4', firstVmid: 9100 },
  { carries: 'kubeadm-v1.30.4', firstVmid: 9200 },
  { carries: 'stock', firstVmid: 9300 },
] as const

/**
 * The world `default`: on each host a template for each kubelet version and one with kubeadm, found by their tags; some VMs of other people, one of them with a VMID out of the
 * range that we usually take; and a token with the least rights.
 */
export function fillDefaultWorld(world: ProxmoxWorld): TokenPair {
  const hosts = [...world.hosts.keys()]
  const templates: number[] = []
  for (const { carries, firstVmid } of TEMPLATES)
    for (const [index, node] of hosts.entries()) {
      const vmid = firstVmid + index
      templates.push(vmid)
      addVm(world, {
        vmid,
        node,
        name: `debian-12-${carries.replaceAll('.', '-')}`,
        disks: [8],
        cores: 2,
        memory: 2048,
        isTemplate: true,
        config: {
          description:
            carries === 'stock' ? 'Debian 12 as it comes' : `Debian 12 with containerd and ${carries}`,
          serial0: 'socket',
          tags: `debian-12;${carries}`,
          vga: 'serial0',
        },
      })
    }
  addVmsOfOthers(world, hosts)
  addImage(world, hosts)
  return addLeastToken(world, {
    pools: ['fochista-default'],
    // Its pool is named after an installation, which a new lab does not know yet.
    fence: undefined,
    templates,
    disks: ['local-lvm', 'shared'],
    images: ['local'],
    networks: world.bridges.map((bridge) => ({ bridge })),
  })
}

function addVmsOfOthers(world: ProxmoxWorld, hosts: readonly string[]): void {
  const on = (index: number): string => hosts[index % hosts.length] ?? ''
  world.pools.set('office', { comment: 'The office', vms: new Set([100, 101]), storages: new Set() })
  addVm(world, {
    vmid: 100,
    node: on(0),
    name: 'intranet',
    disks: [32],
    cores: 2,
    memory: 4096,
    isRunning: true,
    config: { onboot: '1', tags: 'office' },
  })
  addVm(world, {
    vmid: 101,
    node: on(1),
    name: 'database',
    disks: [32, 200],
    storage: 'shared',
    cores: 4,
    memory: 16_384,
    isRunning: true,
    config: { description: 'Ask Ada before touching this.', onboot: '1', protection: '1' },
  })
  addVm(world, { vmid: 102, node: on(2), name: 'old-intranet', disks: [20], cores: 1, memory: 2048 })
  addVm(world, {
    vmid: 10_002,
    node: on(1),
    name: 'experiment',
    disks: [10],
    cores: 1,
    memory: 1024,
    config: { description: 'Made by hand, with a number that seemed free.' },
  })
}

function addImage(world: ProxmoxWorld, hosts: readonly string[]): void {
  const volid = 'local:iso/debian-12.11.0-amd64-netinst.iso'
  for (const node of hosts)
    world.volumes.set(`${node}/${volid}`, {
      volid,
      storage: 'local',
      node,
      size: 702_545_920,
      format: 'iso',
      content: 'iso',
      ctime: Math.floor(world.clock.now() / 1000) - 90 * 86_400,
    })
}

import type { ProxmoxWorld, Vm } from '../proxmox/world.ts'
import { Disk } from './disk.ts'
import { Guest } from './guest.ts'
import { DhcpServer } from './network.ts'

/** The guests of a lab, to look at. */
export interface Guests {
  /** Disk of a VM's guest: files, users, commands that ran. Undefined before its first start. */
  disk(vmid: number): Disk | undefined
  /** The guest that runs in a VM now. */
  running(vmid: number): Guest | undefined
  /** Turns all off. */
  close(): Promise<void>
}

/** Gives every VM that starts a guest. */
export function createGuests(world: ProxmoxWorld): Guests {
  const disks = new Map<number, Disk>()
  const guests = new Map<number, Guest>()
  const dhcp = new DhcpServer()
  const start = (vm: Vm): void => {
    let disk = disks.get(vm.vmid)
    if (disk === undefined) {
      disk = new Disk(kubeletVersionOf(world, vm))
      disks.set(vm.vmid, disk)
    }
    const guest = new Guest(world, vm, disk, dhcp)
    guests.set(vm.vmid, guest)
    void guest.boot()
  }
  const stop = async (vm: Vm): Promise<void> => {
    const guest = guests.get(vm.vmid)
    guests.delete(vm.vmid)
    await guest?.cut()
  }
  const listeners = {
    started: (vm: Vm) => {
      void stop(vm).then(() => start(vm))
    },
    stopped: (vm: Vm) => void stop(vm),
    reset: (vm: Vm) => {
      void stop(vm).then(() => start(vm))
    },
    destroyed: (vm: Vm) => {
      void stop(vm)
      disks.delete(vm.vmid)
    },
  }
  for (const event of ['started', 'stopped', 'reset', 'destroyed'] as const)
    world.events.on(event, listeners[event])
  for (const vm of world.vms.values()) if (vm.running) start(vm)
  return {
    disk: (vmid) => disks.get(vmid),
    running: (vmid) => guests.get(vmid),
    async close() {
      for (const event of ['started', 'stopped', 'reset', 'destroyed'] as const)
        world.events.off(event, listeners[event])
      await Promise.all([...guests.values()].map((guest) => guest.cut()))
      guests.clear()
    },
  }
}

/** Version in the tag `kubelet-v1.30.4`. */
export function kubeletTag(tags: string | undefined): string | undefined {
  const version = (tags ?? '')
    .split(/[;, ]+/)
    .map((tag) => /^kubelet-v?(\d+\.\d+\.\d+)$/.exec(tag)?.[1])
    .find((each) => each !== undefined)
  return version === undefined ? undefined : `v${version}`
}

/** What kubelet a VM's disk holds: its own tag says it, else that of the template it was cloned from. */
function kubeletVersionOf(world: ProxmoxWorld, vm: Vm): string | undefined {
  const own = kubeletTag(vm.config['tags'])
  if (own !== undefined) return own
  const clone = [...world.tasks.values()].findLast(
    (task) =>
      task.type === 'qmclone' &&
      task.log.some((line) => line.endsWith(`with ID ${vm.vmid}`) || line.includes(`with ID ${vm.vmid} `)),
  )
  const source = clone === undefined ? undefined : world.vms.get(Number(clone.id))
  return kubeletTag(source?.config['tags'])
}

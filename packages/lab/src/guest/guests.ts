import type { Task } from '../proxmox/tasks.ts'
import type { ProxmoxWorld, Vm } from '../proxmox/world.ts'
import { Disk } from './disk.ts'
import { Guest } from './guest.ts'
import { cardsOf, DhcpServer } from './network.ts'

/** The guests of a lab, to look at. */
export interface Guests {
  /** Disk of a VM's guest: files, users, commands that ran. Undefined before its first start. */
  disk(vmid: number): Disk | undefined
  /** The guest that runs in a VM now. */
  running(vmid: number): Guest | undefined
  /** Turns all off. */
  close(): Promise<void>
}

/** Keeps disks beyond the process. */
export interface DiskKeeper {
  /** Addresses of cards, as the DHCP server lent them. */
  readonly leases: Map<string, string>
  /** The disk that a VM had in an earlier run. */
  find(vmid: number): Disk | undefined
  /** Keeps a disk from now on. Returns it. */
  made(vmid: number, disk: Disk): Disk
  /** The disk is destroyed. */
  dropped(vmid: number): void
}

/**
 * Gives every VM that starts a guest.
 * @param keeper keeps their disks. Default: they end with the process.
 */
export function createGuests(world: ProxmoxWorld, keeper?: DiskKeeper): Guests {
  const disks = new Map<number, Disk>()
  const guests = new Map<number, Guest>()
  /** What disks held when their VMs were backed up, by archive, or at a snapshot, by number and name; those of an earlier run are lost. */
  const backups = new Map<string, Disk>()
  const snapshots = new Map<string, Disk>()
  const dhcp = new DhcpServer(keeper?.leases)
  /** Cards with which each VM has run: they may be changed, and are gone when it is destroyed. */
  const cards = new Map<number, Set<string>>()
  /** Counts what happened to each VM's power: a start that another event overtook does not happen. */
  const turns = new Map<number, number>()
  const turn = (vm: Vm): number => {
    const next = (turns.get(vm.vmid) ?? 0) + 1
    turns.set(vm.vmid, next)
    return next
  }
  const put = (vmid: number, disk: Disk): Disk => {
    disks.set(vmid, disk)
    return keeper?.made(vmid, disk) ?? disk
  }
  const diskOf = (vmid: number): Disk | undefined => {
    const known = disks.get(vmid) ?? keeper?.find(vmid)
    if (known !== undefined) disks.set(vmid, known)
    return known
  }
  const start = (vm: Vm): void => {
    const disk = diskOf(vm.vmid) ?? put(vm.vmid, freshDisk(vm))
    cards.set(vm.vmid, new Set([...(cards.get(vm.vmid) ?? []), ...cardsOf(vm).map(({ mac }) => mac)]))
    const guest = new Guest(world, vm, disk, dhcp)
    guests.set(vm.vmid, guest)
    void guest.boot()
  }
  const stop = async (vm: Vm): Promise<void> => {
    const guest = guests.get(vm.vmid)
    guests.delete(vm.vmid)
    await guest?.cut()
  }
  const restart = (vm: Vm): void => {
    const mine = turn(vm)
    void stop(vm).then(() => {
      if (turns.get(vm.vmid) === mine) start(vm)
    })
  }
  /** A clone has what its source's disk holds at the end of the copy, whatever its tags say later. */
  const cloned = (task: Task): void => {
    const { source, target } = cloneOf(task) ?? {}
    const vm = source === undefined ? undefined : world.vms.get(source)
    if (vm === undefined || target === undefined || !world.vms.has(target)) return
    put(target, diskOf(vm.vmid)?.copy() ?? freshDisk(vm))
  }
  const snapshotOf = (vm: Vm, name: string): string => `${vm.vmid}/${name}`
  const listeners = {
    snapshotTaken: (vm: Vm, name: string) => {
      const disk = diskOf(vm.vmid)
      if (disk !== undefined) snapshots.set(snapshotOf(vm, name), disk.copy())
    },
    rolledBack: (vm: Vm, name: string) => {
      const disk = snapshots.get(snapshotOf(vm, name))
      if (disk !== undefined) put(vm.vmid, disk.copy())
    },
    snapshotDropped: (vm: Vm, name: string) => {
      snapshots.delete(snapshotOf(vm, name))
    },
    backedUp: (vm: Vm, archive: string) => {
      backups.set(archive, (diskOf(vm.vmid) ?? freshDisk(vm)).copy())
    },
    restored: (vm: Vm, archive: string) => {
      put(vm.vmid, backups.get(archive)?.copy() ?? freshDisk(vm))
    },
    taskEnded: cloned,
    started: restart,
    stopped: (vm: Vm) => {
      turn(vm)
      void stop(vm)
    },
    reset: restart,
    destroyed: (vm: Vm) => {
      turn(vm)
      void stop(vm)
      disks.delete(vm.vmid)
      for (const mac of cards.get(vm.vmid) ?? []) dhcp.release(mac)
      cards.delete(vm.vmid)
      for (const key of snapshots.keys()) if (key.startsWith(snapshotOf(vm, ''))) snapshots.delete(key)
      keeper?.dropped(vm.vmid)
    },
  }
  world.events.on('started', listeners.started)
  world.events.on('stopped', listeners.stopped)
  world.events.on('reset', listeners.reset)
  world.events.on('destroyed', listeners.destroyed)
  world.events.on('taskEnded', listeners.taskEnded)
  world.events.on('backedUp', listeners.backedUp)
  world.events.on('restored', listeners.restored)
  world.events.on('snapshotTaken', listeners.snapshotTaken)
  world.events.on('rolledBack', listeners.rolledBack)
  world.events.on('snapshotDropped', listeners.snapshotDropped)
  for (const vm of world.vms.values()) if (vm.running) start(vm)
  return {
    disk: diskOf,
    running: (vmid) => guests.get(vmid),
    async close() {
      world.events.off('started', listeners.started)
      world.events.off('stopped', listeners.stopped)
      world.events.off('reset', listeners.reset)
      world.events.off('destroyed', listeners.destroyed)
      world.events.off('taskEnded', listeners.taskEnded)
      world.events.off('backedUp', listeners.backedUp)
      world.events.off('restored', listeners.restored)
      world.events.off('snapshotTaken', listeners.snapshotTaken)
      world.events.off('rolledBack', listeners.rolledBack)
      world.events.off('snapshotDropped', listeners.snapshotDropped)
      await Promise.all([...guests.values()].map((guest) => guest.cut()))
      guests.clear()
    },
  }
}

/** What a disk holds beside the system. */
interface Contents {
  readonly kubelet: string | undefined
  readonly kubeadm: boolean
}

/** What tags say of a disk: `kubelet-v1.30.4`, or `kubeadm-v1.30.4` for one with both. */
function contentsOf(tags: string | undefined): Contents | undefined {
  for (const tag of (tags ?? '').split(/[;, ]+/)) {
    const match = /^(kubelet|kubeadm)-v?(\d+\.\d+\.\d+)$/.exec(tag)
    if (match !== null) return { kubelet: `v${match[2] ?? ''}`, kubeadm: match[1] === 'kubeadm' }
  }
  return undefined
}

/** The disk of a VM that nothing has run on yet. With the tag `stock` it is a cloud image as it comes. */
function freshDisk(vm: Vm): Disk {
  const { tags } = vm.config
  const { kubelet, kubeadm = false } = contentsOf(tags) ?? {}
  const disk = new Disk(kubelet, kubeadm)
  if (/(^|[;, ])stock($|[;, ])/.test(tags ?? '')) disk.removeAgent()
  return disk
}

/** Source and target of a clone that has succeeded. */
function cloneOf(task: Task): { source: number; target: number } | undefined {
  if (task.type !== 'qmclone' || !/^(OK|WARNINGS)/.test(task.exitstatus ?? '')) return undefined
  for (const line of task.log) {
    const match = /^creating a clone of VM (\d+) with ID (\d+)/.exec(line)
    if (match !== null) return { source: Number(match[1]), target: Number(match[2]) }
  }
  return undefined
}

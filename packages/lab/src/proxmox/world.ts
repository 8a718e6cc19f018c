import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import type { LabClock } from '../clock.ts'
import { BUILT_IN_ROLES } from './access/privileges.ts'
import { createClusterState, type ClusterState, type Container } from './cluster/state.ts'
import { createLocks, type Locks } from './locks.ts'
import type { Identity } from './permissions.ts'
import type { Task, TaskFacts, Work } from './tasks.ts'

/** A host of the cluster. */
export interface Host {
  readonly name: string
  readonly id: number
  readonly address: string
  online: boolean
  readonly cores: number
  /** Bytes. */
  readonly memory: number
  /** Milliseconds since 1970. */
  bootedAt: number
  /** False while its statistics were never broadcast: its status is then unknown. */
  published?: boolean
  /** Bytes of its root file system. */
  readonly rootSize?: number
  readonly cgroupMode?: number
}

/** A storage, as its configuration says. */
export interface Storage {
  readonly name: string
  readonly type: 'dir' | 'nfs' | 'lvm' | 'lvmthin' | 'zfspool' | 'rbd'
  content: string[]
  readonly shared: boolean
  /** Hosts that have it; undefined for all. */
  readonly nodes?: string[]
  /** Bytes: of each host where it is local, else of the whole. */
  readonly capacity: number
  /** Bytes a second that a copy gets. */
  readonly speed: number
  readonly path?: string
  disabled?: boolean
  /** Further options of its configuration, as text. */
  readonly options?: Readonly<Record<string, string>>
  /** Why it cannot be used on any host. */
  readonly fault?: string
  /** Bytes that others use of the same file system. */
  usedByOthers?: number
}

/** A volume of a storage. */
export interface Volume {
  readonly volid: string
  readonly storage: string
  /** Host of a local storage; empty for a shared one. */
  readonly node: string
  size: number
  readonly format: string
  readonly content: string
  readonly vmid?: number
  readonly parent?: string
  /** Notes of a backup, and whether pruning leaves it. */
  notes?: string
  protected?: boolean
  /** Bytes of an uploaded image. */
  readonly data?: Uint8Array
  /** Seconds since 1970. */
  readonly ctime: number
}

/** What a guest answers through its agent. */
export interface GuestAgent {
  /** Answers one agent command; what it throws is the agent's error text. */
  call(command: string, params: Record<string, unknown>): Promise<unknown>
}

/** A terminal of a guest: its screen with the keyboard, or a serial port. */
export interface GuestTerminal {
  /** The latest of what it has shown since the power came or the machine was reset. */
  readonly shown: string
  /** Tells what it shows from now on. Returns what ends that. */
  watch(tell: (text: string) => void): () => void
  /** Somebody types: text as a terminal sends it, with an xterm's escape sequences for keys without a letter. */
  type(text: string): void
  /** Somebody presses Ctrl, Alt and Delete together. */
  attention(): void
}

/** The process that runs a VM. */
export interface VmProcess {
  readonly pid: number
  pause(): Promise<void>
  resume(): Promise<void>
  /** What a command of QEMU's monitor prints. */
  monitor(command: string): Promise<string>
  /** Connects to its screen: RFB from the client's first message on, with nothing asked before. */
  openScreen(): Promise<Duplex>
  /** Connects to a serial port by its key. Only one connection at a time is heard. */
  openSerial(key: string): Promise<Duplex>
}

/** Processes that run VMs, where VMs are real machines beside the lab's guests. What they throw has QEMU's own text. */
export interface Machines {
  /** The process of a VM that is on. */
  of(vmid: number): VmProcess | undefined
  /**
   * Starts a VM; resolves when it runs.
   * @param snapshot whose memory and disks it starts with.
   * @param log told what QEMU says.
   */
  start(vm: Vm, log: (line: string) => void, snapshot?: string): Promise<VmProcess>
  /** Keeps the disks of a VM as they are, and the memory of one that is on if that is asked for. */
  takeSnapshot(vm: Vm, name: string, withMemory: boolean): Promise<void>
  /** Puts the disks of a VM that is off back. */
  restoreDisks(vm: Vm, name: string): Promise<void>
  dropSnapshot(vm: Vm, name: string): Promise<void>
}

/** What hosts broadcast of a guest. */
export interface GuestStatistics {
  /** State of QEMU, or `stopped`. */
  readonly status: string
  readonly name: string
  readonly template: boolean
  /** Bytes. */
  readonly maxmem: number
  readonly maxcpu: number
  /** Bytes. */
  readonly maxdisk: number
  /** Bytes. */
  readonly mem: number
  /** Part of its CPUs, 0 to 1. */
  readonly cpu: number
  /** Seconds. */
  readonly uptime: number
  /** Bytes since the guest started. */
  readonly netin: number
  readonly netout: number
}

/** A VM: its configuration as the file holds it, and what runs. */
export interface Vm {
  readonly vmid: number
  node: string
  config: Record<string, string>
  /** Values that wait for the next cold start; undefined is a pending delete. */
  pending: Map<string, string | undefined>
  running: boolean
  /** Milliseconds since 1970. */
  startedAt: number
  pid: number
  /** What the last broadcast said, some ten seconds behind. */
  published: GuestStatistics | undefined
  agent: GuestAgent | undefined
  /** What the guest's system has said on its console since it was started. */
  console: string
  /** Screen and keyboard, and the serial port, of the guest that runs; absent without one. */
  screen?: GuestTerminal | undefined
  serial?: GuestTerminal | undefined
  /** Asks the guest to shut down; without one a shutdown times out. */
  onShutdownRequest: (() => void) | undefined
  /** Snapshots by name, as the sections of the configuration file hold them; absent is none. */
  snapshots?: Map<string, Record<string, string>>
  /** Keys of `pending` whose volume a pending delete destroys. */
  pendingForce?: Set<string>
  /** Stopped by `suspend`, its process alive. */
  paused?: boolean
  /** Put to sleep by its guest (S3): it hears nothing until it is woken. */
  asleep?: boolean
}

/** A user. */
export interface User {
  enable: boolean
  groups: Set<string>
  password?: string
  comment?: string
  email?: string
  firstname?: string
  lastname?: string
  keys?: string
  /** Seconds since 1970; 0 or absent is never. */
  expire?: number
}

/** A user, group, token, role and ACL store. */
export interface Access {
  readonly users: Map<string, User>
  readonly tokens: Map<string, { secret: string; privsep: boolean; expire: number; comment?: string }>
  readonly roles: Map<string, { privs: Set<string>; special: boolean }>
  readonly groups: Map<string, { comment?: string }>
  acl: { path: string; type: 'user' | 'group' | 'token'; ugid: string; roleid: string; propagate: boolean }[]
}

/** Things that happen to VMs, which the guests hear, and to tasks, which the cluster's log hears. */
export interface WorldEvents {
  started: [vm: Vm]
  stopped: [vm: Vm]
  reset: [vm: Vm]
  /** Its screen and serial port are there, or are others than before. */
  plugged: [vm: Vm]
  destroyed: [vm: Vm]
  /** A container's processes are gone. */
  containerStopped: [container: Container]
  /** An archive of it was written, or it was made of one. */
  backedUp: [vm: Vm, archive: string]
  restored: [vm: Vm, archive: string]
  /** Its disks were kept under a name, put back to what that holds, or the name is gone. */
  snapshotTaken: [vm: Vm, name: string]
  rolledBack: [vm: Vm, name: string]
  snapshotDropped: [vm: Vm, name: string]
  taskStarted: [task: Task]
  taskEnded: [task: Task]
}

/** What faults change in a world. Absent: nothing. */
export interface WorldFaults {
  /** A task's work as it is to go. */
  runTask?: (facts: TaskFacts, work: Work) => Work
  /** Privileges that somebody lacks on a path, whatever the roles say. */
  lacks?: (identity: Identity, path: string) => ReadonlySet<string>
  /** Whether the kubelet of a VM's guest stands still. */
  holdsKubelet?: (vm: Vm) => boolean
}

/** Everything an emulated Proxmox VE cluster is. */
export interface ProxmoxWorld {
  readonly clock: LabClock
  readonly clusterName: string
  readonly hosts: Map<string, Host>
  readonly storages: Map<string, Storage>
  /** By `volumeKey`. */
  readonly volumes: Map<string, Volume>
  readonly vms: Map<number, Vm>
  readonly pools: Map<string, { comment?: string; vms: Set<number>; storages: Set<string> }>
  readonly access: Access
  readonly cluster: ClusterState
  readonly tasks: Map<string, Task>
  readonly locks: Locks
  readonly events: EventEmitter<WorldEvents>
  readonly faults: WorldFaults
  /** What runs VMs as processes. Absent: the lab's guests are all there is of them. */
  machines?: Machines
  /** Bridges of every host. */
  readonly bridges: string[]
  /** Key that signs tickets. */
  readonly ticketKey: string
  nextPid(): number
  /** Bytes of the image in each CD drive of a VM, in the order of the drives. */
  readCdroms(vm: Vm): Uint8Array[]
  /** The guest turned itself off. */
  guestStopped(vm: Vm): void
}

/** Makes a world that has root@pam, the built-in roles and realms, and nothing else; a seed fills it. */
export function createProxmoxWorld(
  clock: LabClock,
  clusterName = 'lab',
  ticketKey = randomBytes(32).toString('hex'),
): ProxmoxWorld {
  let pid = 1000
  const world: ProxmoxWorld = {
    clock,
    clusterName,
    hosts: new Map(),
    storages: new Map(),
    volumes: new Map(),
    vms: new Map(),
    pools: new Map(),
    access: {
      users: new Map([['root@pam', { enable: true, groups: new Set() }]]),
      tokens: new Map(),
      roles: new Map(
        Object.entries(BUILT_IN_ROLES).map(([role, privs]) => [
          role,
          { privs: new Set(privs), special: true },
        ]),
      ),
      groups: new Map(),
      acl: [],
    },
    cluster: createClusterState(),
    tasks: new Map(),
    locks: createLocks(clock),
    events: new EventEmitter(),
    faults: {},
    bridges: ['vmbr0', 'vmbr1'],
    ticketKey,
    nextPid: () => (pid += 7),
    readCdroms: (vm) =>
      Object.keys(vm.config)
        .filter((key) => /^(ide|sata|scsi)\d+$/.test(key) && /(^|,)media=cdrom/.test(vm.config[key] ?? ''))
        .sort()
        .flatMap((key) => findVolume(world, vm.node, (vm.config[key] ?? '').split(',')[0] ?? '')?.data ?? []),
    guestStopped: (vm) => stopVm(world, vm),
  }
  world.events.setMaxListeners(0)
  return world
}

/** Where a volume is kept: volumes of local storages are another on each host. */
export function volumeKey(world: ProxmoxWorld, node: string, volid: string): string {
  const storage = world.storages.get(volid.split(':')[0] ?? '')
  return `${storage?.shared ? '' : node}/${volid}`
}

/** A volume as a host sees it. */
export function findVolume(world: ProxmoxWorld, node: string, volid: string): Volume | undefined {
  return world.volumes.get(volumeKey(world, node, volid))
}

/** Volumes of a storage as a host sees it. */
export function volumesOf(world: ProxmoxWorld, node: string, storage: Storage): Volume[] {
  const place = storage.shared ? '' : node
  return [...world.volumes.values()].filter(
    (volume) => volume.storage === storage.name && volume.node === place,
  )
}

/** Bytes in use of a storage on a host. Thin volumes count a tenth: what a fresh disk holds. */
export function usedBytes(world: ProxmoxWorld, node: string, storage: Storage): number {
  return volumesOf(world, node, storage).reduce(
    (sum, volume) =>
      sum +
      (volume.content === 'images'
        ? Math.ceil(volume.size / (storage.type === 'lvmthin' ? 4 : 1))
        : volume.size),
    0,
  )
}

/** Ends a VM's process, whoever asked. Pending values become real: the next start is a cold one. */
export function stopVm(world: ProxmoxWorld, vm: Vm): void {
  if (!vm.running) return
  vm.running = false
  vm.agent = undefined
  vm.onShutdownRequest = undefined
  vm.asleep = false
  vm.screen = undefined
  vm.serial = undefined
  world.events.emit('stopped', vm)
}

/** SHA-1 over the configuration, as Proxmox's digest of the file. */
export function digestOf(vm: Vm): string {
  const text = Object.entries(vm.config)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('')
  const sections = [...(vm.snapshots ?? [])]
    .map(([name, values]) => `[${name}]\n${JSON.stringify(values)}\n`)
    .join('')
  return createHash('sha1')
    .update(text + [...vm.pending].map(String).join('\n') + [...(vm.pendingForce ?? [])].join() + sections)
    .digest('hex')
}

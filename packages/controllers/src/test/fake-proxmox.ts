import { randomUUID } from 'node:crypto'
import {
  printUpid,
  ProxmoxApiError,
  ProxmoxConnectionError,
  type ClusterResource,
  type ObservedChange,
  type Observer,
  type TaskStatus,
} from '@fochista/proxmox'
import type { Hypervisor, StorageConfig, VmConfig, VmRef } from '../proxmox-cluster/hypervisor.ts'
import type { Clock } from '../runtime/clock.ts'
import { aHost, aStorage, GIB } from './factories.ts'

/** A VM of the fake. */
export interface FakeVm {
  vmid: number
  node: string
  status: 'running' | 'stopped'
  template?: boolean
  config: Record<string, string | number>
  /** What waits for its next cold start; undefined for a key that is to go. */
  pending?: Map<string, string | number | undefined>
  /** How often it was started. */
  boots?: number
}

/** A task of the fake: what it does happens when it ends well. */
export interface FakeTask {
  readonly upid: string
  readonly type: string
  readonly node: string
  readonly id: string
  /** Its log so far. */
  head: string
  /** `running`, `succeeded`, or the exit status of one that failed. */
  state: string
  readonly effect: () => void
}

/** As much of a Proxmox cluster as the controllers ask for. */
export interface FakeProxmox {
  readonly hypervisor: Hypervisor
  readonly observer: Observer
  readonly vms: Map<number, FakeVm>
  readonly tasks: FakeTask[]
  /** Volume ids of images. */
  readonly images: Set<string>
  /** What was written, in words: `clone 412`, `configure 412`, … */
  readonly writes: string[]
  readonly storages: StorageConfig[]
  /** Hosts that do not answer. */
  readonly silent: Set<string>
  /** Whether tasks end at once, or when a test says so. */
  slow: boolean
  /** VMs whose configuration may not be read. */
  readonly secret: Set<number>
  /** Thrown by the next write that begins with the word. */
  refuse: { write: string; error: unknown } | undefined
  has(vm: Partial<FakeVm> & { vmid: number }): FakeVm
  /** Ends the tasks that run: well, or with an exit status. */
  end(exitStatus?: string): void
  /** Ends one task well. */
  finish(task: FakeTask): void
  config(vmid: number): Record<string, string | number>
}

/** Makes one with the hosts pve1 and pve2, and template 9000 on pve1. */
export function createFakeProxmox(clock: Clock): FakeProxmox {
  const vms = new Map<number, FakeVm>()
  const tasks: FakeTask[] = []
  const images = new Set<string>()
  const writes: string[] = []
  const silent = new Set<string>()
  const secret = new Set<number>()
  const listeners = new Set<(change: ObservedChange) => void>()
  const storages: StorageConfig[] = [
    { name: 'local-lvm', type: 'lvmthin', content: ['images'], isShared: false },
    { name: 'local', type: 'dir', content: ['iso'], isShared: false },
  ]
  let pid = 1000

  const call = { method: 'GET', path: '/' }
  const reach = async (node: string): Promise<void> => {
    await Promise.resolve()
    if (silent.has(node)) throw new ProxmoxConnectionError(call, new Error('No route to host'), false)
  }
  const find = async ({ node, vmid }: VmRef): Promise<FakeVm | undefined> => {
    await reach(node)
    if (secret.has(vmid))
      throw new ProxmoxApiError(call, 403, `Permission check failed (/vms/${vmid}, VM.Audit)`)
    const vm = vms.get(vmid)
    return vm?.node === node ? vm : undefined
  }
  const need = async (ref: VmRef): Promise<FakeVm> => {
    const vm = await find(ref)
    if (vm) return vm
    const path = `nodes/${ref.node}/qemu-server/${ref.vmid}.conf`
    throw new ProxmoxApiError(call, 500, `Configuration file '${path}' does not exist`)
  }
  const write = (words: string): void => {
    writes.push(words)
    const { refuse } = fake
    if (refuse && words.startsWith(refuse.write)) {
      fake.refuse = undefined
      throw refuse.error as Error
    }
  }
  const begin = (type: string, node: string, id: string, effect: () => void, head = ''): string => {
    pid += 1
    const starttime = Math.floor(clock.now() / 1000)
    const upid = printUpid({ node, pid, pstart: 1, starttime, type, id, user: 'fochista@pve!t' })
    const task: FakeTask = { upid, type, node, id, head, state: 'running', effect }
    tasks.push(task)
    if (!fake.slow) finish(task, 'succeeded')
    return upid
  }
  /** Most are asked for soon after they began. */
  const taskOf = (upid: string): FakeTask | undefined => tasks.findLast((one) => one.upid === upid)
  const finish = (task: FakeTask, state: string): void => {
    task.state = state
    if (state === 'succeeded') task.effect()
  }

  const copied = (source: FakeVm, vmid: number): Record<string, string | number> =>
    Object.fromEntries(
      Object.entries(source.config).map(([key, value]) => [
        key,
        typeof value === 'string'
          ? value
              .replace(/base-\d+-disk/, `vm-${vmid}-disk`)
              .replace(/vm-\d+-cloudinit/, `vm-${vmid}-cloudinit`)
          : value,
      ]),
    )

  /** Of a running VM these wait for a cold start, unless its `hotplug` names them. */
  const isCold = ({ status, config }: FakeVm, key: string): boolean => {
    const plug = String(config['hotplug'] ?? '').split(',')
    if (status !== 'running') return false
    if (key === 'memory') return !plug.includes('memory')
    if (key === 'vcpus') return !plug.includes('cpu')
    return key === 'cores' || key === 'sockets'
  }
  const settle = (vm: FakeVm): void => {
    for (const [key, value] of vm.pending ?? [])
      if (value === undefined) delete vm.config[key]
      else vm.config[key] = value
    delete vm.pending
  }
  const cpusOf = ({ config }: FakeVm): number | undefined => {
    const { vcpus, cores, sockets = 1 } = config
    if (vcpus !== undefined) return Number(vcpus)
    return cores === undefined ? undefined : Number(cores) * Number(sockets)
  }
  const run = (vm: FakeVm): void => {
    settle(vm)
    vm.boots = (vm.boots ?? 0) + 1
    vm.status = 'running'
  }
  const end = (vm: FakeVm): void => {
    settle(vm)
    vm.status = 'stopped'
  }

  const hypervisor: Hypervisor = {
    config: async (ref) => {
      const vm = await find(ref)
      if (!vm) return undefined
      const config = { ...vm.config, ...Object.fromEntries(vm.pending ?? []) }
      return structuredClone(
        Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)),
      ) as unknown as VmConfig
    },
    pending: async (ref) => {
      const { config, pending = new Map<string, string | number | undefined>() } = await need(ref)
      return [...new Set([...Object.keys(config), ...pending.keys()])].map((key) => ({
        key,
        ...(config[key] === undefined ? {} : { value: String(config[key]) }),
        ...(!pending.has(key)
          ? {}
          : pending.get(key) === undefined
            ? { delete: 1 }
            : { pending: String(pending.get(key)) }),
      }))
    },
    status: async (ref) => {
      const vm = await find(ref)
      if (!vm) return undefined
      const { status, vmid, config } = vm
      const maxmem = Number(config['memory'] ?? 0) * 2 ** 20
      return { status, vmid, cpus: cpusOf(vm), maxmem } as never
    },
    task: async (upid): Promise<TaskStatus | undefined> => {
      await reach(upid.split(':')[1] ?? '')
      const task = taskOf(upid)
      if (!task) return undefined
      if (task.state === 'running') return { state: 'running', upid }
      if (task.state === 'succeeded') return { state: 'succeeded', upid, exitStatus: 'OK', warnings: 0 }
      return { state: 'failed', upid, exitStatus: task.state }
    },
    taskLog: (upid) => Promise.resolve(taskOf(upid)?.head.split('\n') ?? []),
    taskHead: (upid) => Promise.resolve(taskOf(upid)?.head.split('\n')[0]),
    runningTasks: async (node, type, vmid) => {
      await reach(node)
      return tasks.filter(
        (task) =>
          task.state === 'running' && task.node === node && task.type === type && task.id === String(vmid),
      )
    },
    latestTask: async (node, type, vmid) => {
      await reach(node)
      const own = tasks.filter((task) => task.node === node && task.type === type && task.id === String(vmid))
      const latest = own.find(({ state }) => state === 'running') ?? own.at(-1)
      return latest && { upid: latest.upid, isRunning: latest.state === 'running' }
    },
    volumes: async (node) => {
      await reach(node)
      return [...images].map((volid) => ({ volid, size: 1 }))
    },
    privileges: () => Promise.resolve(['VM.Audit']),
    membership: () => Promise.resolve({ hosts: ['pve1', 'pve2'], quorate: true }),
    version: () => Promise.resolve('9.1.2'),
    storageConfig: () => Promise.resolve(storages),
    clone: async (template, params) => {
      const source = await need(template)
      write(`clone ${params.newid}`)
      if (vms.has(params.newid))
        throw new ProxmoxApiError(
          call,
          500,
          `unable to create VM ${params.newid}: config file already exists`,
        )
      const node = params.target ?? template.node
      const vm: FakeVm = {
        vmid: params.newid,
        node,
        status: 'stopped',
        // While it runs the target shows only its lock.
        config: { lock: 'clone', description: 'unnamed' },
      }
      vms.set(vm.vmid, vm)
      return begin(
        'qmclone',
        template.node,
        String(template.vmid),
        () => {
          vm.config = {
            ...copied(source, params.newid),
            name: params.name ?? '',
            description: `${params.description ?? ''}\n`,
            smbios1: `uuid=${randomUUID()}`,
          }
        },
        `creating a clone of VM ${template.vmid} with ID ${params.newid}`,
      )
    },
    configure: async (ref, change) => {
      const vm = await need(ref)
      write(`configure ${ref.vmid} ${Object.keys(change).sort().join(' ')}`)
      const { delete: gone, ...rest } = change as Record<string, string | number | boolean>
      for (const [key, value] of Object.entries(rest)) {
        const volid = String(value).split(',')[0] ?? ''
        if (volid.includes(':iso/') && !images.has(volid))
          throw new ProxmoxApiError(call, 500, `volume '${volid}' does not exist`)
        const plain = typeof value === 'boolean' ? Number(value) : value
        vm.pending?.delete(key)
        if (isCold(vm, key) && vm.config[key] !== plain) (vm.pending ??= new Map()).set(key, plain)
        else vm.config[key] = plain
      }
      for (const key of String(gone ?? '').split(',')) delete vm.config[key]
    },
    resize: async (ref, disk, bytes) => {
      const vm = await need(ref)
      write(`resize ${ref.vmid} ${disk}`)
      return begin('resize', ref.node, String(ref.vmid), () => {
        vm.config[disk] = String(vm.config[disk]).replace(/size=\w+/, `size=${bytes / GIB}G`)
      })
    },
    start: async (ref) => {
      const vm = await need(ref)
      write(`start ${ref.vmid}`)
      return begin('qmstart', ref.node, String(ref.vmid), () => run(vm))
    },
    shutdown: async (ref) => {
      const vm = await need(ref)
      write(`shutdown ${ref.vmid}`)
      return begin('qmshutdown', ref.node, String(ref.vmid), () => end(vm))
    },
    stop: async (ref) => {
      const vm = await need(ref)
      write(`stop ${ref.vmid}`)
      return begin('qmstop', ref.node, String(ref.vmid), () => end(vm))
    },
    reboot: async (ref) => {
      const vm = await need(ref)
      write(`reboot ${ref.vmid}`)
      if (vm.status === 'stopped') throw new ProxmoxApiError(call, 500, `VM ${ref.vmid} not running`)
      return begin('qmreboot', ref.node, String(ref.vmid), () => {
        end(vm)
        // Its host starts it again by itself.
        begin('qmstart', ref.node, String(ref.vmid), () => run(vm))
      })
    },
    destroy: async (ref) => {
      await need(ref)
      write(`destroy ${ref.vmid}`)
      return begin('qmdestroy', ref.node, String(ref.vmid), () => vms.delete(ref.vmid))
    },
    uploadImage: async (node, storage, filename) => {
      await reach(node)
      write(`upload ${filename}`)
      return begin(
        'imgcopy',
        node,
        '',
        () => images.add(`${storage}:iso/${filename}`),
        `starting file import from: /var/tmp/pveupload-1\ntarget file: /var/lib/vz/template/iso/${filename}`,
      )
    },
    deleteVolume: async (node, _storage, volid) => {
      await reach(node)
      write(`delete ${volid}`)
      return begin('imgdel', node, '', () => images.delete(volid))
    },
    ensurePool: () => Promise.resolve(),
  }

  const resourceOf = (vm: FakeVm): ClusterResource =>
    ({
      id: `qemu/${vm.vmid}`,
      type: 'qemu',
      vmid: vm.vmid,
      node: vm.node,
      name: String(vm.config['name'] ?? ''),
      status: vm.status,
      tags: vm.config['tags'],
      pool: vm.template ? undefined : 'fochista-acme',
      maxmem: Number(vm.config['memory'] ?? 0) * 2 ** 20,
      maxcpu: cpusOf(vm),
      ...(vm.template ? { template: true } : {}),
      ...(vm.config['lock'] === undefined ? {} : { lock: vm.config['lock'] }),
    }) as ClusterResource
  const resources = (): ClusterResource[] => [...vms.values()].map(resourceOf)
  const observer = {
    start: () => undefined,
    stop: () => undefined,
    ready: Promise.resolve(),
    version: 1,
    error: undefined,
    age: () => 0,
    resources,
    vm: (vmid: number) => {
      const vm = vms.get(vmid)
      return vm && resourceOf(vm)
    },
    vms: resources,
    nodes: () => ['pve1', 'pve2'].map((node) => aHost(node, silent.has(node) ? { status: 'offline' } : {})),
    storages: () =>
      ['pve1', 'pve2'].flatMap((node) => [aStorage('local-lvm', node), aStorage('local', node)]),
    tasks: () => tasks.filter(({ state }) => state === 'running').map(({ upid }) => ({ upid })),
    subscribe: (listener: (change: ObservedChange) => void) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    refresh: () => Promise.resolve(),
    // What the controllers do not ask for is left out.
  } as unknown as Observer

  const fake: FakeProxmox = {
    hypervisor,
    observer,
    vms,
    tasks,
    images,
    writes,
    storages,
    silent,
    secret,
    slow: false,
    refuse: undefined,
    has: ({ vmid, ...given }) => {
      const vm: FakeVm = { vmid, node: 'pve1', status: 'stopped', config: {}, ...given }
      vms.set(vmid, vm)
      return vm
    },
    end: (exitStatus = 'succeeded') => {
      for (const task of tasks) if (task.state === 'running') finish(task, exitStatus)
    },
    finish: (task) => finish(task, 'succeeded'),
    config: (vmid) => vms.get(vmid)?.config ?? {},
  }
  fake.has({
    vmid: 9000,
    template: true,
    config: {
      name: 'worker',
      tags: 'kubelet-v1.30.4',
      cores: 1,
      memory: '2048',
      boot: 'order=scsi0;ide2',
      scsi0: 'local-lvm:base-9000-disk-0,size=10G',
      ide2: 'local-lvm:vm-9000-cloudinit,media=cdrom',
      net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr9',
      smbios1: 'uuid=00000000-0000-4000-8000-000000009000',
    },
  })
  return fake
}

import {
  isAlreadyExists,
  isNotFound,
  isVmNotFound,
  orUndefined,
  type GetCalls,
  type PostCalls,
  type Proxmox,
  type PutCalls,
  type TaskStatus,
} from '@fochista/proxmox'

/** Configuration of a VM, as Proxmox answers it. */
export type VmConfig = GetCalls['/nodes/{node}/qemu/{vmid}/config']['result']
/** One key of a VM's configuration: its value now, and the one it gets with the next cold start. */
export type VmPending = GetCalls['/nodes/{node}/qemu/{vmid}/pending']['result'][number]
/** What can be changed of a VM's configuration. */
export type VmConfigChange = NonNullable<PutCalls['/nodes/{node}/qemu/{vmid}/config']['params']>
/** How a VM stands, told by its host. */
export type VmStatus = GetCalls['/nodes/{node}/qemu/{vmid}/status/current']['result']
/** What a clone is asked with. */
export type CloneParams = PostCalls['/nodes/{node}/qemu/{vmid}/clone']['params']
/** Disks that can grow. */
export type DiskKey = PutCalls['/nodes/{node}/qemu/{vmid}/resize']['params']['disk']

/** A VM and the host it is on. */
export interface VmRef {
  readonly node: string
  readonly vmid: number
}

/** A running task. */
export interface RunningTask {
  readonly upid: string
  readonly type: string
  readonly id: string
}

/** A storage, as its configuration says. */
export interface StorageConfig {
  readonly name: string
  /** Plug-in, such as `lvmthin`. */
  readonly type: string
  /** What it may hold: `images`, `iso` and so on. */
  readonly content: readonly string[]
  /** Whether all hosts see the same volumes. */
  readonly isShared: boolean
  /** Hosts that have it; undefined for all. */
  readonly nodes?: readonly string[]
}

/** What the controllers need of a Proxmox cluster. Writes answer the UPID of their task, whose end alone says whether they worked. */
export interface Hypervisor {
  /** Configuration; undefined if the host says that it has no such VM. */
  config(vm: VmRef): Promise<VmConfig | undefined>
  /** Configuration key by key, with what waits for a cold start. Throws what the host says of a VM that it has not. */
  pending(vm: VmRef): Promise<VmPending[]>
  /** Status by the VM's own host; undefined if the host says that it has no such VM. */
  status(vm: VmRef): Promise<VmStatus | undefined>
  /** Where a task stands; undefined if nobody knows it any more. */
  task(upid: string): Promise<TaskStatus | undefined>
  /** The end of a task's log. */
  taskLog(upid: string, lines: number): Promise<string[]>
  /** The first line of a task's log: of a clone, the only place that names its target while it runs. */
  taskHead(upid: string): Promise<string | undefined>
  /** Tasks of a type that run on a host now. */
  runningTasks(node: string, type: string, vmid: number): Promise<RunningTask[]>
  /** The task of a type that a VM of a host had last, one that runs before all others; undefined if none is known any more. */
  latestTask(
    node: string,
    type: string,
    vmid: number,
  ): Promise<{ readonly upid: string; readonly isRunning: boolean } | undefined>
  /** Volumes of a storage, seen from a host, of one kind of content. */
  volumes(node: string, storage: string, content: string): Promise<{ volid: string; size: number }[]>
  /** Privileges that we have on a path. */
  privileges(path: string): Promise<string[]>
  /** Hosts that are members of the Proxmox cluster, whether they answer or not, and whether it has a quorum. */
  membership(): Promise<{ readonly hosts: readonly string[]; readonly quorate: boolean }>
  /** Version of Proxmox VE. */
  version(): Promise<string>
  /** Storages, with what they may hold. */
  storageConfig(): Promise<StorageConfig[]>

  clone(template: VmRef, params: CloneParams): Promise<string>
  /** Changes at once; of a running VM only what can be changed while it runs. */
  configure(vm: VmRef, change: VmConfigChange): Promise<void>
  resize(vm: VmRef, disk: DiskKey, bytes: number): Promise<string>
  start(vm: VmRef): Promise<string>
  /** Asks the guest to end; after `timeoutSeconds` it is switched off. */
  shutdown(vm: VmRef, timeoutSeconds: number): Promise<string>
  stop(vm: VmRef): Promise<string>
  /**
   * Asks the guest to end within `timeoutSeconds`, and lets its host start it again, with all that waited for a cold start. The task ends
   * when the guest has; the start is another task, of the host's own. A guest that does not end in time runs on.
   */
  reboot(vm: VmRef, timeoutSeconds: number): Promise<string>
  /** Takes the VM away with its disks and its entries in jobs; disks that no key of its configuration names are kept. */
  destroy(vm: VmRef): Promise<string>
  uploadImage(node: string, storage: string, filename: string, data: Uint8Array): Promise<string>
  deleteVolume(node: string, storage: string, volid: string): Promise<string | undefined>
  /** Makes the pool if it is not there. */
  ensurePool(name: string, comment: string): Promise<void>
}

/** Nothing may be written to the Proxmox cluster now. */
export class WritesForbiddenError extends Error {
  override readonly name = 'WritesForbiddenError'
}

/** What may be written now: `undefined` for all, or the reason why nothing. */
export type WritesAllowed = () => string | undefined

/**
 * Makes the hypervisor of a Proxmox cluster. Every write of ours to Proxmox goes through here, and asks `writesAllowed` first. Throws a
 * WritesForbiddenError when it may not, else the errors of the SDK.
 */
export function createHypervisor(proxmox: Proxmox, writesAllowed: WritesAllowed): Hypervisor {
  const writing = async <T>(run: () => Promise<T>): Promise<T> => {
    const reason = writesAllowed()
    if (reason !== undefined) throw new WritesForbiddenError(reason)
    return run()
  }
  const pools = new Set<string>()
  return {
    config: (path) => orUndefined(isVmNotFound, proxmox.get('/nodes/{node}/qemu/{vmid}/config', { path })),
    pending: (path) => proxmox.get('/nodes/{node}/qemu/{vmid}/pending', { path }),
    status: (path) =>
      orUndefined(isVmNotFound, proxmox.get('/nodes/{node}/qemu/{vmid}/status/current', { path })),
    task: (upid) => orUndefined(isNotFound, proxmox.tasks.status(upid)),
    taskLog: (upid, lines) => proxmox.tasks.tail(upid, lines),
    taskHead: async (upid) => {
      const node = upid.split(':')[1] ?? ''
      const lines = await proxmox.get('/nodes/{node}/tasks/{upid}/log', {
        path: { node, upid },
        query: { start: 0, limit: 1 },
      })
      return lines[0]?.t
    },
    runningTasks: async (node, type, vmid) =>
      (
        await proxmox.get('/nodes/{node}/tasks', {
          path: { node },
          query: { source: 'active', typefilter: type, vmid, limit: 500 },
        })
      ).filter(({ endtime }) => endtime === undefined),
    latestTask: async (node, type, vmid) => {
      const [latest] = await proxmox.get('/nodes/{node}/tasks', {
        path: { node },
        query: { source: 'all', typefilter: type, vmid, limit: 1 },
      })
      return latest && { upid: latest.upid, isRunning: latest.endtime === undefined }
    },
    volumes: (node, storage, content) =>
      proxmox.get('/nodes/{node}/storage/{storage}/content', { path: { node, storage }, query: { content } }),
    privileges: async (path) => {
      const answer = await proxmox.get('/access/permissions', { query: { path } })
      const here = answer[path]
      return typeof here === 'object' && here !== null ? Object.keys(here) : []
    },
    membership: async () => {
      const entries = await proxmox.get('/cluster/status')
      const cluster = entries.find(({ type }) => type === 'cluster')
      return {
        hosts: entries.filter(({ type }) => type === 'node').map(({ name }) => name),
        // A host that is alone has no cluster entry and needs no quorum.
        quorate: cluster === undefined || cluster.quorate === true,
      }
    },
    version: async () => (await proxmox.get('/version')).version,
    storageConfig: async () =>
      (await proxmox.get('/storage')).map((entry) => {
        const { storage, type, content, shared, nodes } = entry as Record<string, unknown>
        return {
          name: String(storage),
          type: String(type),
          content: listOf(content),
          isShared: shared === true || shared === 1 || sharedTypes.has(String(type)),
          ...(nodes === undefined ? {} : { nodes: listOf(nodes) }),
        }
      }),

    clone: (template, params) =>
      writing(() => proxmox.post('/nodes/{node}/qemu/{vmid}/clone', { path: template, body: params })).catch(
        (error: unknown) => {
          // A pool that somebody deleted is made again next time.
          if (params.pool !== undefined) pools.delete(params.pool)
          throw error
        },
      ),
    configure: (path, body) =>
      writing(async () => {
        await proxmox.put('/nodes/{node}/qemu/{vmid}/config', { path, body })
      }),
    resize: (path, disk, bytes) =>
      writing(async () =>
        String(
          await proxmox.put('/nodes/{node}/qemu/{vmid}/resize', {
            path,
            body: { disk, size: sizeOf(bytes) },
          }),
        ),
      ),
    start: (path) => writing(() => proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path })),
    shutdown: (path, timeoutSeconds) =>
      writing(() =>
        proxmox.post('/nodes/{node}/qemu/{vmid}/status/shutdown', {
          path,
          body: { timeout: timeoutSeconds, forceStop: true },
        }),
      ),
    stop: (path) =>
      writing(() =>
        proxmox.post('/nodes/{node}/qemu/{vmid}/status/stop', { path, body: { 'overrule-shutdown': true } }),
      ),
    reboot: (path, timeoutSeconds) =>
      writing(() =>
        proxmox.post('/nodes/{node}/qemu/{vmid}/status/reboot', { path, body: { timeout: timeoutSeconds } }),
      ),
    destroy: (path) =>
      writing(() =>
        proxmox.delete('/nodes/{node}/qemu/{vmid}', {
          path,
          query: { purge: true, 'destroy-unreferenced-disks': false },
        }),
      ),
    uploadImage: (node, storage, filename, data) =>
      writing(() => proxmox.upload({ node, storage, content: 'iso', filename, data })),
    deleteVolume: (node, storage, volid) =>
      writing(async () => {
        const upid: unknown = await proxmox.delete('/nodes/{node}/storage/{storage}/content/{volume}', {
          path: { node, storage, volume: volid },
        })
        return typeof upid === 'string' ? upid : undefined
      }),
    ensurePool: async (poolid, comment) => {
      if (pools.has(poolid)) return
      await writing(async () => {
        await orUndefined(isAlreadyExists, proxmox.post('/pools', { body: { poolid, comment } }))
      })
      pools.add(poolid)
    },
  }
}

/** Plug-ins whose content all hosts see, whether `shared` is set or not. */
const sharedTypes = new Set([
  'nfs',
  'cifs',
  'cephfs',
  'rbd',
  'iscsi',
  'iscsidirect',
  'pbs',
  'glusterfs',
  'zfs',
])

function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String)
  return typeof value === 'string' ? value.split(/[,;\s]+/).filter((one) => one !== '') : []
}

/** Bytes as resize takes them: an absolute size in the largest unit that is exact. */
function sizeOf(bytes: number): string {
  if (bytes % 2 ** 30 === 0) return `${bytes / 2 ** 30}G`
  if (bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20}M`
  return `${Math.ceil(bytes / 2 ** 10)}K`
}

import { parseMark, type Machine, type NodePool } from '@fochista/api'
import { TenantControlPlane, type TenantControlPlaneState } from '@fochista/kamaji'
import { Namespace, Node, Secret } from '@fochista/kubernetes'
import { ProxmoxApiError } from '@fochista/proxmox'
import { MachineClasses, Machines, NodePools, ProxmoxClusters } from '../kinds.ts'
import type { Hypervisor } from '../proxmox-cluster/hypervisor.ts'
import { tokenDescription } from '../machine/seed.ts'
import { certificates } from '../test/certificates.ts'
import { aClass, aControlPlane, aProxmoxCluster } from '../test/factories.ts'
import { createFakeKubernetes, type FakeKubernetes } from '../test/fake-kubernetes.ts'
import { createFakeProxmox, type FakeProxmox, type FakeVm } from '../test/fake-proxmox.ts'
import { createFakeTenant, type FakeTenant } from '../test/fake-tenant.ts'
import type { Chance } from './chance.ts'
import { asToken, type Rights } from './rights.ts'
import type { VirtualTime } from './time.ts'

/** Tenant clusters of the model: namespace and name. */
export const CLUSTERS = [
  ['acme', 'alpha'],
  ['acme', 'beta'],
  ['umbrella', 'gamma'],
] as const

/** A VM that our controllers made, and what became of it. */
export interface MadeVm {
  readonly vm: FakeVm
  readonly id: string
  readonly machine: string
  readonly namespace: string
  readonly cluster: string
  /** When it was started last, as far as its guest noticed. */
  runningSince?: number | undefined
  /** When its own host last said that it is stopped. */
  seenStopped?: number | undefined
  /** UID of the control plane whose certificate its kubelet has. */
  joined?: string
  /** The start after which it registered last. */
  joinedSince?: number | undefined
  /** When it registered last. */
  registeredAt?: number
  /** Its Node is not Ready until then. */
  unwellUntil?: number | undefined
  /** Let go by a person. */
  released?: boolean
  /** Starts of the VM that its guest has noticed. */
  boots?: number
  /** A person has given it another shape. */
  reshapedByHand?: boolean
  /** When a person gave it a disk. */
  diskAt?: number
  /** Its guest runs and never asks to join. */
  isDeaf?: boolean
}

/** A tenant cluster that stands behind a control plane. */
export interface ModelTenant {
  readonly uid: string
  readonly fake: FakeTenant
  /** Does not answer until then. */
  downUntil: number
}

/** Everything outside of the controllers. */
export interface Truth {
  readonly time: VirtualTime
  readonly chance: Chance
  readonly management: FakeKubernetes
  readonly proxmox: FakeProxmox
  /** Proxmox as our token finds it, with the rules that the fake leaves to a test. */
  readonly hypervisor: Hypervisor
  /** All VMs that our controllers ever made and that are still there. */
  readonly made: Set<MadeVm>
  /** Nodes that may be left behind: their tenant has not answered while their Machine went. */
  readonly leftNodes: Set<string>
  /** Namespaces that are being deleted. */
  readonly ending: Set<string>
  /** Ids of Machines that a person has let go. */
  readonly released: Set<string>
  /** Ids of Machines whose objects were lost, and of those that were gone before a late upload of theirs came: nobody knows its name. */
  readonly lostIds: string[]
  /** An image is uploaded by a process that has died meanwhile. */
  noteLateImage(name: string): void
  /** When objects were brought back last. */
  restoredAt: number
  /** When statuses were lost last. */
  forgottenAt: number
  /** When a person took a machine away last. */
  takenAt: number
  /** By `namespace/name` of the control plane. */
  readonly tenants: Map<string, ModelTenant>
  /** Grows with each change in Proxmox. */
  readonly changes: number
  /** Status of VMs as the lists have it: up to ten seconds old. */
  readonly listedStatus: Map<number, string>
  /** When a write of controllers that lead no more came through last. */
  lateAt: number
  /** When the quota of a class was changed last. */
  quotaChangedAt: number
  /** What our token may do in Proxmox. */
  readonly rights: Rights
  /** When VMs that our controllers made were found gone, whoever took them away. By id. */
  readonly goneAt: Map<string, number>
  /** Hosts that are lost for good. */
  readonly lostHosts: Set<string>
  /** Those of them that are no members of the Proxmox cluster any more. */
  readonly removedHosts: ReadonlySet<string>
  /** A host that is lost is taken out of the Proxmox cluster: what was there is listed no more. */
  removeLostHosts(): void
  /** Templates that are away, as they will come back. */
  readonly awayTemplates: FakeVm[]
  bringTemplates(): void
  /** A control plane goes into another state. @returns false if it is not there */
  turn(namespace: string, name: string, state: Exclude<TenantControlPlaneState, 'Waiting'>): boolean
  /** One in so many clones, starts and other tasks fails, per cent. */
  taskFailures: number
  touch(): void
  /** A control plane comes up, as another cluster if `certificate` is another. */
  bring(namespace: string, name: string, certificate: keyof typeof certificates): void
  /** A control plane is asked to go, and goes a while later. */
  takeAway(namespace: string, name: string): void
  madeOf(id: string): MadeVm | undefined
  madeAt(vmid: number): MadeVm | undefined
  /** All Machines, as the server has them now; shared, so that they are not to be changed. */
  machines(): Machine[]
  /** One of them. */
  machine(name: string, namespace: string | undefined): Machine | undefined
  /** All NodePools, shared likewise. */
  pools(): NodePool[]
  /** One of them. */
  pool(name: string, namespace: string | undefined): NodePool | undefined
}

const HOSTS = ['pve1', 'pve2'] as const

/** Makes both back ends with classes, namespaces and three control planes. */
export function createTruth(time: VirtualTime, chance: Chance): Truth {
  const management = createFakeKubernetes(time)
  const proxmox = createFakeProxmox(time)
  proxmox.slow = true
  proxmox.vms.delete(9000)
  for (const [index, version] of ['v1.30.4', 'v1.31.2'].entries())
    for (const [host, node] of HOSTS.entries())
      proxmox.has({
        vmid: 9000 + index * 10 + host,
        node,
        template: true,
        config: {
          name: 'worker',
          tags: `kubelet-${version}`,
          cores: index === 0 ? 1 : 3,
          memory: '2048',
          // What the newer ones allow while they run.
          ...(index === 0 ? {} : { hotplug: 'network,disk,usb,cpu,memory', numa: 1 }),
          boot: 'order=scsi0;ide2',
          scsi0: `local-lvm:base-${9000 + index * 10 + host}-disk-0,size=10G`,
          ide2: `local-lvm:vm-${9000 + index * 10 + host}-cloudinit,media=cdrom`,
          net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr9',
          smbios1: 'uuid=00000000-0000-4000-8000-000000009000',
        },
      })
  const machines = management.informer(Machines)
  const pools = management.informer(NodePools)
  const made = new Set<MadeVm>()
  const tenants = new Map<string, ModelTenant>()
  const rights: Rights = { isRefused: false, lost: new Set() }
  const goneAt = new Map<string, number>()
  const listedStatus = new Map<number, string>()
  const scheduled = new Set<string>()
  /** Hosts that are no members any more. */
  let removed: ReadonlySet<string> = new Set()
  let changes = 0
  let uids = 0
  const touch = (): void => void (changes += 1)

  for (const name of ['acme', 'umbrella'])
    management.has(Namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { tier: 'gold' } },
    } as Namespace)
  management.has(ProxmoxClusters, aProxmoxCluster({ spec: { vmidRange: { start: 400, end: 459 } } }))
  const template = { template: { name: 'worker' } }
  management.has(
    MachineClasses,
    aClass({
      spec: {
        ...template,
        quota: { machines: 7 },
        networks: [
          { bridge: 'vmbr0', addresses: { ranges: [{ start: '10.0.0.10', end: '10.0.0.60' }], prefix: 24 } },
        ],
      },
    }),
  )
  management.has(MachineClasses, aClass({ metadata: { name: 'next' }, spec: { ...template } }))

  const truth: Truth = {
    time,
    chance,
    management,
    proxmox,
    hypervisor: asToken(withRules(), rights),
    rights,
    goneAt,
    made,
    leftNodes: new Set(),
    ending: new Set(),
    released: new Set(),
    lostIds: [],
    noteLateImage: (name) => {
      const id = /^fochista-([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})-/.exec(name)?.[1]
      if (id && !management.all(Machines).some(({ spec }) => spec.id === id)) truth.lostIds.push(id)
    },
    restoredAt: 0,
    forgottenAt: 0,
    takenAt: 0,
    tenants,
    get changes() {
      return changes
    },
    listedStatus,
    taskFailures: 0,
    lateAt: Number.NEGATIVE_INFINITY,
    quotaChangedAt: 0,
    lostHosts: new Set(),
    get removedHosts() {
      return removed
    },
    removeLostHosts: () => {
      for (const { vmid, node } of proxmox.vms.values()) {
        if (!truth.lostHosts.has(node)) continue
        const id = truth.madeAt(vmid)?.id
        for (const volid of proxmox.images) if (id && volid.includes(id)) proxmox.images.delete(volid)
        proxmox.vms.delete(vmid)
      }
      removed = new Set(truth.lostHosts)
      touch()
    },
    awayTemplates: [],
    bringTemplates: () => {
      for (const template of truth.awayTemplates.splice(0))
        if (!removed.has(template.node)) proxmox.has(template)
      touch()
    },
    turn: (namespace, name, state) => {
      if (!management.read(TenantControlPlane, name, namespace)) return false
      management.change(TenantControlPlane, { name, namespace }, ({ status }) => {
        const version = status?.kubernetesResources?.version
        if (version) version.status = state
      })
      return true
    },
    touch,
    bring: (namespace, name, certificate) => {
      const uid = `tcp-${(uids += 1)}`
      const fake = createFakeTenant(time)
      fake.caPem = certificates[certificate]
      tenants.set(`${namespace}/${name}`, { uid, fake, downUntil: 0 })
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: `${name}-ca`, namespace },
        data: { 'ca.crt': Buffer.from(certificates[certificate]).toString('base64') },
      }
      if (management.read(Secret, `${name}-ca`, namespace))
        management.vanish(Secret, { name: `${name}-ca`, namespace })
      management.has(Secret, secret as Secret)
      const version = 'v1.31.2'
      management.has(
        TenantControlPlane,
        aControlPlane({
          metadata: { name, namespace, uid },
          version,
          status: {
            kubernetesResources: { version: { status: 'Ready', version } },
            certificates: { ca: { secretName: `${name}-ca` } },
          } as NonNullable<TenantControlPlane['status']>,
        }),
      )
    },
    takeAway: (namespace, name) => {
      if (!management.read(TenantControlPlane, name, namespace)) return
      management.change(TenantControlPlane, { name, namespace }, ({ metadata }) => {
        metadata.finalizers = ['finalizer.kamaji.clastix.io']
        metadata.deletionTimestamp = new Date(time.now()).toISOString()
      })
      time.setTimeout(
        () => {
          tenants.delete(`${namespace}/${name}`)
          management.vanish(TenantControlPlane, { name, namespace })
        },
        chance.whole(1, 90) * 1000,
      )
    },
    madeOf: (id) => [...made].find((one) => one.id === id),
    madeAt: (vmid) => [...made].find((one) => one.vm.vmid === vmid && proxmox.vms.get(vmid) === one.vm),
    machines: () => machines.list(),
    machine: (name, namespace) => machines.get(namespace, name),
    pools: () => pools.list(),
    pool: (name, namespace) => pools.get(namespace, name),
  }
  for (const [namespace, name] of CLUSTERS) truth.bring(namespace, name, 'one')
  time.setTimeout(broadcast, 5000)
  time.setTimeout(guests, 3000)
  return truth

  /** What Proxmox refuses, and the time that its tasks take. */
  function withRules(): Hypervisor {
    const { hypervisor } = proxmox
    const requireUnlocked = (vmid: number): void => {
      const vm = proxmox.vms.get(vmid)
      const lock = vm?.config['lock']
      if (lock !== undefined) throw refusal(`VM is locked (${lock})`, `/nodes/${vm?.node}/qemu/${vmid}`)
    }
    const after = async <T>(answer: Promise<T>): Promise<T> => {
      const result = await answer
      touch()
      schedule()
      return result
    }
    return {
      ...hypervisor,
      membership: async () => {
        const { hosts, quorate } = await hypervisor.membership()
        return { hosts: hosts.filter((host) => !removed.has(host)), quorate }
      },
      clone: async (template, params) => {
        const answer = await after(hypervisor.clone(template, params))
        const vm = proxmox.vms.get(params.newid)
        const mark = parseMark(params.description)
        const machine = mark && machines.get(mark.namespace, mark.machine)
        if (vm && mark)
          made.add({
            vm,
            id: mark.id,
            machine: mark.machine,
            namespace: mark.namespace,
            cluster: machine?.spec.clusterName ?? '',
          })
        return answer
      },
      configure: async (vm, change) => {
        requireUnlocked(vm.vmid)
        const now = proxmox.vms.get(vm.vmid)
        const hotplug = now?.config['hotplug']
        const isPlugged = now?.status === 'running' && ('memory' in change || 'vcpus' in change)
        if (!now || hotplug === undefined || !isPlugged || !chance.percent(30))
          return after(hypervisor.configure(vm, change))
        // A guest that takes nothing: it waits for a cold start.
        now.config['hotplug'] = 'network'
        await after(hypervisor.configure(vm, change))
        now.config['hotplug'] = hotplug
        throw new ProxmoxApiError({ method: 'PUT', path: '/' }, 400, 'Parameter verification failed.', {
          memory: 'hotplug problem - the guest does not answer',
        })
      },
      resize: async (vm, ...given) => {
        requireUnlocked(vm.vmid)
        return after(hypervisor.resize(vm, ...given))
      },
      start: async (vm) => {
        requireUnlocked(vm.vmid)
        if (proxmox.vms.get(vm.vmid)?.status === 'running') throw refusal(`VM ${vm.vmid} already running`)
        return after(hypervisor.start(vm))
      },
      shutdown: async (vm, seconds) => {
        requireUnlocked(vm.vmid)
        if (proxmox.vms.get(vm.vmid)?.status === 'stopped') {
          // That is its host's own word, as good as the status.
          noteStopped(vm.vmid)
          throw refusal(`VM ${vm.vmid} not running`)
        }
        return after(hypervisor.shutdown(vm, seconds))
      },
      stop: async (vm) => {
        requireUnlocked(vm.vmid)
        return after(hypervisor.stop(vm))
      },
      reboot: async (vm, seconds) => {
        requireUnlocked(vm.vmid)
        return after(hypervisor.reboot(vm, seconds))
      },
      destroy: async (vm) => {
        requireUnlocked(vm.vmid)
        if (proxmox.vms.get(vm.vmid)?.status === 'running')
          throw refusal(`VM ${vm.vmid} is running - destroy failed`)
        if (proxmox.vms.get(vm.vmid)?.config['protection'])
          throw refusal(`can't remove VM ${vm.vmid} - protection mode enabled`)
        return after(hypervisor.destroy(vm))
      },
      uploadImage: (...given) => after(hypervisor.uploadImage(...given)),
      deleteVolume: (...given) => after(hypervisor.deleteVolume(...given)),
      status: async (ref) => {
        const answer = await hypervisor.status(ref)
        if (answer?.status === 'stopped') noteStopped(ref.vmid)
        return answer
      },
    }
  }

  function schedule(): void {
    for (const task of proxmox.tasks)
      if (task.state === 'running' && !scheduled.has(task.upid)) {
        scheduled.add(task.upid)
        const fails = chance.percent(truth.taskFailures)
        time.setTimeout(() => finish(task, fails), durationOf(task.type))
      }
  }

  function noteGone(one: MadeVm): void {
    made.delete(one)
    goneAt.set(one.id, time.now())
    // Whoever notices it first: of a guest that is gone nobody hears any more.
    silence(one)
  }

  function noteStopped(vmid: number): void {
    const one = truth.madeAt(vmid)
    if (one) one.seenStopped = time.now()
  }

  /** Most tasks take about the same; one in ten takes long enough for much to happen meanwhile. */
  function durationOf(type: string): number {
    const [usual, long] = type === 'qmclone' ? [4000, 25_000] : [800, 6000]
    return chance.percent(10) ? chance.whole(usual, long) : chance.whole(usual / 2, usual)
  }

  /** A task ends: well, or not; a start that is told as failed may have worked all the same. */
  function finish(task: FakeProxmox['tasks'][number], fails: boolean): void {
    if (task.state !== 'running') return
    touch()
    const target = Number(/with ID (\d+)/.exec(task.head)?.[1] ?? task.id)
    const missing = task.type === 'qmstart' ? missingImageOf(target) : undefined
    task.state = missing ?? (fails ? 'unexpected status' : 'succeeded')
    if (missing !== undefined) return
    if (!fails || (task.type === 'qmstart' && chance.percent(50))) task.effect()
    // A clone that failed takes away what it had made.
    else if (task.type === 'qmclone') proxmox.vms.delete(target)
    for (const one of made) if (proxmox.vms.get(one.vm.vmid) !== one.vm) noteGone(one)
    // What it began itself: the start after a reboot.
    schedule()
  }

  /** A VM does not start whose image is gone. */
  function missingImageOf(vmid: number): string | undefined {
    for (const value of Object.values(proxmox.config(vmid))) {
      const [volid = ''] = String(value).split(',')
      if (volid.includes(':iso/') && !proxmox.images.has(volid)) return `volume '${volid}' does not exist`
    }
    return undefined
  }

  function broadcast(): void {
    for (const { vmid, node, status: truly } of proxmox.vms.values()) {
      const status = proxmox.silent.has(node) ? 'unknown' : truly
      if (listedStatus.get(vmid) !== status) touch()
      listedStatus.set(vmid, status)
    }
    time.setTimeout(broadcast, 10_000)
  }

  /** What guests do by themselves: their kubelets register, report, and fall silent. */
  function guests(): void {
    for (const one of made) {
      if (proxmox.vms.get(one.vm.vmid) !== one.vm) {
        noteGone(one)
      } else if (one.vm.status === 'running') guest(one)
      else {
        one.runningSince = undefined
        silence(one)
      }
    }
    time.setTimeout(guests, 3000)
  }

  function guest(one: MadeVm): void {
    if (one.boots !== one.vm.boots) one.runningSince = time.now()
    one.boots = one.vm.boots
    one.runningSince ??= time.now()
    if (time.now() - one.runningSince < 10_000) return
    const tenant = tenants.get(`${one.namespace}/${one.cluster}`)
    if (!tenant || tenant.downUntil > time.now()) return
    const node = tenant.fake.api.read(Node, one.machine)
    if (node) {
      const isReady = (one.unwellUntil ?? 0) <= time.now()
      say(tenant, one, isReady ? 'True' : 'False')
      return
    }
    // A kubelet makes its Node once: only a restart makes it again.
    if (one.isDeaf) return
    const hasJoined = one.joined === tenant.uid
    if (hasJoined && one.joinedSince === one.runningSince) return
    const hasToken = (tenant.fake.tokens.get(tokenDescription(one.id))?.expiresAt ?? 0) > time.now()
    const hasSeed = Object.values(one.vm.config).some(
      (value) => typeof value === 'string' && value.includes(`:iso/fochista-${one.id}-`),
    )
    if (!hasJoined && !(hasToken && hasSeed)) return
    one.joined = tenant.uid
    one.joinedSince = one.runningSince
    one.registeredAt = time.now()
    const { namespace, machine: name, vm } = one
    tenant.fake.joins({
      metadata: { name, namespace },
      spec: { proxmoxCluster: 'dc1', vmid: vm.vmid },
    } as Machine)
  }

  function silence(one: MadeVm): void {
    const tenant = tenants.get(`${one.namespace}/${one.cluster}`)
    if (tenant) say(tenant, one, 'Unknown')
  }

  function say({ fake }: ModelTenant, one: MadeVm, status: string): void {
    const node = fake.api.read(Node, one.machine)
    const bootID = status === 'Unknown' ? node?.status?.nodeInfo?.bootID : `boot-${one.boots}`
    const isSame = node?.status?.conditions?.[0]?.status === status && node.status.nodeInfo?.bootID === bootID
    if (!node || isSame) return
    if (node.spec?.providerID?.endsWith(`/${one.vm.vmid}`) === false) return
    fake.api.change(Node, { name: one.machine }, (changed) => {
      if (changed.status && bootID !== undefined)
        changed.status.nodeInfo = { ...changed.status.nodeInfo, bootID } as never
      const [condition] = changed.status?.conditions ?? []
      if (condition)
        Object.assign(condition, { status, lastTransitionTime: new Date(time.now()).toISOString() })
    })
  }
}

/** An error in Proxmox's own words. */
export const refusal = (words: string, path = '/'): ProxmoxApiError =>
  new ProxmoxApiError({ method: 'POST', path }, 500, words)

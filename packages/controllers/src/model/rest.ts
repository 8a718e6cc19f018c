import {
  ANNOTATION_HOST_IS_DEAD,
  ANNOTATION_PAUSED,
  ANNOTATION_RESHAPE,
  ANNOTATION_WITH_DISKS,
  isTrue,
  type Condition,
  type Machine,
  type NodePool,
} from '@fochista/api'
import { TenantControlPlane } from '@fochista/kamaji'
import { Lease, Node } from '@fochista/kubernetes'
import { MachineClasses, Machines, NodePools, ProxmoxClusters } from '../kinds.ts'
import { tokenDescription } from '../machine/seed.ts'
import { isOutdated } from '../node-pool/rollout.ts'
import { reshapingOf } from '../node-pool/way.ts'
import { GIB } from '../test/factories.ts'
import type { FakeVm } from '../test/fake-proxmox.ts'
import { CORDONED_BY_HAND } from './hands.ts'
import { CLUSTERS, type Truth } from './truth.ts'

/** What keeps the world from being as it should be; empty once it is. */
export function whatIsLeft(truth: Truth): string[] {
  const { management, proxmox } = truth
  const left: string[] = []
  const machines = truth.machines()
  for (const machine of machines) {
    const { name } = machine.metadata
    if (hasNoQuota(truth, machine)) continue
    const why = reasonOf(machine)
    if (machine.metadata.deletionTimestamp) left.push(`${name} is on its way out: ${why}`)
    else if (!isTrue(machine, 'Ready')) left.push(`${name} is not Ready: ${why}`)
    const vms = [...truth.made].filter(({ id }) => id === machine.spec.id)
    if (vms.length !== 1 || vms[0]?.vm.status !== 'running')
      left.push(`${name} has ${vms.length} VMs, ${vms[0]?.vm.status}`)
    else if (machine.spec.vmid !== vms[0].vm.vmid)
      left.push(`${name} has VM ${machine.spec.vmid} and bears ${vms[0].vm.vmid}`)
    const tenant = truth.tenants.get(`${machine.metadata.namespace}/${machine.spec.clusterName}`)
    const node = tenant?.fake.api.read(Node, name)
    if (tenant && !node) left.push(`${name} has no Node`)
    const isCordoned = node?.spec?.unschedulable === true
    const isByHand = node?.metadata.labels?.[CORDONED_BY_HAND] !== undefined
    if (isCordoned !== isByHand && node) left.push(`Node ${name} is ${isCordoned ? '' : 'not '}cordoned`)
    if (machine.metadata.annotations?.[ANNOTATION_RESHAPE] !== undefined)
      left.push(`${name} is on its way to another shape: ${why}`)
    const [vm] = vms
    const { cores, memory, disk } = vm ? shapeOfVm(vm.vm) : {}
    if (vm && !vm.reshapedByHand && (cores !== machine.spec.cores || memory !== machine.spec.memory))
      left.push(
        `${name} has ${cores} cores and ${memory} of memory, not ${machine.spec.cores} and ${machine.spec.memory}`,
      )
    if (vm && (disk ?? 0) < (machine.spec.disk ?? 0)) left.push(`${name} has a disk of ${disk}`)
    if (tenant?.fake.tokens.has(tokenDescription(machine.spec.id))) left.push(`${name} keeps its token`)
  }
  for (const pool of truth.pools()) {
    const { name, namespace = '' } = pool.metadata
    const own = machines.filter(
      ({ spec, metadata }) => spec.nodePoolName === name && metadata.namespace === namespace,
    )
    const wanted = pool.spec.replicas ?? 1
    const said = pool.status?.conditions?.find(({ type }) => type === 'Ready')
    if (pool.metadata.deletionTimestamp) left.push(`pool ${name} is on its way out: ${said?.message}`)
    else if (
      own.length !== wanted &&
      !isFull(truth, namespace, pool.spec.className ?? '', own.length, wanted)
    )
      left.push(
        `pool ${namespace}/${name} has ${own.length} of ${wanted} machines: ${said?.reason} ${said?.message}`,
      )
    else if (
      own.length === wanted &&
      own.some((machine) => isOld(truth, pool, machine)) &&
      !isOverfull(truth, namespace, pool.spec.className)
    )
      left.push(`pool ${namespace}/${name} has outdated machines: ${said?.reason} ${said?.message}`)
  }
  for (const namespace of truth.ending) left.push(`namespace ${namespace} is being deleted`)
  for (const [key, { fake }] of truth.tenants)
    for (const node of fake.api.all(Node)) {
      const vmid = Number(node.spec?.providerID?.split('/').at(-1))
      const isAlive = truth.madeAt(vmid)?.machine === node.metadata.name
      // A VM that was let go keeps its Node.
      if (
        !isAlive &&
        !truth.leftNodes.has(node.metadata.name) &&
        !machines.some(({ metadata }) => metadata.name === node.metadata.name)
      )
        left.push(`Node ${node.metadata.name} of ${key} has no machine`)
    }
  for (const image of proxmox.images)
    if (
      !machines.some(({ spec }) => image.includes(spec.id)) &&
      !orphanOf(truth, image) &&
      !truth.lostIds.some((id) => image.includes(id)) &&
      ![...truth.released].some((id) => image.includes(id))
    )
      left.push(`image ${image}`)
  // A VM without a Machine keeps its addresses.
  const names = new Set([...proxmox.vms.values()].map(({ config }) => config['name']))
  for (const { metadata, spec: { holderIdentity = '' } = {} } of management.all(Lease))
    if (
      !machines.some(({ spec }) => holderIdentity.endsWith(spec.id)) &&
      !names.has(holderIdentity.split('/')[1])
    )
      left.push(`claim ${metadata.name}`)
  return left
}

/** True for a machine that its pool still has something to do with. */
function isOld(truth: Truth, pool: NodePool, machine: Machine): boolean {
  const machineClass = truth.management.read(MachineClasses, pool.spec.className ?? '')
  return (
    isOutdated(pool, machineClass, machine, truth.time.now()) ||
    reshapingOf(pool, machineClass, machine) !== undefined
  )
}

function shapeOfVm({ config }: FakeVm): { cores: number; memory: number; disk: number } {
  return {
    cores: Number(config['vcpus'] ?? Number(config['cores'] ?? 1) * Number(config['sockets'] ?? 1)),
    memory: Number(config['memory']) * 2 ** 20,
    disk: Number(/size=(\d+)G/.exec(String(config['scsi0']))?.[1]) * GIB,
  }
}

/** VMs of Machines that were lost for good are reported to a person. */
const orphanOf = (truth: Truth, image: string): boolean =>
  [...truth.made].some(({ id }) => image.includes(id))

function isFull(truth: Truth, namespace: string, className: string, have: number, wanted: number): boolean {
  const quota = truth.management.read(MachineClasses, className)?.spec.quota?.machines
  return quota !== undefined && have < wanted && usedOf(truth, namespace, className) >= quota
}

/** A quota may have been made smaller than what runs: that stays, and does not grow. */
function isOverfull(truth: Truth, namespace: string, className = ''): boolean {
  const quota = truth.management.read(MachineClasses, className)?.spec.quota?.machines
  return quota !== undefined && usedOf(truth, namespace, className) > quota
}

/** What was restored may be more than its quota allows meanwhile: then the last is not placed, and its pool says so. */
function hasNoQuota(truth: Truth, { metadata, spec }: Machine): boolean {
  const quota = truth.management.read(MachineClasses, spec.className ?? '')?.spec.quota?.machines
  return (
    spec.vmid === undefined &&
    quota !== undefined &&
    usedOf(truth, metadata.namespace, spec.className) > quota
  )
}

const usedOf = (truth: Truth, namespace: string | undefined, className: string | undefined): number =>
  truth
    .machines()
    .filter(({ metadata, spec }) => metadata.namespace === namespace && spec.className === className).length

/** What a machine says of itself: one that leaves in its last condition, any other in the first that is not so. */
function saidOf({ metadata, status }: Machine): Condition | undefined {
  const unmet = status?.conditions?.filter(({ status: is }) => is !== 'True') ?? []
  return metadata.deletionTimestamp ? unmet.find(({ type }) => type === 'Ready') : unmet[0]
}

function reasonOf(machine: Machine): string {
  const said = saidOf(machine)
  return `${said?.type} ${said?.reason} ${said?.message}`
}

/** Such a time is enough to be looked at and to say what is the matter, milliseconds. */
const WORDLESS_MS = 120_000

/** Who does not say why it is not as it should be, or leaves a person without a way on. */
export function whoIsMute(truth: Truth): string | undefined {
  if (truth.time.now() - truth.forgottenAt < WORDLESS_MS) return undefined
  for (const machine of truth.machines()) {
    const { name, creationTimestamp, deletionTimestamp } = machine.metadata
    const since = Date.parse(deletionTimestamp ?? creationTimestamp ?? '')
    const isAsItShouldBe = deletionTimestamp === undefined && isTrue(machine, 'Ready')
    if (isAsItShouldBe || truth.time.now() - since < WORDLESS_MS) continue
    const said = saidOf(machine)
    if (!said?.reason || said.message.length < 5) return `${name} says nothing: ${JSON.stringify(said)}`
    const namesWayOn = /machine (release|delete)/.test(said.message)
    if (deletionTimestamp && said.status === 'False' && !namesWayOn)
      return `${name} cannot go and names no way on: ${said.reason} ${said.message}`
  }
  return undefined
}

/** What a person is asked for by a condition that names it, and what one who reads it does. */
const machineReasons = new Set([
  'NotOurs',
  'InventorySuspect',
  'StuckLock',
  'Vanished',
  'NodeNameTaken',
  'ClusterReplaced',
])
const poolReasons = new Set([
  'ClusterReplaced',
  'VMsWithoutMachine',
  'ClusterGone',
  'ClusterNotFound',
  'MachinesOfOtherCluster',
])

/** Does what conditions ask a person for. @returns what was done */
export function personActs(truth: Truth): string[] {
  const done: string[] = []
  for (const machine of truth.machines()) {
    const { name, namespace = '', deletionTimestamp } = machine.metadata
    const first = saidOf(machine)
    const said = first?.status === 'False' ? first : undefined
    const isLost = !truth
      .pools()
      .some(({ metadata }) => metadata.name === machine.spec.nodePoolName && metadata.namespace === namespace)
    const vm = truth.madeOf(machine.spec.id)?.vm
    if (said?.reason === 'Protected' && vm) {
      delete vm.config['protection']
      truth.touch()
      done.push(`take the protection off VM ${vm.vmid}`)
    }
    const locked = truth.proxmox.vms.get(Number(/qm unlock (\d+)/.exec(first?.message ?? '')?.[1]))
    if (locked?.config['lock'] !== undefined) {
      delete locked.config['lock']
      truth.touch()
      done.push(`unlock VM ${locked.vmid}`)
    }
    if (said?.reason === 'ForeignDisk') {
      truth.management.change(Machines, { name, namespace }, ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, [ANNOTATION_WITH_DISKS]: '' }
      })
      done.push(`delete ${name} with its disks`)
    }
    const hosts = [machine.status?.node, machine.spec.host]
    const isOnLostHost = hosts.some((host) => host !== undefined && truth.lostHosts.has(host))
    const isHostSaidLost = ['HostGone', 'HostOffline', 'HostUnreachable'].includes(said?.reason ?? '')
    if (isOnLostHost && isHostSaidLost) {
      truth.management.change(Machines, { name, namespace }, ({ metadata }) => {
        metadata.annotations = { ...metadata.annotations, [ANNOTATION_HOST_IS_DEAD]: '' }
      })
      truth.takenAt = truth.time.now()
      void truth.management.kubernetes.delete(Machines, { name, namespace })
      done.push(`delete ${name}, its host is dead`)
      continue
    }
    if (deletionTimestamp || !(isLost || machineReasons.has(said?.reason ?? ''))) continue
    truth.takenAt = truth.time.now()
    void truth.management.kubernetes.delete(Machines, { name, namespace })
    done.push(`delete ${name}: ${isLost ? 'its pool is lost' : said?.reason}`)
  }
  for (const pool of truth.pools()) {
    const { name, namespace = '', deletionTimestamp } = pool.metadata
    const said = pool.status?.conditions?.find(({ type }) => type === 'Ready')
    if (said?.reason === 'VMsWithoutMachine')
      // The VMs are what is left of machines that are lost: a person deletes them.
      for (const one of truth.made)
        if (
          one.namespace === namespace &&
          one.machine.startsWith(`${name}-`) &&
          !truth.machines().some(({ spec }) => spec.id === one.id)
        ) {
          truth.proxmox.vms.delete(one.vm.vmid)
          truth.touch()
          done.push(`delete VM ${one.vm.vmid}`)
        }
    if (said?.reason === 'NotAllowed' && said.message.includes('maxUnavailable to 1')) {
      truth.management.change(NodePools, { name, namespace }, (one) => {
        one.spec.rollout = { ...one.spec.rollout, maxSurge: 0, maxUnavailable: 1 }
        one.metadata.generation = (one.metadata.generation ?? 1) + 1
      })
      done.push(`let pool ${name} go without surge`)
    }
    // While its quota keeps a pool below its number, none of those that it has may be missed, and none is rebooted: a person asks for fewer.
    const waiting = truth
      .machines()
      .filter(({ spec, metadata }) => spec.nodePoolName === name && metadata.namespace === namespace)
    if (
      said?.reason === 'NotAllowed' &&
      said.message.includes('allows a namespace at most') &&
      waiting.some(({ metadata }) => metadata.annotations?.[ANNOTATION_RESHAPE] !== undefined)
    ) {
      truth.management.change(NodePools, { name, namespace }, (one) => {
        one.spec.replicas = waiting.length
        one.metadata.generation = (one.metadata.generation ?? 1) + 1
      })
      done.push(`ask for ${waiting.length} machines of pool ${name}`)
    }
    if (said?.reason === 'JoinFailing' || said?.reason === 'TooManyUnhealthy') {
      const failed = waiting.find(({ status, metadata }) => status?.failure && !metadata.deletionTimestamp)
      if (failed) {
        truth.takenAt = truth.time.now()
        void truth.management.kubernetes.delete(Machines, { name: failed.metadata.name, namespace })
        done.push(`delete ${failed.metadata.name}: ${said.reason}`)
      }
    }
    if (deletionTimestamp || !poolReasons.has(said?.reason ?? '')) continue
    void truth.management.kubernetes.delete(NodePools, { name, namespace })
    done.push(`delete pool ${name}: ${said?.reason}`)
  }
  return done
}

/** Ends what commands began and nobody ended: pauses, failures, control planes that are away. */
export function calm(truth: Truth): void {
  truth.taskFailures = 0
  for (const { metadata, spec } of truth.pools())
    if (spec.paused)
      truth.management.change(
        NodePools,
        { name: metadata.name, namespace: metadata.namespace ?? '' },
        (one) => {
          one.spec.paused = false
          one.metadata.generation = (one.metadata.generation ?? 1) + 1
        },
      )
  for (const { metadata } of truth.machines())
    if (metadata.annotations?.[ANNOTATION_PAUSED] !== undefined)
      truth.management.change(
        Machines,
        { name: metadata.name, namespace: metadata.namespace ?? '' },
        (one) => {
          delete one.metadata.annotations?.[ANNOTATION_PAUSED]
        },
      )
  truth.management.change(ProxmoxClusters, { name: 'dc1' }, ({ spec, metadata }) => {
    spec.paused = false
    metadata.generation = (metadata.generation ?? 1) + 1
  })
  truth.proxmox.silent.clear()
  for (const host of truth.lostHosts) truth.proxmox.silent.add(host)
  truth.removeLostHosts()
  truth.bringTemplates()
  truth.rights.isRefused = false
  truth.rights.lost.clear()
  truth.touch()
  for (const [namespace, name] of CLUSTERS) truth.turn(namespace, name, 'Ready')
  for (const tenant of truth.tenants.values()) tenant.downUntil = 0
  for (const one of truth.made) one.unwellUntil = 0
  for (const [namespace, name] of CLUSTERS)
    if (!truth.management.read(TenantControlPlane, name, namespace) && !truth.ending.has(namespace))
      truth.bring(namespace, name, 'one')
}

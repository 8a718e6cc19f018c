import type { MachineClass } from '@fochista/api'
import { formatBytes } from '@fochista/api'
import type { ClusterResource } from '@fochista/proxmox'
import type { StorageConfig } from '../proxmox-cluster/hypervisor.ts'
import { inventoryOf } from './inventory.ts'
import type { Promises } from './promises.ts'
import { isShared } from './storages.ts'
import { carries, type Template } from './templates.ts'

/** What is looked for. */
export interface HostQuestion {
  readonly machineClass: MachineClass
  readonly poolName: string
  readonly namespace: string
  readonly cores: number
  /** Bytes. */
  readonly memory: number
  /** Bytes. */
  readonly disk: number
  /** Kubelet version that the template must carry. */
  readonly version: string | undefined
  readonly nodes: readonly ClusterResource[]
  readonly vms: readonly ClusterResource[]
  readonly storageResources: readonly ClusterResource[]
  readonly storages: readonly StorageConfig[]
  readonly templates: readonly Template[]
  /** Storages that hold a template's disks. */
  readonly templateStorages: ReadonlyMap<number, readonly string[]>
  /** What the machines of the Proxmox cluster take beside; this one is not among them. */
  readonly promises: Promises
}

/** A host and the template that is cloned onto it. */
export interface HostAnswer {
  readonly host: string
  readonly template: Template
}

/** Why no host will do: one word, and one sentence with the next best thing. */
export interface NoHost {
  readonly reason: string
  readonly message: string
}

interface Candidate extends HostAnswer {
  readonly freeMemory: number
  readonly totalMemory: number
  readonly ofPool: number
}

/** Chooses a host: online, allowed, with a template in reach, and with room beside what is there and what is promised. */
export function chooseHost(question: HostQuestion): HostAnswer | NoHost {
  const { machineClass, nodes } = question
  const allowed = machineClass.spec.nodes
  const online = nodes.filter(
    (node) => node.status === 'online' && (!allowed || allowed.includes(node.node ?? '')),
  )
  if (online.length === 0)
    return {
      reason: 'NoHostOnline',
      message: `No host is online${allowed ? ` among ${allowed.join(', ')}` : ''}.`,
    }
  if (question.templates.length === 0)
    return {
      reason: 'TemplateNotFound',
      message: `No template ${describeTemplate(machineClass)} was found. Make one, or correct template of class "${machineClass.metadata.name}".`,
    }
  const fitting = question.templates.filter((template) => carries(template, question.version))
  if (fitting.length === 0)
    return {
      reason: 'NoTemplateForVersion',
      message: `No template ${describeTemplate(machineClass)} has kubelet ${question.version ?? ''}; there are ${[...new Set(question.templates.map(({ version }) => version ?? 'untagged ones'))].join(', ')}. Make one, or correct template of class "${machineClass.metadata.name}".`,
    }
  const refusals: NoHost[] = []
  const candidates: Candidate[] = []
  for (const node of online) {
    const answer = judgeHost(node, fitting, question)
    if ('reason' in answer) refusals.push(answer)
    else candidates.push(answer)
  }
  const [best] = candidates.sort(
    machineClass.spec.placement?.strategy === 'pack' ? fullestFirst : emptiestFirst,
  )
  if (best) return { host: best.host, template: best.template }
  return {
    reason: refusals[0]?.reason ?? 'NoHost',
    message: `No host has room: ${refusals.map(({ message }) => message).join('; ')}. Make some, or edit class "${machineClass.metadata.name}".`,
  }
}

function judgeHost(
  node: ClusterResource,
  templates: readonly Template[],
  question: HostQuestion,
): Candidate | NoHost {
  const host = node.node ?? ''
  const { machineClass, namespace, poolName, promises } = question
  const ofPool = promises.ofPool(`${namespace}/${poolName}`, host)
  const most = machineClass.spec.placement?.maxPerHost
  if (most !== undefined && ofPool >= most)
    return { reason: 'HostLimit', message: `${host} has ${ofPool} of at most ${most} machines of the pool` }

  const cores = node.maxcpu ?? 0
  if (cores < question.cores)
    return { reason: 'InsufficientCPU', message: `${host} has ${cores} cores, ${question.cores} are needed` }

  const totalMemory = node.maxmem ?? 0
  const freeMemory = totalMemory - memoryInUse(node, question) - promises.memory(host)
  if (freeMemory < question.memory)
    return {
      reason: 'InsufficientMemory',
      message: `${host} has ${sized(Math.max(0, freeMemory))} of memory free, ${sized(question.memory)} are needed`,
    }

  for (const [name, content, bytes] of [
    [machineClass.spec.storage, 'images', question.disk],
    [machineClass.spec.isoStorage, 'iso', 0],
  ] as const) {
    const refusal = judgeStorage(host, name, content, bytes, question)
    if (refusal) return refusal
  }

  const template = templates
    .filter((one) => isInReach(one, host, question))
    .sort((a, b) => Number(b.node === host) - Number(a.node === host) || a.vmid - b.vmid)[0]
  if (!template)
    return {
      reason: 'TemplateNotOnHost',
      message: `${host} has no template ${describeTemplate(machineClass)} of its own, and none is on shared storage`,
    }
  return { host, template, freeMemory, totalMemory, ofPool }
}

/** What runs is counted with all that it may take: a guest that has just booted has not touched its memory yet. */
function memoryInUse(node: ClusterResource, { vms }: HostQuestion): number {
  return Math.max(node.mem ?? 0, inventoryOf(vms).memory.get(node.node) ?? 0)
}

function judgeStorage(
  host: string,
  name: string,
  content: string,
  bytes: number,
  question: HostQuestion,
): NoHost | undefined {
  const resource = question.storageResources.find((one) => one.storage === name && one.node === host)
  if (!resource) return { reason: 'StorageNotFound', message: `${host} has no storage "${name}"` }
  if (resource.status !== 'available')
    return { reason: 'StorageNotAvailable', message: `storage "${name}" is not available on ${host}` }
  const contents = String(resource.content ?? '').split(',')
  if (!contents.includes(content))
    return { reason: 'StorageContent', message: `storage "${name}" does not allow content "${content}"` }
  if (bytes === 0) return undefined
  const promised = question.promises.disk(name, isShared(question.storages, name) ? undefined : host)
  const free = (resource.maxdisk ?? 0) - (resource.disk ?? 0) - promised
  return free < bytes
    ? {
        reason: 'InsufficientStorage',
        message: `storage "${name}" on ${host} has ${sized(Math.max(0, free))} free, ${sized(bytes)} are needed`,
      }
    : undefined
}

/** A clone goes to another host only between storages that both hosts see. */
function isInReach(template: Template, host: string, question: HostQuestion): boolean {
  if (template.node === host) return true
  const own = question.templateStorages.get(template.vmid) ?? []
  return (
    question.nodes.some((node) => node.node === template.node && node.status === 'online') &&
    own.length > 0 &&
    [...own, question.machineClass.spec.storage].every((name) => isShared(question.storages, name))
  )
}

function emptiestFirst(a: Candidate, b: Candidate): number {
  return a.ofPool - b.ofPool || share(b) - share(a) || a.host.localeCompare(b.host)
}

function fullestFirst(a: Candidate, b: Candidate): number {
  return share(a) - share(b) || a.host.localeCompare(b.host)
}

const share = ({ freeMemory, totalMemory }: Candidate): number =>
  totalMemory > 0 ? freeMemory / totalMemory : 0

/** Bytes for people: whole MiB are exact enough. */
function sized(bytes: number): string {
  return bytes < 2 ** 20 ? `${bytes} bytes` : `${formatBytes(Math.floor(bytes / 2 ** 20) * 2 ** 20)}B`
}

function describeTemplate(machineClass: MachineClass): string {
  const { vmid, name, tags } = machineClass.spec.template
  if (vmid !== undefined) return `with VMID ${vmid}`
  return name === undefined ? `with tags ${(tags ?? []).join(', ')}` : `"${name}"`
}

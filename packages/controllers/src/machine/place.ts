import {
  poolProblems,
  printProblem,
  quotaLeft,
  REASON,
  shapeOf,
  usageOf,
  valueOf,
  type MachineClass,
  type NodePool,
  type Shape,
} from '@fochista/api'
import { isPermissionDenied, orUndefined, parsePropertyString, type ClusterResource } from '@fochista/proxmox'
import { AddressesExhaustedError, claimAddresses } from '../placement/addresses.ts'
import { chooseHost, type HostAnswer } from '../placement/hosts.ts'
import { inventoryOf } from '../placement/inventory.ts'
import { createPromises, type Promises } from '../placement/promises.ts'
import { templatesOf, type Template } from '../placement/templates.ts'
import { drawVmid } from '../placement/vmids.ts'
import { inNamespace, inProxmoxCluster, withVmid } from '../machine-groups.ts'
import { poolNameOf } from '../proxmox-cluster/connections.ts'
import type { VmRef } from '../proxmox-cluster/hypervisor.ts'
import { keyOf } from '../runtime/keys.ts'
import { askedOf } from '../node-pool/way.ts'
import type { World } from '../world.ts'
import {
  blocked,
  done,
  ownerOf,
  waiting,
  type Holdup,
  type MachineContext,
  type StepResult,
} from './context.ts'
import { endDoubt, isInDoubt, savePlace } from './doubtful-places.ts'
import { UNCALLED_MS } from './retries.ts'

/**
 * Placed: host, template, VMID and addresses, written to the spec under an optimistic lock before anything is made. They may be drawn
 * again, together, until our mark is seen on the VM.
 */
export async function place(context: MachineContext): Promise<StepResult> {
  const { spec } = context.machine
  if (isPlaced(context)) {
    endDoubt(context.world, context.key)
    return done('Placed', `On ${spec.host} as VM ${spec.vmid}.`)
  }
  const parents = requireParents(context)
  if ('state' in parents) return parents
  // One after the other: each must see what the one before was promised.
  return context.world.placing(spec.proxmoxCluster, () => draw(context, parents.pool, parents.machineClass))
}

function isPlaced({ machine }: MachineContext): boolean {
  const { vmid, host, storage, template, made } = machine.spec
  // One that was adopted has no template that anybody remembers.
  if (made) return true
  return vmid !== undefined && host !== undefined && storage !== undefined && template !== undefined
}

/** Pool and class, if they still allow the machine. */
export function requireParents(
  context: MachineContext,
): { pool: NodePool; machineClass: MachineClass } | StepResult {
  const { pool, machineClass, machine, world } = context
  if (!pool)
    return blocked(
      REASON.poolNotFound,
      `NodePool "${machine.spec.nodePoolName}" is not there; nothing is made for it.`,
    )
  if (!machineClass)
    return blocked('ClassNotFound', `MachineClass "${machine.spec.className ?? ''}" is not there.`)
  const { namespace: name } = context
  const labels = world.caches.namespaces.get(undefined, name)?.metadata.labels ?? {}
  const [problem] = poolProblems(pool, machineClass, { name, labels })
  return problem ? blocked(REASON.notAllowed, printProblem(problem)) : { pool, machineClass }
}

async function draw(
  context: MachineContext,
  pool: NodePool,
  machineClass: MachineClass,
): Promise<StepResult> {
  const { machine, connection, proxmoxCluster, world } = context
  const { observer } = connection
  if (!proxmoxCluster)
    return blocked('ProxmoxClusterNotFound', `ProxmoxCluster "${machine.spec.proxmoxCluster}" is not there.`)
  const found = await ownElsewhere(context)
  const asked = shapeOf(pool, machineClass)
  const templates = templatesOf(machineClass, observer.vms())
  // A clone has at least its template's disk, whatever was asked for, and counts with it.
  const shape = { ...asked, disk: Math.max(asked.disk, ...templates.map(({ disk }) => disk ?? 0)) }
  const overQuota = quotaRefusal(context, pool, machineClass, shape)
  if (overQuota) return overQuota
  const storagesOfTemplates = await templateStorages(context, found ? [] : templates)
  // One list for all that is reckoned: what has begun to run in a later one would be counted nowhere.
  const vms = observer.vms()
  const answer =
    (found && whereFound(found, templates)) ??
    chooseHost({
      machineClass,
      poolName: pool.metadata.name,
      namespace: context.namespace,
      ...shape,
      version: machine.spec.version,
      nodes: observer.nodes(),
      vms,
      storageResources: observer.storages(),
      storages: connection.storages(),
      templates,
      templateStorages: storagesOfTemplates,
      promises: promisesBeside(context, vms),
    })
  if ('reason' in answer) return noRoom(context, answer.reason, answer.message)
  const isClaimed = (one: number): boolean =>
    machine.status?.vmidsGivenUp?.includes(one) === true ||
    isInDoubt(context, one) ||
    world.machines
      .by(withVmid, `${machine.spec.proxmoxCluster}/${one}`)
      .some(({ spec }) => spec.id !== machine.spec.id)
  const { vmidRange } = proxmoxCluster.spec
  const vmid =
    found?.vmid ??
    drawVmid({
      range: vmidRange,
      isTaken: (one) => observer.vm(one) !== undefined || isClaimed(one),
      // Where it begins is the machine's own: two copies of an installation that draw for the same machine then want the same VMID, which
      // Proxmox gives once.
      random: () => Number.parseInt(machine.spec.id.slice(0, 8), 16) / 2 ** 32,
    })
  if (vmid === undefined)
    return noRoom(
      context,
      'VmidsExhausted',
      `No VMID from ${vmidRange.start} to ${vmidRange.end} is free. Widen vmidRange of ProxmoxCluster "${proxmoxCluster.metadata.name}".`,
    )
  let addresses
  try {
    addresses = await claimAddresses(world.kubernetes, machine, machineClass, () => world.machines.list())
  } catch (error) {
    if (error instanceof AddressesExhaustedError) return noRoom(context, 'AddressesExhausted', error.message)
    throw error
  }
  await savePlace(context, ({ spec, status }) => {
    Object.assign(spec, {
      vmid,
      host: answer.host,
      template: { vmid: answer.template.vmid, node: answer.template.node },
      storage: machineClass.spec.storage,
      isoStorage: machineClass.spec.isoStorage,
      pool: poolNameOf(proxmoxCluster, context.namespace),
      ...(addresses.length > 0 ? { addresses } : {}),
      ...shape,
      asked: askedOf(pool),
      ...(pool.metadata.generation === undefined ? {} : { poolGeneration: pool.metadata.generation }),
    })
    if (found && status) status.vmidsGivenUp = (status.vmidsGivenUp ?? []).filter((one) => one !== vmid)
  })
  world.retries.passed(context.key, 'room')
  return done('Placed', `On ${answer.host} as VM ${vmid}${found ? ', which was made before' : ''}.`)
}

/** What was worked out of the list of VMs of each Proxmox cluster, by its name, and is kept with the machines until there is another list. */
const kept = new WeakMap<World, Map<string, { vms: readonly ClusterResource[]; promises: Promises }>>()

/** What all other machines take of the hosts beside what a list of VMs shows as taken. */
function promisesBeside({ machine, world, key }: MachineContext, vms: readonly ClusterResource[]): Promises {
  const { proxmoxCluster } = machine.spec
  const all = kept.get(world) ?? keepPromises(world)
  let known = all.get(proxmoxCluster)
  if (known?.vms !== vms) {
    known = { vms, promises: createPromises(inventoryOf(vms)) }
    all.set(proxmoxCluster, known)
    for (const one of world.machines.by(inProxmoxCluster, proxmoxCluster)) known.promises.put(keyOf(one), one)
  }
  known.promises.put(key, undefined)
  return known.promises
}

function keepPromises(world: World): Map<string, { vms: readonly ClusterResource[]; promises: Promises }> {
  const all: ReturnType<typeof keepPromises> = new Map()
  kept.set(world, all)
  world.machines.follow((key, machine) => {
    for (const [cluster, { promises }] of all)
      promises.put(key, machine?.spec.proxmoxCluster === cluster ? machine : undefined)
  })
  return all
}

/**
 * There is no place for the machine now. Hosts get free without a word to us, but the list that is read anyway shows it: the machines of a pool
 * look again one after the other, and when one has found room all do.
 */
function noRoom({ machine, namespace, world, key }: MachineContext, reason: string, message: string): Holdup {
  const { proxmoxCluster, nodePoolName, version } = machine.spec
  world.retries.failed(key, { what: 'room', where: [proxmoxCluster, namespace, nodePoolName, version] })
  return blocked(reason, message, UNCALLED_MS)
}

/** The pool may ask for more than when the machine was made: what is placed counts again, so that no edit evades the quota. */
function quotaRefusal(
  context: MachineContext,
  pool: NodePool,
  machineClass: MachineClass,
  shape: Shape,
): StepResult | undefined {
  const { machine, namespace, world } = context
  if (!machineClass.spec.quota) return undefined
  const placed = world.machines
    .by(inNamespace, namespace)
    .filter(({ spec }) => spec.cores !== undefined && spec.id !== machine.spec.id)
  const used = usageOf(machineClass, placed, () => undefined)
  const { count, field, rule } = quotaLeft(machineClass, shape, used)
  if (count >= 1) return undefined
  const value = valueOf(pool, shape, field)
  return noRoom(context, REASON.notAllowed, printProblem({ field, value, rule }))
}

/** The host and a template for a VM that is there already: its host's own copy, else any that its class names. */
function whereFound(found: VmRef, templates: readonly Template[]): HostAnswer | undefined {
  const template = templates.find(({ node }) => node === found.node) ?? templates[0]
  return template && { host: found.node, template }
}

/**
 * A VM of the machine that its spec does not name: a clone that was given up and made after all, or one that was made after the backup
 * which the Machine was restored from. It is taken, and no second one is made. Our VMs bear the machine's name, so that few have to be
 * read; whose they are is judged as ever. @returns where it is
 */
export async function ownElsewhere(context: MachineContext): Promise<VmRef | undefined> {
  const { machine, connection, world } = context
  const { proxmoxCluster, vmid: own, id } = machine.spec
  const { observer } = connection
  const candidates = new Set([
    ...(machine.status?.vmidsGivenUp ?? []).flatMap((vmid) => observer.vm(vmid) ?? []),
    ...inventoryOf(observer.vms()).named(machine.metadata.name),
  ])
  const isClaimed = (vmid: number): boolean =>
    world.machines
      .by(withVmid, `${proxmoxCluster}/${vmid}`)
      .some(({ spec }) => spec.vmid === vmid && spec.id !== id)
  for (const { type, node, vmid } of candidates) {
    if (type !== 'qemu' || node === undefined || vmid === undefined) continue
    if (vmid === own || isClaimed(vmid)) continue
    const config = await orUndefined(isPermissionDenied, connection.hypervisor.config({ node, vmid }))
    if (config && ownerOf(context, config).owner === 'us') return { node, vmid }
  }
  return undefined
}

/** Storages that hold the disks of templates which a host would have to reach over the network. */
async function templateStorages(
  { connection }: MachineContext,
  templates: readonly { vmid: number; node: string }[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const entries = await Promise.all(
    templates.map(async ({ vmid, node }) => {
      const config = (await connection.template(node, vmid)) ?? {}
      const storages = Object.entries(config)
        .filter(([key]) => /^(scsi|virtio|sata|ide|efidisk|tpmstate)\d+$/.test(key))
        .flatMap(([key, value]) => storageOf(key, String(value)))
      return [vmid, [...new Set(storages)]] as const
    }),
  )
  return new Map(entries)
}

function storageOf(key: string, drive: string): string[] {
  const { file, media } = parsePropertyString(key.replace(/\d+$/, ''), drive)
  // CD drives are not cloned with their volume.
  if (media === 'cdrom' || typeof file !== 'string' || !file.includes(':')) return []
  return [file.slice(0, file.indexOf(':'))]
}

/** Gives the VMID up, so that the machine is placed anew. What was drawn with it goes too; static addresses stay ours. */
export async function giveUpVmid(
  context: MachineContext,
  reason: string,
  message: string,
  next = 'Another VMID is drawn.',
): Promise<StepResult> {
  const { machine, world } = context
  const { vmid } = machine.spec
  const status = (machine.status ??= {})
  if (vmid !== undefined)
    status.vmidsGivenUp = [...new Set([...(status.vmidsGivenUp ?? []), vmid])].slice(-MOST_GIVEN_UP)
  delete status.task
  delete status.node
  for (const key of ['vmid', 'host', 'template', 'storage', 'isoStorage'] as const) delete machine.spec[key]
  context.connection.slots.release(context.key)
  context.forgetConfig()
  world.voice.tell(machine, 'Warning', reason, message)
  await context.save()
  return waiting(reason, `${message} ${next}`, 0)
}

const MOST_GIVEN_UP = 64

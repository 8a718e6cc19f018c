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
import { parsePropertyString } from '@fochista/proxmox'
import { AddressesExhaustedError, claimAddresses } from '../placement/addresses.ts'
import { chooseHost, type HostAnswer } from '../placement/hosts.ts'
import { templatesOf, type Template } from '../placement/templates.ts'
import { drawVmid } from '../placement/vmids.ts'
import { inNamespace, withVmid } from '../machine-groups.ts'
import { poolNameOf } from '../proxmox-cluster/connections.ts'
import type { VmRef } from '../proxmox-cluster/hypervisor.ts'
import { askedOf } from '../node-pool/way.ts'
import { blocked, done, type Holdup, type MachineContext, type StepResult } from './context.ts'
import { endDoubt, isInDoubt, savePlace } from './doubtful-places.ts'
import { ownElsewhere } from './given-up.ts'
import { promisesBeside } from './promised.ts'
import { lacking } from './refusal.ts'
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
  if ('reason' in answer) {
    // A list without templates may be one of a token that may not see them.
    const unseen = answer.reason === 'TemplateNotFound' ? await lacking(context) : undefined
    if (unseen !== undefined) return noRoom(context, 'PermissionDenied', unseen)
    return noRoom(context, answer.reason, answer.message)
  }
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

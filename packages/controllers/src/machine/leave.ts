import {
  ANNOTATION_HOST_IS_DEAD,
  ANNOTATION_RELEASE,
  FINALIZER,
  getCondition,
  parseMark,
  withMark,
  type Machine,
} from '@fochista/api'
import { TenantControlPlane, TenantNotReadyError, type Tenant } from '@fochista/kamaji'
import { isNotFound as isObjectNotFound, KubernetesError, orUndefined } from '@fochista/kubernetes'
import { isConnectionError, isNotRunning, isPermissionDenied, isTimeout, parseUpid } from '@fochista/proxmox'
import { releaseAddresses } from '../placement/addresses.ts'
import { WritesForbiddenError, type VmConfig, type VmRef } from '../proxmox-cluster/hypervisor.ts'
import { HOW_TO_GRANT } from '../proxmox-cluster/rights.ts'
import { timestampOf } from '../runtime/clock.ts'
import type { World } from '../world.ts'
import { removeFinalizer } from '../runtime/finalizers.ts'
import {
  blocked,
  done,
  hostInQuestion,
  ownerOf,
  waiting,
  type Holdup,
  type MachineContext,
  type StepResult,
} from './context.ts'
import { drainNode } from './drain.ts'
import { removeImages } from './join.ts'
import { runningClones } from './running-clones.ts'
import { awaitUploads } from './running-uploads.ts'
import { hasJoined, nodeOf } from './node.ts'
import {
  awaitDestroyed,
  awaitLock,
  destroy,
  holdRemoval,
  isBeingDestroyed,
  tellLeftDisks,
} from './destroy.ts'
import { durationOf, ownElsewhere } from './place.ts'
import { tokenDescription } from './seed.ts'
import { hostGone } from './vanished.ts'
import {
  failedAt,
  holdAfterFailure,
  lookAtTask,
  noteTask,
  taskOf,
  waitingFor,
  type TaskState,
} from './task.ts'
import { commandOn } from './way-on.ts'

/** How long a guest that is asked to shut down may take before it is switched off, seconds. */
const SHUTDOWN_SECONDS = 60
const PAUSE_MS = 5000

/**
 * Takes a machine away: cordon, drain, stop and see it stopped, delete its Node, destroy its VM, give back what it held. Each part first
 * looks whether it is done, as a step does. The finalizer goes last: until then nothing of the machine can be lost from sight.
 */
export async function leave(context: MachineContext): Promise<StepResult> {
  const { machine, world } = context
  if (machine.metadata.annotations?.[ANNOTATION_RELEASE] !== undefined) return release(context)
  const task = await taskOrSilence(context)
  if ('reason' in task) return task
  if (task.state === 'running') {
    if (task.type === 'qmdestroy') holdRemoval(context, task.upid)
    return waitingFor(context, task.upid, 'WaitingForTask', `Waiting for the task ${task.type} of its VM.`)
  }
  if (task.state === 'failed') context.connection.removals.release(context.key)
  if (task.state === 'failed' && task.type !== 'qmclone')
    return failedAt(
      context,
      task,
      'TaskFailed',
      `The task ${task.type} of VM ${machine.spec.vmid} failed: ${task.exitStatus}. It is tried again.${wayOn(context)}`,
    )
  const held = holdAfterFailure(context, 'Ready', ['TaskFailed'])
  if (held) return held
  const found = await findVm(context)
  // Who leaves clones no more, and holds up nobody who waits for a clone; one that still runs keeps its slot until it has ended.
  if (!('state' in found && found.reason === 'Cloning')) context.connection.slots.release(context.key)
  if ('state' in found) return found
  if (!found.vm) context.connection.removals.release(context.key)
  const tenant = await tenantOf(context)
  if (tenant && 'state' in tenant) return tenant
  const left =
    (found.vm && (await stop(context, found.vm, found.config, tenant))) ??
    (await inTenant(context, tenant, (one) => deleteNode(context, one))) ??
    (found.vm && found.config && (await destroy(context, found.vm, found.config))) ??
    (await imagesOrSilence(context)) ??
    (await inTenant(context, tenant, (one) => one.deleteBootstrapTokens(tokenDescription(machine.spec.id))))
  if (left) return left
  const late = (await takeGivenUp(context)) ?? (await tellLeftDisks(context, task))
  if (late) return late
  await releaseAddresses(world.kubernetes, machine)
  return letGo(context, 'Gone', 'VM, Node, seed image, token and addresses are gone.')
}

/** A clone that was given up and made after all is the machine's too: it is taken as its VM, and goes with the next look. */
async function takeGivenUp(context: MachineContext): Promise<StepResult | undefined> {
  const { machine } = context
  if (machine.spec.made) return undefined
  const found = await ownElsewhere(context)
  if (!found) return undefined
  const { vmid, node } = found
  Object.assign(machine.spec, { vmid, host: node })
  if (machine.status)
    machine.status.vmidsGivenUp = (machine.status.vmidsGivenUp ?? []).filter((one) => one !== vmid)
  await context.save()
  return waiting('VMFound', `VM ${vmid}, given up earlier, was made after all; it goes too.`, 0)
}

async function letGo(context: MachineContext, reason: string, message: string): Promise<StepResult> {
  const { machine, world } = context
  if (context.isConnected) {
    context.connection.slots.release(context.key)
    context.connection.removals.release(context.key)
  }
  world.drains.cancel(context.key)
  world.voice.tell(machine, 'Normal', reason, message)
  removeFinalizer(machine, FINALIZER)
  await context.save()
  return done(reason, message)
}

/** The tenant cluster; undefined if it goes away itself or has nothing of the machine: then drain, Node and token need no care. */
async function tenantOf(context: MachineContext): Promise<Tenant | StepResult | undefined> {
  const { controlPlane, machine, world, namespace } = context
  const name = machine.spec.clusterName
  // Never placed, so never started: the tenant has nothing of it.
  if (name === undefined || machine.spec.vmid === undefined || controlPlane?.metadata.deletionTimestamp)
    return undefined
  // A cache that has no control plane is not proof: one that is only unseen has Nodes to take care of.
  const live =
    controlPlane ??
    (await orUndefined(isObjectNotFound, world.kubernetes.get(TenantControlPlane, { name, namespace })))
  if (!live || live.metadata.deletionTimestamp) return undefined
  try {
    return await world.tenants.get(live)
  } catch (error) {
    return error instanceof TenantNotReadyError ? undefined : unreachable(context, error)
  }
}

/** Does something in the tenant cluster, if it has one and answers. */
async function inTenant(
  context: MachineContext,
  tenant: Tenant | undefined,
  run: (tenant: Tenant) => Promise<StepResult | undefined | void>,
): Promise<StepResult | undefined> {
  if (!tenant) return undefined
  try {
    return (await run(tenant)) ?? undefined
  } catch (error) {
    return unreachable(context, error)
  }
}

/**
 * A tenant cluster that does not answer (it sleeps, is broken, or is not to be trusted) is waited for as long as a drain may take; then the
 * machine goes all the same, and an Event says what may be left. Throws what is not of a tenant cluster.
 */
function unreachable(context: MachineContext, error: unknown): StepResult | undefined {
  if (!(error instanceof KubernetesError)) throw error
  const rest = restOfDrain(context)
  if (rest > 0)
    return waiting(
      'ClusterUnreachable',
      `Waiting for the tenant cluster to answer: ${error.message}`,
      Math.min(rest, PAUSE_MS),
    )
  context.world.voice.tell(
    context.machine,
    'Warning',
    'NodeLeft',
    `The tenant cluster has not answered: ${error.message}. Its Node may be left there.`,
  )
  return undefined
}

/** A server's clock may differ from ours by so much, milliseconds. */
const SKEW_MS = 10 * 60_000
/** When machines were first seen leaving, by our own clock and by key. */
const leavingSince = new WeakMap<World, Map<string, number>>()

/**
 * What is left of the time that a drain may take, milliseconds. It runs from when we saw the machine leave first: the server's clock, which
 * its deletion bears, may be wrong by minutes, and would take them from the drain. Of one that is long on its way its deletion counts, so
 * that no restart of ours gives it all its time again.
 */
function restOfDrain({ machine, pool, world, key }: MachineContext): number {
  const now = world.clock.now()
  const seen = leavingSince.get(world) ?? new Map<string, number>()
  leavingSince.set(world, seen)
  const first = seen.get(key) ?? now
  seen.set(key, first)
  const asked = Date.parse(machine.metadata.deletionTimestamp ?? '')
  const since = first - asked > SKEW_MS ? asked : first
  return since + durationOf(pool?.spec.drain?.timeout, '10m') - now
}

/** Forgets when a machine was first seen leaving: it is gone. */
export function forgetLeaving(world: World, key: string): void {
  leavingSince.get(world)?.delete(key)
}

/** How a deletion that cannot go on is ended by a person. */
const wayOn = ({ machine }: MachineContext): string => ` To keep the VM: ${commandOn(machine, 'release')}.`

/** The VM to be destroyed, if there is one and it is ours. */
async function findVm(context: MachineContext): Promise<{ vm?: VmRef; config?: VmConfig } | StepResult> {
  const { machine, connection, world } = context
  const { vmid, template } = machine.spec
  if (vmid === undefined) return {}
  try {
    const config = await context.config()
    const vm = context.vm()
    if (!config || !vm) {
      // A clone that was asked for may only just begin: its task is seen before its VM is.
      if (template && !machine.spec.made) {
        const running = await runningClones(connection, template)
        if (running.some(({ target = vmid }) => target === vmid))
          return waiting('Cloning', `A clone of template ${template.vmid} runs, which may be ours.`, PAUSE_MS)
      }
      return {}
    }
    if (isBeingDestroyed(config)) return (await awaitDestroyed(context, vm)) ?? {}
    const verdict = ownerOf(context, config)
    if (verdict.owner === 'us') return { vm, config }
    if (verdict.owner === 'undecided')
      return waiting(
        'Cloning',
        `VM ${vmid} is being made (${config.lock}); it is taken away when that has ended.${wayOn(context)}`,
        PAUSE_MS,
      )
    world.voice.tell(machine, 'Warning', 'NotOurs', `VM ${vmid} is ${verdict.what}; it is left alone.`)
    return {}
  } catch (error) {
    if (isPermissionDenied(error))
      return machine.spec.made
        ? blocked(
            'NotReadable',
            `VM ${vmid} cannot be read: the token lacks VM.Audit on /vms/${vmid}. ${HOW_TO_GRANT}${wayOn(context)}`,
            PAUSE_MS * 6,
          )
        : {}
    const isSilent = isConnectionError(error) || isTimeout(error)
    if (!isSilent && !(await hostGone(context))) throw error
    return hostSilent(context, error as Error)
  }
}

/** The task in flight. One on a host that does not answer is waited for until a person says that the host is dead. */
async function taskOrSilence(context: MachineContext): Promise<TaskState | Holdup> {
  const { machine } = context
  const upid = taskOf(machine)
  try {
    return await lookAtTask(context)
  } catch (error) {
    if (upid === undefined || (!isConnectionError(error) && !isTimeout(error))) throw error
    if (!isDeclaredDead(machine)) return noAnswer(context, parseUpid(upid).node, error as Error)
    // Whether the VM's own host is the one that is dead is seen when it is asked for the VM.
    delete machine.status?.task
    return { state: 'none' }
  }
}

/** Deletes the seed images. What lies on a host that a person has called dead is gone with it: the VM may be elsewhere, or destroyed. */
async function imagesOrSilence(context: MachineContext): Promise<StepResult | undefined> {
  const { machine, connection } = context
  try {
    return (await awaitUploads(context)) ?? (await removeImages(context))
  } catch (error) {
    if (!isConnectionError(error) && !isTimeout(error)) throw error
    if (isDeclaredDead(machine)) return undefined
    const { host } = machine.spec
    const isOffline = connection.observer.nodes().find(({ node }) => node === host)?.status === 'offline'
    if (isOffline) return noAnswer(context, host, error as Error)
    throw error
  }
}

const isDeclaredDead = ({ metadata }: Machine): boolean =>
  metadata.annotations?.[ANNOTATION_HOST_IS_DEAD] !== undefined

function noAnswer({ machine }: MachineContext, host: string | undefined, { message }: Error): Holdup {
  return blocked(
    'HostUnreachable',
    `${host} does not answer, so nobody knows whether VM ${machine.spec.vmid} runs: ${message}. If the host is dead: ${commandOn(machine, 'delete', '--host-is-dead')}; to keep the VM: ${commandOn(machine, 'release')}.`,
    PAUSE_MS * 3,
  )
}

/** On a host that does not answer the Node stays, lest two writers share a volume, until it answers or a person says that it is dead. */
async function hostSilent(context: MachineContext, error: Error): Promise<StepResult> {
  const { machine, world } = context
  if (!isDeclaredDead(machine))
    return (await hostGone(context)) ?? noAnswer(context, hostInQuestion(context), error)
  const tenant = await tenantOf(context)
  if (tenant && 'state' in tenant) return tenant
  const left =
    (await inTenant(context, tenant, (one) => deleteNode(context, one))) ??
    (await inTenant(context, tenant, (one) => one.deleteBootstrapTokens(tokenDescription(machine.spec.id))))
  if (left) return left
  await releaseAddresses(world.kubernetes, machine)
  return letGo(
    context,
    'HostDeclaredDead',
    `VM ${machine.spec.vmid} on ${machine.status?.node ?? machine.spec.host} is left behind, as its host was declared dead.`,
  )
}

/** Drains and stops the VM. @returns undefined once its own host says that it does not run */
async function stop(
  context: MachineContext,
  vm: VmRef,
  config: VmConfig | undefined,
  tenant: Tenant | undefined,
): Promise<StepResult | undefined> {
  const { hypervisor } = context.connection
  try {
    const status = await hypervisor.status(vm)
    if (!status || status.status === 'stopped') return undefined
    // Of a backup that runs the drain waits for nothing; what it left to wait for is not drained again and again.
    const lock = config && awaitLock(context, vm, config)
    if (lock && getCondition(context.machine, 'Ready')?.reason === lock.reason) return lock
    const left = await inTenant(context, tenant, (one) => drainNode(context, one, restOfDrain(context)))
    if (left) return left
    if (lock) return lock
    // Of a cluster that goes, and of a guest that never joined, nothing is worth an orderly end.
    const isOrderly = tenant !== undefined && nodeOf(context) !== undefined
    const upid = isOrderly ? await hypervisor.shutdown(vm, SHUTDOWN_SECONDS) : await hypervisor.stop(vm)
    const how = isOrderly ? 'shut down' : 'stopped'
    return await noteTask(context, upid, 'Stopping', `VM ${vm.vmid} is ${how}.`)
  } catch (error) {
    if (isNotRunning(error)) return undefined
    if (isConnectionError(error) || isTimeout(error)) return hostSilent(context, error as Error)
    throw error
  }
}

async function deleteNode(context: MachineContext, tenant: Tenant): Promise<void> {
  const { machine, world } = context
  const node = nodeOf(context)
  // Without a list of the Nodes the tenant is asked; a Node of another provider id is not ours to delete.
  if (!node && !(await hasJoined(context, tenant))) return
  await tenant.deleteNode(machine.metadata.name, node?.metadata.uid ? { uid: node.metadata.uid } : {})
  world.voice.tell(machine, 'Normal', 'NodeDeleted', `Node ${machine.metadata.name} is deleted.`)
}

/** Lets go without destroying: the mark says so if the VM can be reached. */
async function release(context: MachineContext): Promise<StepResult> {
  const { machine, world, namespace } = context
  const config = await orUndefined(() => true, context.config())
  const vm = context.vm()
  const isOurs = config !== undefined && ownerOf(context, config).owner === 'us'
  // The mark of a clone that runs cannot be written, and what it leaves still says `building`.
  const isUnfinished = machine.spec.vmid !== undefined && !machine.spec.made && !isOurs
  if (vm && isOurs && !parseMark(config.description)?.released) {
    const description = withMark(config.description, {
      installation: world.installation,
      namespace,
      pool: machine.spec.nodePoolName,
      machine: machine.metadata.name,
      id: machine.spec.id,
      time: timestampOf(world.clock.now()),
      released: true,
    })
    await orUndefined(
      (error) => isConnectionError(error) || isTimeout(error) || error instanceof WritesForbiddenError,
      context.connection.hypervisor.configure(vm, { description }),
    )
  }
  await releaseAddresses(world.kubernetes, machine)
  return letGo(
    context,
    'Released',
    `VM ${machine.spec.vmid ?? 'none'} on ${vm?.node ?? machine.spec.host ?? 'no host'} is let go and not destroyed.${isUnfinished ? ' It was still being made: what its clone leaves is taken away after an hour, unless somebody adopts it (`fochista orphan list`).' : ''}`,
  )
}

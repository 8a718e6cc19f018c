import { ANNOTATION_RESHAPE, formatBytes, getCondition } from '@fochista/api'
import { TenantNotReadyError, type Tenant } from '@fochista/kamaji'
import { isConflict, isNotFound, KubernetesError, Node, orUndefined } from '@fochista/kubernetes'
import { isNotRunning } from '@fochista/proxmox'
import { limitsOf } from '../node-pool/limits.ts'
import type { VmRef } from '../proxmox-cluster/hypervisor.ts'
import { timestampOf } from '../runtime/clock.ts'
import { waiting, type MachineContext, type StepResult } from './context.ts'
import { drainNode } from './drain.ts'
import { nodeOf } from './node.ts'
import { failedAt, lookAtTask, noteTask } from './task.ts'

/** Annotation of a Node that we have cordoned to reboot its VM: since when, whether it is ours to uncordon, and the boot that is to end. */
const REBOOT = 'fochista.dev/reboot'
/** How long a guest may take to end before it is switched off, seconds. */
const SHUTDOWN_SECONDS = 60
const PAUSE_MS = 5000
/** When to look again at a Node that was not as the watch had shown it, milliseconds. */
const CONFLICT_PAUSE_MS = 1000
/** A tenant finds a Node whose kubelet does not report not Ready within less than this, milliseconds. */
const SILENCE_MS = 120_000

interface Note {
  /** Milliseconds since 1970. */
  readonly since: number
  /** False for a Node that somebody else had cordoned: it stays so. */
  readonly cordoned: boolean
  /** Boot id of the guest that was asked to reboot. */
  readonly bootID?: string
}

/**
 * Drains the Node and reboots the VM, which takes in what waits for a cold start. A guest that does not end is switched off and started: a
 * reboot of Proxmox leaves it running.
 */
export async function rebootInto(context: MachineContext, vm: VmRef): Promise<StepResult> {
  const { machine, connection, world } = context
  const { hypervisor } = connection
  const task = await lookAtTask(context)
  if (task.state === 'failed' && task.type === 'qmshutdown')
    return failedAt(
      context,
      task,
      'RebootFailed',
      `VM ${vm.vmid} could not be rebooted into its new shape: ${task.exitStatus}. It is tried again. \`fochista vm terminal ${vm.vmid}\` shows what its guest does; \`fochista vm stop ${vm.vmid}\` switches it off, and it is started again.`,
    )
  const isHanging = task.state === 'failed' && task.type === 'qmreboot'
  // One that was asked for before a crash.
  const [running] = await hypervisor.runningTasks(vm.node, 'qmreboot', vm.vmid)
  if (!running && !isHanging) {
    const left = await inTenant(context, (tenant) => empty(context, tenant))
    if (left) return left
  }
  const words = `VM ${vm.vmid} is rebooted into its new shape.`
  try {
    const upid =
      running?.upid ??
      (isHanging
        ? await hypervisor.shutdown(vm, SHUTDOWN_SECONDS)
        : await hypervisor.reboot(vm, SHUTDOWN_SECONDS))
    // Not before: while the reboot is refused the Node is not drained again and again.
    world.drains.cancel(context.key)
    // Its health counts from the start that follows.
    world.voice.unknown(machine, 'Started', 'Rebooting', words)
    return await noteTask(context, upid, 'Rebooting', words)
  } catch (error) {
    if (!isNotRunning(error)) throw error
    return waiting('Rebooting', words, 0)
  }
}

/** Cordons and drains the Node up to the pool's limit, and notes which boot is to end. */
async function empty(context: MachineContext, tenant: Tenant): Promise<StepResult | undefined> {
  const { world, pool } = context
  if (!tenant.nodes.isReady)
    return waiting('ListingNodes', 'Waiting for the list of the tenant’s Nodes.', PAUSE_MS)
  const node = nodeOf(context)
  if (!node) return undefined
  const now = world.clock.now()
  const note = noteOf(node)
  // A pause takes nothing from the time.
  const wasPaused = getCondition(context.machine, 'Configured')?.reason === 'Paused'
  if (!note || (wasPaused && note.bootID === undefined)) {
    await write(tenant, node, { since: now, cordoned: note?.cordoned ?? !node.spec?.unschedulable })
    return waiting('Draining', `Node ${node.metadata.name} is drained before its VM is rebooted.`, 0)
  }
  const since = Math.min(note.since, now)
  const rest = since + limitsOf(pool).drain - now
  const left = await drainNode(context, tenant, rest)
  if (left) return left
  const bootID = node.status?.nodeInfo?.bootID
  if (bootID !== undefined && note.bootID !== bootID) await write(tenant, node, { ...note, since, bootID })
  return undefined
}

/**
 * With a lock: whoever cordons in the same moment must not be undone later, and a Node that was let go a moment ago, which is only seen as it was
 * before, must not be taken for one that is drained.
 */
async function write(tenant: Tenant, { metadata }: Node, note: Note): Promise<void> {
  const { name, resourceVersion } = metadata
  const isFirst = note.bootID === undefined
  await tenant.kubernetes.patch(
    Node,
    { name },
    {
      metadata: { annotations: { [REBOOT]: JSON.stringify({ ...note, since: timestampOf(note.since) }) } },
      ...(isFirst ? { spec: { unschedulable: true } } : {}),
    },
    resourceVersion ? { resourceVersion } : {},
  )
}

/** What was noted on a Node. A tenant may have written anything: what says no time takes none from the drain. */
function noteOf({ metadata }: Node): Note | undefined {
  const text = metadata.annotations?.[REBOOT]
  if (text === undefined) return undefined
  try {
    const { since, cordoned, bootID } = JSON.parse(text) as Record<string, unknown>
    return {
      since: Date.parse(String(since)) || Number.POSITIVE_INFINITY,
      cordoned: cordoned === true,
      ...(typeof bootID === 'string' ? { bootID } : {}),
    }
  } catch {
    return { since: Number.POSITIVE_INFINITY, cordoned: true }
  }
}

/** True for a Node that we have cordoned for a reboot and not let go yet. */
export const isHeldForReboot = (node: Node): boolean => noteOf(node) !== undefined

/**
 * What a Node that is said to be Ready is still waited for: its kubelet has not reported since its VM was rebooted, and what it said before
 * holds until it is missed.
 */
export function awaitBoot(
  { machine, world }: MachineContext,
  node: Node | undefined,
): StepResult | undefined {
  const note = node && noteOf(node)
  if (!node || !note) return undefined
  const started = Date.parse(getCondition(machine, 'Started')?.lastTransitionTime ?? '')
  // A fast guest has been rebooted before the watch shows which boot was to end.
  const isOver =
    note.bootID === undefined ? !(started >= note.since) : note.bootID !== node.status?.nodeInfo?.bootID
  if (isOver) return undefined
  const rest = started + SILENCE_MS - world.clock.now()
  return rest > 0
    ? waiting(
        'Rebooting',
        `The VM is rebooted; the kubelet of Node ${node.metadata.name} has not come back yet.`,
        rest,
      )
    : undefined
}

/** Ends a change of shape: the Node is let go, and the machine needs no leave any more. @returns what is to be waited for */
export async function endReboot(context: MachineContext): Promise<StepResult | undefined> {
  const { machine, world } = context
  const node = nodeOf(context)
  const note = node && noteOf(node)
  if (note) {
    const left = await inTenant(context, async (tenant) => {
      await orUndefined(
        isNotFound,
        tenant.kubernetes.patch(
          Node,
          { name: node.metadata.name },
          {
            metadata: { annotations: { [REBOOT]: null } },
            ...(note.cordoned ? { spec: { unschedulable: null } } : {}),
          },
        ),
      )
      return undefined
    })
    if (left) return left
  }
  world.drains.cancel(context.key)
  if (machine.metadata.annotations?.[ANNOTATION_RESHAPE] === 'reboot') reshaped(context)
  return undefined
}

/** The VM has its shape: no leave is needed any more. */
export function reshaped({ machine, world }: MachineContext): void {
  const { [ANNOTATION_RESHAPE]: _done, ...annotations } = machine.metadata.annotations ?? {}
  machine.metadata.annotations = annotations
  const { cores, memory = 0, disk = 0 } = machine.spec
  world.voice.tell(
    machine,
    'Normal',
    'Reshaped',
    `VM ${machine.spec.vmid} has ${cores} cores, ${formatBytes(memory)}B of memory and ${formatBytes(disk)}B of disk.`,
  )
}

/** Does something in the tenant cluster. One that does not answer is waited for: nothing is rebooted that was not drained. */
async function inTenant(
  context: MachineContext,
  run: (tenant: Tenant) => Promise<StepResult | undefined>,
): Promise<StepResult | undefined> {
  const { controlPlane, world } = context
  if (!controlPlane) return waiting('ClusterNotFound', 'The control plane is not there.', PAUSE_MS)
  try {
    return await run(await world.tenants.get(controlPlane))
  } catch (error) {
    if (error instanceof TenantNotReadyError)
      return waiting('ClusterNotReady', `Waiting for the control plane: ${error.message}.`, PAUSE_MS)
    if (isConflict(error))
      return waiting(
        'Draining',
        'Somebody else has just written its Node: it is looked at again.',
        CONFLICT_PAUSE_MS,
      )
    if (error instanceof KubernetesError)
      return waiting('ClusterUnreachable', `Waiting for the tenant cluster: ${error.message}`, PAUSE_MS)
    throw error
  }
}

import {
  formatBytes,
  getCondition,
  poolProblems,
  printMark,
  printProblem,
  REASON,
  type NodePool,
} from '@fochista/api'
import {
  isAlreadyExists,
  isConnectionError,
  isLocked,
  isNotFound,
  isPermissionDenied,
  isStorageFull,
  ProxmoxApiError,
  ProxmoxTaskError,
} from '@fochista/proxmox'
import type { LockDomain, Waiting } from '../placement/slots.ts'
import type { VmConfig } from '../proxmox-cluster/hypervisor.ts'
import { HOW_TO_GRANT } from '../proxmox-cluster/rights.ts'
import { blocked, done, waiting, type Holdup, type MachineContext, type StepResult } from './context.ts'
import { ownerOf } from './ownership.ts'
import { giveUpVmid, ownElsewhere } from './given-up.ts'
import { hostGone, hostOffline } from './host.ts'
import { markOf } from './mark.ts'
import { countEarlierClones, lockDomains, runningClones } from './running-clones.ts'
import { requireParents } from './place.ts'
import { vanished } from './vanished.ts'
import {
  failedAt,
  holdAfterFailure,
  lookAtTask,
  noteTask,
  taskPause,
  waitingFor,
  type FailedTask,
} from './task.ts'
import { unauditedPath } from './unreadable.ts'

/** How long a clone may be locked without a task that anybody knows before a person is asked: lists lag ten seconds behind. */
const STUCK_AFTER_MS = 60_000
const LOCK_PAUSE_MS = 2000
/** How soon a VMID that may not be read, and at which nothing may be, is looked at again, milliseconds. */
const UNREAD_PAUSE_MS = 5000

/**
 * Cloned: a VM with our VMID bears our mark. The VMID was written down before, so that after a crash the VM, or the task that makes it,
 * is found again. A VMID is given up only if its own task failed or the VM there is somebody else's.
 */
export async function clone(context: MachineContext): Promise<StepResult> {
  const { machine, connection } = context
  const { vmid } = machine.spec
  const turn = connection.slots.waiting(context.key)
  // Whoever waits for its turn has begun nothing: what lies at its VMID is looked at when it may clone.
  if (turn) return requireStillAllowed(context) ?? waitingForTurn(turn)
  const task = await lookAtTask(context)
  if (task.state === 'running' && task.type === 'qmclone') {
    connection.slots.hold(context.key, domainsOf(context))
    return waitingFor(
      context,
      task.upid,
      'Cloning',
      `Cloning template ${machine.spec.template?.vmid} into VM ${vmid} on ${machine.spec.host}.`,
    )
  }
  if (task.state === 'failed' && task.type === 'qmclone') return cloneFailed(context, task)

  const config = await configOrRefusal(context)
  if (config !== undefined && config !== 'refused' && 'state' in config) return config
  if (config === 'refused') {
    const path = await unauditedPath(context)
    return path === undefined
      ? giveUpVmid(context, 'VMIDTaken', `VM ${vmid} is somebody else's.`)
      : blocked(
          'NotReadable',
          `VM ${vmid} cannot be read any more: the token lacks VM.Audit on ${path}. ${HOW_TO_GRANT}`,
          // A VM that is there comes back to the list, which wakes its machine; one that was never made does not.
          machine.spec.made ? undefined : UNREAD_PAUSE_MS,
        )
  }
  if (config) return judge(context, config)
  if (machine.spec.made) return vanished(context)
  return (await adoptRunningClone(context)) ?? beginClone(context)
}

/** What is ahead changes without a word; to say it costs no request. */
const TURN_PAUSE_MS = 10_000

function waitingForTurn({ label, ahead }: Waiting): Holdup {
  return waiting(
    'WaitingForCloneSlot',
    `Waiting for a clone slot on \`${label}\` (${ahead} ahead). Nothing to do.`,
    // Whose turn it is is woken; the further back, the less often the number is worth telling.
    Math.max(TURN_PAUSE_MS, ahead * 100),
  )
}

/** What lies at our VMID. */
async function judge(context: MachineContext, config: VmConfig): Promise<StepResult> {
  const { machine } = context
  const { vmid } = machine.spec
  const verdict = ownerOf(context, config)
  if (verdict.owner === 'undecided') return awaitUnlock(context, config)
  if (verdict.owner === 'other')
    return machine.spec.made
      ? blocked('NotOurs', `VM ${vmid} is ${verdict.what}; it is left alone.`)
      : giveUpVmid(context, 'VMIDTaken', `VM ${vmid} is ${verdict.what}.`)
  context.connection.slots.release(context.key)
  context.world.missing.clear(context.key)
  if (machine.status?.failure?.reason === 'Vanished') delete machine.status.failure
  if (!machine.spec.made) {
    machine.spec.made = true
    await context.save()
  }
  return done('Cloned', `VM ${vmid} is made.`)
}

/** A VM whose description is not written yet: whoever makes it will end, and then it can be judged. */
async function awaitUnlock(context: MachineContext, config: VmConfig): Promise<StepResult> {
  const adopted = await adoptRunningClone(context)
  if (adopted) return adopted
  const { vmid } = context.machine.spec
  const since = Date.parse(
    context.machine.status?.conditions?.find(({ type, reason }) => type === 'Cloned' && reason === 'Locked')
      ?.lastTransitionTime ?? '',
  )
  const message = `VM ${vmid} is locked (${config.lock}) and no task is known that makes it.`
  if (context.world.clock.now() - since > STUCK_AFTER_MS)
    return blocked(
      'StuckLock',
      `${message} Unlock it with \`qm unlock ${vmid}\` once you know why, or delete it.`,
      STUCK_AFTER_MS,
    )
  // Not "unknown", as all before it: the minute is counted from the time at which this begins to be said.
  return blocked('Locked', message, LOCK_PAUSE_MS)
}

/** Finds the task of a clone into our VMID that runs already: the UPID names its source, the first line of its log the target. */
async function adoptRunningClone(context: MachineContext): Promise<StepResult | undefined> {
  const { machine, connection } = context
  const { template, vmid } = machine.spec
  if (!template || vmid === undefined) return undefined
  const own = (await runningClones(connection, template)).find(({ target }) => target === vmid)
  if (!own) return undefined
  const { upid } = own
  connection.slots.hold(context.key, domainsOf(context))
  return noteTask(
    context,
    upid,
    'Cloning',
    `Cloning template ${template.vmid} into VM ${vmid}, as begun earlier.`,
  )
}

/** Pool and class are asked again before a clone, also about the shape that was drawn: they may have changed since. */
function requireStillAllowed(context: MachineContext): StepResult | undefined {
  const parents = requireParents(context)
  const { cores, memory, disk } = context.machine.spec
  const asDrawn = (pool: NodePool): NodePool => ({
    ...pool,
    spec: {
      ...pool.spec,
      ...(cores === undefined ? {} : { cores }),
      ...(memory === undefined ? {} : { memory: String(memory) }),
      ...(disk === undefined ? {} : { disk: String(disk) }),
    },
  })
  const [problem] = 'state' in parents ? [] : poolProblems(asDrawn(parents.pool), parents.machineClass)
  const refusal = 'state' in parents ? parents : problem && blocked(REASON.notAllowed, printProblem(problem))
  // Who may not clone holds up nobody behind.
  if (refusal) context.connection.slots.release(context.key)
  return refusal
}

async function beginClone(context: MachineContext): Promise<StepResult> {
  const { machine, connection } = context
  const { vmid, host, template, storage, pool } = machine.spec
  if (vmid === undefined || !host || !template || !storage) return waiting('NotPlaced', 'Not placed yet.', 0)
  const held = holdAfterFailure(context, 'Cloned', ['CloneFailed', 'StorageFull'])
  if (held) return held
  const listed = connection.observer.vm(vmid)
  if (listed && listed.type !== 'qemu')
    return giveUpVmid(context, 'VMIDTaken', `VMID ${vmid} is that of a container on ${listed.node}.`)
  if (listed)
    return waiting('VMIDListed', `The list shows a VM ${vmid} that no host has any more.`, LOCK_PAUSE_MS)
  const refusal = requireStillAllowed(context)
  if (refusal) return refusal
  await countEarlierClones(context)
  const turn = connection.slots.take(context.key, domainsOf(context))
  if (turn) return waitingForTurn(turn)
  const made = await ownElsewhere(context)
  if (made)
    return giveUpVmid(
      context,
      'VMFound',
      `VM ${made.vmid} on ${made.node} is this machine's already.`,
      `It is taken, and VMID ${vmid} is not used.`,
    )
  const isFull = context.machineClass?.spec.fullClone ?? true
  try {
    if (pool)
      await connection.hypervisor.ensurePool(pool, `VMs of namespace ${context.namespace}, made by Fochista`)
    const upid = await connection.hypervisor.clone(template, {
      newid: vmid,
      name: machine.metadata.name,
      description: printMark({ ...markOf(context), building: true }),
      full: isFull,
      ...(isFull ? { storage } : {}),
      ...(pool ? { pool } : {}),
      ...(template.node === host ? {} : { target: host }),
    })
    const words = `Cloning template ${template.vmid} into VM ${vmid} on ${host}.`
    return await noteTask(context, upid, 'Cloning', words)
  } catch (error) {
    // One that may have begun keeps its slot: the next look finds its task, its VM, or neither.
    if (error instanceof ProxmoxApiError && !isConnectionError(error)) connection.slots.release(context.key)
    if (isAlreadyExists(error)) return takenMeanwhile(context)
    if (isNotFound(error)) await connection.observer.refresh()
    if (isNotFound(error) && connection.observer.vm(template.vmid)?.node !== template.node)
      return giveUpVmid(
        context,
        'TemplateGone',
        `Template ${template.vmid} is not on ${template.node} any more.`,
        'Another place is looked for.',
      )
    throw error
  }
}

/**
 * Somebody has made a VM with our VMID since we looked: another person, or a copy of this installation that makes the same machine. What
 * the VM says of itself decides with the next look. One that shows itself nowhere is a stranger's.
 */
async function takenMeanwhile(context: MachineContext): Promise<StepResult> {
  const { machine, connection, world } = context
  const { vmid } = machine.spec
  await connection.observer.refresh()
  const said = getCondition(machine, 'Cloned')
  const since = said?.reason === 'VMIDTaken' ? Date.parse(said.lastTransitionTime) : world.clock.now()
  if (world.clock.now() - since > STUCK_AFTER_MS)
    return giveUpVmid(context, 'VMIDTaken', `VMID ${vmid} is taken by something that cannot be seen.`)
  return blocked(
    'VMIDTaken',
    `VMID ${vmid} was taken meanwhile; whose it is, is looked at next.`,
    LOCK_PAUSE_MS,
  )
}

async function cloneFailed(context: MachineContext, task: FailedTask): Promise<StepResult> {
  const { machine, connection } = context
  const { upid, exitStatus } = task
  connection.slots.release(context.key)
  const failure = new ProxmoxTaskError(upid, exitStatus)
  await context.save()
  // A lock that somebody else held says nothing against VMID or host.
  if (isLocked(failure)) throw failure
  const config = await configOrRefusal(context)
  if (config && config !== 'refused' && !('state' in config) && ownerOf(context, config).owner === 'us')
    return waiting(
      'CloneFailed',
      `The clone into VM ${machine.spec.vmid} failed: ${exitStatus}`,
      taskPause(context, upid),
    )
  const [reason, message] = isStorageFull(failure)
    ? [
        'StorageFull',
        `Storage \`${machine.spec.storage}\` on ${machine.spec.host} has no room for ${formatBytes(machine.spec.disk ?? 0)}B: ${exitStatus}. Make room there; it is tried again by itself.`,
      ]
    : ['CloneFailed', `The clone into VM ${machine.spec.vmid} failed: ${exitStatus}`]
  // Before its place is given up, for that is where it failed.
  const held = failedAt(context, task, reason, `${message} Another VMID is drawn.`)
  await giveUpVmid(context, reason, message)
  return held
}

async function configOrRefusal(context: MachineContext): Promise<VmConfig | Holdup | 'refused' | undefined> {
  try {
    return await context.config()
  } catch (error) {
    if (isPermissionDenied(error)) return 'refused'
    const gone = (await hostGone(context)) ?? (context.machine.spec.made ? hostOffline(context) : undefined)
    if (gone) return gone
    throw error
  }
}

const domainsOf = ({ machine, connection, proxmoxCluster }: MachineContext): LockDomain[] =>
  lockDomains(machine, connection, proxmoxCluster)

import {
  ANNOTATION_PAUSED,
  ANNOTATION_RELEASE,
  CONDITION,
  FINALIZER,
  getCondition,
  isTrue,
  MACHINE_STEPS,
  REASON,
  type MachineStep,
} from '@fochista/api'
import { isConflict } from '@fochista/kubernetes'
import { isPermissionDenied, parseUpid } from '@fochista/proxmox'
import { addFinalizer, hasFinalizer, isDeleting } from '../runtime/finalizers.ts'
import type { Result } from '../runtime/queue.ts'
import type { World } from '../world.ts'
import { clone } from './clone.ts'
import { configure } from './configure.ts'
import { createContext, done, waiting, type Holdup, type MachineContext, type StepResult } from './context.ts'
import { endDoubt } from './doubtful-places.ts'
import { join } from './join.ts'
import { forgetUnlisted, isKept, patienceWithList } from './kept.ts'
import { leave } from './leave.ts'
import { forgetDrain } from './leaving-tenant.ts'
import { phaseOf } from './phase.ts'
import { place } from './place.ts'
import { ready } from './ready.ts'
import { wordsOf } from './refusal.ts'
import { endReboot, reshaped } from './reboot.ts'
import { leaveToReshape } from './reshape.ts'
import { seed } from './seed.ts'
import { start } from './start.ts'
import { taskOf } from './task.ts'
import { commandOn } from './way-on.ts'

/** A machine's way: each step first looks whether it is done, acts only if not, and says so in the condition of its name. */
const steps: Readonly<Record<MachineStep, (context: MachineContext) => Promise<StepResult>>> = {
  Placed: place,
  Cloned: clone,
  Configured: configure,
  Seeded: seed,
  Started: start,
  Joined: join,
  Ready: ready,
}

const UNCONNECTED_PAUSE_MS = 15_000

/** Brings one Machine from declared to Ready, and takes it away again when it is deleted. */
export async function reconcileMachine(
  world: World,
  key: string,
  signal: AbortSignal,
): Promise<Result | undefined> {
  const machine = await world.machines.get(key)
  if (!machine) {
    world.drains.cancel(key)
    forgetDrain(world, key)
    endDoubt(world, key)
    world.missing.clear(key)
    forgetUnlisted(world, key)
    world.retries.forget(key)
    for (const { slots, removals } of world.connections.list()) {
      slots.release(key)
      removals.release(key)
    }
    world.drifted.delete(key)
    return undefined
  }
  const context = createContext(world, machine, signal)
  const held = whyHeld(context)
  if (held) return hold(context, held)
  if (isDeleting(machine)) return takeAway(context)
  if (!hasFinalizer(machine, FINALIZER)) {
    addFinalizer(context.machine, FINALIZER)
    await context.save()
  }
  return bring(context)
}

async function bring(context: MachineContext): Promise<Result> {
  await openTenant(context)
  const rest = patienceWithList(context)
  if (rest > 0) return { requeueAfterMs: rest }
  for (const step of isKept(context) ? (['Ready'] as const) : MACHINE_STEPS) {
    const said = await attempt(context, step, steps[step])
    say(context, step, said)
    if (said.state === 'done') {
      if (step === 'Configured' && leaveToReshape(context.machine) === 'live') reshaped(context)
      continue
    }
    // What comes after a step that is not done cannot be vouched for; but what is changed while the VM runs takes nothing from its Node.
    if (step === 'Configured' && isChangedLive(context)) say(context, 'Ready', await ready(context))
    else if (step !== 'Ready' && getCondition(context.machine, 'Ready')) say(context, 'Ready', said)
    return finish(context, { requeueAfterMs: said.lookAgainMs, isUntried: isWaitingForTurn(context) })
  }
  const left = await attempt(context, 'Ready', endOf)
  if (left.state !== 'done') {
    say(context, 'Ready', left)
    return finish(context, { requeueAfterMs: left.lookAgainMs })
  }
  context.world.drifted.delete(context.key)
  context.world.retries.forget(context.key)
  return finish(context, {})
}

/** True for a machine that serves while its VM is changed. */
const isChangedLive = ({ machine }: MachineContext): boolean =>
  leaveToReshape(machine) === 'live' && machine.status?.wasReady === true

const endOf = async (context: MachineContext): Promise<StepResult> =>
  (await endReboot(context)) ?? done('Ready', 'Its Node is let go.')

async function takeAway(context: MachineContext): Promise<Result> {
  if (!hasFinalizer(context.machine, FINALIZER)) return {}
  await openTenant(context)
  const said = await attempt(context, 'Ready', leave)
  if (said.state === 'done') return {}
  say(context, 'Ready', said)
  return finish(context, { requeueAfterMs: said.lookAgainMs, isUntried: isWaitingForTurn(context) })
}

/** Who waits for its turn to clone or to destroy: where those before it are refused, that it waits is no sign that it works again. */
function isWaitingForTurn(context: MachineContext): boolean {
  if (!context.isConnected) return false
  const { slots, removals } = context.connection
  return (slots.waiting(context.key) ?? removals.waiting(context.key)) !== undefined
}

/** Runs a step. What it throws is said in its condition before the key is put off: a person should see what holds a machine up. */
async function attempt(
  context: MachineContext,
  step: MachineStep,
  run: (context: MachineContext) => Promise<StepResult>,
): Promise<StepResult> {
  context.say = (said) => {
    say(context, step, said)
    sumUp(context)
  }
  try {
    return await run(context)
  } catch (error) {
    if (isConflict(error) || context.signal.aborted) throw error
    const message = await wordsOf(context, error)
    const reason = isPermissionDenied(error) ? 'PermissionDenied' : 'Failed'
    say(context, step, { state: 'blocked', reason, message: message.slice(0, 900) })
    await finish(context, {})
    throw error
  }
}

function say(
  { world, machine }: MachineContext,
  step: MachineStep,
  { state, reason, message: said }: StepResult,
): void {
  // Whatever blocks a deletion, there is a way round it.
  const needsWayOn = state === 'blocked' && isDeleting(machine) && !said.includes('machine release')
  const message = needsWayOn ? `${said} To keep the VM: ${commandOn(machine, 'release')}.` : said
  if (state === 'done') world.voice.yes(machine, step, reason, message)
  else if (state === 'waiting') world.voice.unknown(machine, step, reason, message)
  else world.voice.no(machine, step, reason, message)
}

async function finish(context: MachineContext, result: Result): Promise<Result> {
  sumUp(context)
  await context.save()
  return result
}

function sumUp({ machine }: MachineContext): void {
  const status = (machine.status ??= {})
  status.phase = phaseOf(machine)
  if (machine.metadata.generation !== undefined) status.observedGeneration = machine.metadata.generation
}

/** Connects to the tenant cluster, so that its Nodes are watched. What keeps us from it is said by the step that needs it. */
async function openTenant({ controlPlane, world, machine }: MachineContext): Promise<void> {
  if (!controlPlane || machine.spec.vmid === undefined) return
  await world.tenants.get(controlPlane).catch(() => undefined)
}

/** Why nothing may be done with the machine now: somebody has paused it, or its Proxmox cluster is not connected. */
function whyHeld(context: MachineContext): Holdup | undefined {
  const { machine, pool, proxmoxCluster } = context
  if (machine.metadata.annotations?.[ANNOTATION_PAUSED] !== undefined)
    return waiting('Paused', `Paused by the annotation ${ANNOTATION_PAUSED}.`)
  if (pool?.spec.paused) return waiting('Paused', `Paused with its NodePool "${pool.metadata.name}".`)
  if (proxmoxCluster?.spec.paused)
    return waiting('Paused', `Paused with its ProxmoxCluster "${proxmoxCluster.metadata.name}".`)
  const isReleased = isDeleting(machine) && machine.metadata.annotations?.[ANNOTATION_RELEASE] !== undefined
  const fenced = proxmoxCluster && getCondition(proxmoxCluster, CONDITION.fenced)
  if (fenced?.status === 'True' && !isReleased) return waiting(REASON.fenced, fenced.message)
  if (context.isConnected) return undefined
  const isLeaving = isDeleting(machine)
  // To be let go a machine needs nobody's answer.
  if (isReleased) return undefined
  const name = machine.spec.proxmoxCluster
  const why = !proxmoxCluster
    ? `ProxmoxCluster "${name}" is not there.`
    : `Waiting for Proxmox cluster "${name}". ${getCondition(proxmoxCluster, 'Ready')?.message ?? 'It is not connected yet.'}`
  const wayOn = isLeaving ? ` To keep its VM: ${commandOn(machine, 'release')}.` : ''
  return waiting('ProxmoxUnreachable', `${why}${wayOn}`, UNCONNECTED_PAUSE_MS)
}

/** Does nothing but say why. Whether the Node is Ready is still the tenant's word. */
async function hold(context: MachineContext, why: Holdup): Promise<Result> {
  // Its place in the queue of clones goes to those behind; a clone that runs keeps its slot until the end of its task wakes the machine.
  if (context.isConnected && !(await isCloning(context))) context.connection.slots.release(context.key)
  if (context.isConnected) context.connection.removals.release(context.key)
  // Who pauses wants no further pod moved either; afterwards the drain begins anew and finds what is left.
  if (why.reason === 'Paused') {
    context.world.drains.cancel(context.key)
    forgetDrain(context.world, context.key)
  }
  const step = at(context)
  if (step !== 'Ready' || isDeleting(context.machine)) {
    say(context, step, why)
    return finish(context, { requeueAfterMs: why.lookAgainMs })
  }
  await openTenant(context)
  const rest = patienceWithList(context)
  if (rest > 0) return { requeueAfterMs: Math.min(rest, why.lookAgainMs ?? rest) }
  say(context, step, await ready(context))
  return finish(context, { requeueAfterMs: why.lookAgainMs })
}

/** Whether a clone runs for the machine, as far as it has been noted. Unknown is as good as yes. */
async function isCloning({ machine, connection }: MachineContext): Promise<boolean> {
  const upid = taskOf(machine)
  if (upid === undefined || parseUpid(upid).type !== 'qmclone') return false
  const task = await connection.hypervisor.task(upid).catch(() => 'unknown' as const)
  return task === 'unknown' || task?.state === 'running'
}

/** The step that a machine stands at: the first that was not said to be done. A leaving machine speaks in its last. */
function at({ machine }: MachineContext): MachineStep {
  if (isDeleting(machine)) return 'Ready'
  return MACHINE_STEPS.find((step) => !isTrue(machine, step)) ?? 'Ready'
}

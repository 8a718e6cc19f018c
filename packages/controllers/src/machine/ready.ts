import { getCondition, isTrue, REASON } from '@fochista/api'
import { isPausedForHealth, isReady } from '@fochista/kamaji'
import type { Node } from '@fochista/kubernetes'
import { limitsOf } from '../node-pool/limits.ts'
import { blocked, done, waiting, type MachineContext, type StepResult } from './context.ts'
import { nodeOf } from './node.ts'
import { awaitBoot } from './reboot.ts'
import { leaveToReshape } from './reshape.ts'
import { rolloutCommand } from './way-on.ts'

/** Ready: the Node says so. Want of a network plugin is told apart, for it is never repaired by us. */
export function ready(context: MachineContext): Promise<StepResult> {
  return Promise.resolve(judge(context))
}

function judge(context: MachineContext): StepResult {
  const node = nodeOf(context)
  const status = (context.machine.status ??= {})
  const said = readinessOf(node)
  if (said?.status === 'True') {
    const boot = awaitBoot(context, node)
    if (boot) return boot
    status.wasReady = true
    delete status.failure
    return context.pool
      ? done('Ready', `Node ${node?.metadata.name} is Ready.`)
      : done(
          REASON.poolNotFound,
          `Node ${node?.metadata.name} is Ready. NodePool "${context.machine.spec.nodePoolName}" is not there: the machine keeps running, and nobody replaces it.`,
        )
  }
  const message = said?.message ?? ''
  if (/network ?plugin|cni plugin|NetworkReady=false/i.test(message)) {
    if (hasNetworkPlugin(context))
      return waiting(
        'NetworkStarting',
        `The Node waits for the cluster’s network plugin, whose pod starts after the Node. If that lasts, see what becomes of the pod, with the tenant’s kubeconfig: \`kubectl get pods -A --field-selector spec.nodeName=${node?.metadata.name}\`.`,
      )
    return blocked(
      REASON.waitingForNetwork,
      'The Node waits for a network plugin, which Kamaji does not install. Install one, such as Cilium, Calico or Flannel: with the tenant’s kubeconfig (`fochista cluster kubeconfig NAME`), or next time with `cluster create --apply FILE`.',
    )
  }
  const rest = patienceWith(context, node)
  const trust = said?.status === 'Unknown' ? trustText(context) : ''
  const why =
    said?.status === 'Unknown'
      ? `The kubelet has stopped to report${trust}.`
      : message === ''
        ? 'The Node is not Ready yet.'
        : `The Node is not Ready: ${message.slice(0, 300)}`
  if (rest === undefined || rest > 0) {
    // The time of a condition moves with its status alone: it must not be that of what was waited for before.
    if (getCondition(context.machine, 'Ready')?.reason !== REASON.nodeNotReady)
      context.world.voice.unsay(context.machine, 'Ready')
    return waiting(REASON.nodeNotReady, why, rest)
  }
  // Why it is silent for ever may be known later than that it is.
  const isNews =
    trust !== '' && status.failure?.reason === REASON.nodeUnhealthy && status.failure.message !== why
  if (status.failure === undefined || isNews) {
    status.failure = { reason: REASON.nodeUnhealthy, message: why }
    context.world.voice.tell(context.machine, 'Warning', REASON.nodeUnhealthy, why)
  }
  return blocked(REASON.nodeUnhealthy, `${why} The machine is to be replaced.`)
}

/** A Node was never Ready without one. */
const hasNetworkPlugin = ({ machine, world, namespace }: MachineContext): boolean =>
  machine.status?.wasReady === true ||
  world.tenants
    .nodes(namespace, machine.spec.clusterName ?? '')
    .some((one) => readinessOf(one)?.status === 'True')

/** Why a kubelet will never report again, if that is known: its cluster has another authority since it joined. */
function trustText({ machine, pool }: MachineContext): string {
  const replaced = Date.parse(pool?.status?.cluster?.caSince ?? '')
  const joined = Date.parse(getCondition(machine, 'Joined')?.lastTransitionTime ?? '')
  return joined < replaced
    ? `: it joined before the certificate authority of its cluster was replaced, and trusts the old one. To have such machines replaced: ${rolloutCommand(machine)}`
    : ''
}

const readinessOf = (node: Node | undefined) => node?.status?.conditions?.find(({ type }) => type === 'Ready')

/**
 * How much longer a Node may be not Ready before it counts as unhealthy, milliseconds; undefined while nothing can be said: it was never
 * Ready, or the control plane itself was not steady for as long. Counted by our own clock, from when we saw it so first and the VM was
 * started last: the Node's own times are of the tenant's clock, which may be wrong by minutes.
 */
function patienceWith(
  { machine, controlPlane, pool, world, namespace }: MachineContext,
  node: Node | undefined,
): number | undefined {
  const wasReady = machine.status?.wasReady ?? isTrue(machine, 'Ready')
  if (!wasReady || !node || !controlPlane || !isReady(controlPlane) || isPausedForHealth(controlPlane))
    return undefined
  // What was judged stays judged until the Node is Ready.
  if (machine.status?.failure?.reason === REASON.nodeUnhealthy) return 0
  const now = world.clock.now()
  const answering = world.tenants.answeringSince(namespace, controlPlane.metadata.name)
  if (answering === undefined) return undefined
  const said = getCondition(machine, 'Ready')
  const seen = said?.reason === REASON.nodeNotReady ? Date.parse(said.lastTransitionTime) : now
  const started = Date.parse(getCondition(machine, 'Started')?.lastTransitionTime ?? '')
  const since = Math.max(answering, seen, Number.isNaN(started) ? 0 : started)
  const { nodeStartup, unhealthyAfter } = limitsOf(pool)
  // A guest that we have rebooted ourselves has the time of one that begins.
  return since + (leaveToReshape(machine) === 'reboot' ? nodeStartup : unhealthyAfter) - now
}

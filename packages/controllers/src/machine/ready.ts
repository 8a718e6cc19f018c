import { REASON } from '@fochista/api'
import type { Node } from '@fochista/kubernetes'
import { blocked, done, waiting, type MachineContext, type StepResult } from './context.ts'
import { nodeOf } from './node.ts'

/** Ready: the Node says so. Want of a network plugin is told apart, for it is never repaired by us. */
export function ready(context: MachineContext): Promise<StepResult> {
  return Promise.resolve(judge(nodeOf(context)))
}

function judge(node: Node | undefined): StepResult {
  const said = node?.status?.conditions?.find(({ type }) => type === 'Ready')
  if (said?.status === 'True') return done('Ready', `Node ${node?.metadata.name} is Ready.`)
  const message = said?.message ?? ''
  if (/network ?plugin|cni plugin|NetworkReady=false/i.test(message))
    return blocked(
      REASON.waitingForNetwork,
      'The Node waits for a network plugin, which Kamaji does not install. Install one, such as Cilium, Calico or Flannel: with the tenant’s kubeconfig (`fochista cluster kubeconfig NAME`), or next time with `cluster create --apply FILE`.',
    )
  if (said?.status === 'Unknown') return blocked('NodeUnknown', 'The kubelet has stopped to report.')
  return waiting(
    'NodeNotReady',
    message === '' ? 'The Node is not Ready yet.' : `The Node is not Ready: ${message.slice(0, 300)}`,
  )
}

import { StatusError } from '../errors.ts'
import { kinds } from './kinds.ts'
import type { ControllerHost } from './runtime.ts'
import { timestamp } from './runtime.ts'

/**
 * Adds nodes that are always ready: the machines a management cluster stands on, which nobody emulates further. They renew no
 * lease, so they are not for clusters that run `node-lifecycle`.
 * @param nodes name and internal address of each; nodes that are there already stay as they are.
 */
export function addStaticNodes(
  host: ControllerHost,
  nodes: readonly { name: string; address: string }[],
  kubeletVersion = 'v1.36.3',
): void {
  const now = timestamp(host.clock)
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
    reason,
    message,
  })
  for (const { name, address } of nodes) {
    try {
      host.store.create(kinds.nodes, {
        metadata: {
          name,
          labels: {
            'kubernetes.io/hostname': name,
            'kubernetes.io/os': 'linux',
            'kubernetes.io/arch': 'amd64',
          },
        },
        status: {
          capacity: { cpu: '16', memory: '64Gi', pods: '110' },
          conditions: [
            condition(
              'MemoryPressure',
              'False',
              'KubeletHasSufficientMemory',
              'kubelet has sufficient memory available',
            ),
            condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
            condition(
              'PIDPressure',
              'False',
              'KubeletHasSufficientPID',
              'kubelet has sufficient PID available',
            ),
            condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
          ],
          addresses: [
            { type: 'InternalIP', address },
            { type: 'Hostname', address: name },
          ],
          nodeInfo: {
            kernelVersion: '6.12.0',
            osImage: 'Debian GNU/Linux 13 (trixie)',
            containerRuntimeVersion: 'containerd://2.1.4',
            kubeletVersion,
            operatingSystem: 'linux',
            architecture: 'amd64',
          },
        },
      })
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 409) throw error
    }
    // A new node is tainted until it is ready, which these are from the start.
    host.store.patch(kinds.nodes, { name }, { spec: { taints: null } })
  }
}

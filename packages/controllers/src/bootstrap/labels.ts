import { nodeLabelProblem } from '@fochista/api'
import { BootstrapError } from './error.ts'

// The kubelet refuses labels of Kubernetes' own domains that are not in this list, and ends at once. Source: its flag validation,
// `--node-labels in the 'kubernetes.io' namespace must begin with an allowed prefix …`.
const allowedLabels = new Set([
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'failure-domain.beta.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'kubernetes.io/arch',
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'node.kubernetes.io/instance-type',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
])
const allowedDomains = ['kubelet.kubernetes.io', 'node.kubernetes.io']

/** Node labels by who sets them: the kubelet when it registers, or we afterwards. */
export interface SplitLabels {
  readonly kubelet: Record<string, string>
  readonly afterJoin: Record<string, string>
}

/** Splits a pool's node labels. Throws a BootstrapError naming a label that Kubernetes would not take at all. */
export function splitLabels(labels: Readonly<Record<string, string>> = {}): SplitLabels {
  const split: SplitLabels = { kubelet: {}, afterJoin: {} }
  for (const [key, value] of Object.entries(labels)) {
    const rule = nodeLabelProblem(key, value)
    if (rule) throw new BootstrapError('node label', `${key}=${value}`, rule)
    ;(isForKubelet(key) ? split.kubelet : split.afterJoin)[key] = value
  }
  return split
}

function isForKubelet(key: string): boolean {
  const domain = key.includes('/') ? key.slice(0, key.indexOf('/')) : ''
  const isKubernetes = ['kubernetes.io', 'k8s.io'].some((own) => domain === own || domain.endsWith(`.${own}`))
  if (!isKubernetes || allowedLabels.has(key)) return true
  return allowedDomains.some((allowed) => domain === allowed || domain.endsWith(`.${allowed}`))
}

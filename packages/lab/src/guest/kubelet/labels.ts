import { KubeletExit } from './exit.ts'

const PREFIXES = ['kubelet.kubernetes.io', 'node.kubernetes.io']
const ALLOWED = [
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
]

/** Labels of `--node-labels`. Throws KubeletExit for what a kubelet may not set on itself. */
export function parseNodeLabels(text: string | undefined): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const pair of (text ?? '').split(',')) {
    if (pair.trim() === '') continue
    const split = pair.indexOf('=')
    if (split < 0)
      throw new KubeletExit(
        `failed to parse kubelet flag: invalid argument "${text}" for "--node-labels" flag: malformed pair, expect string=string`,
      )
    labels[pair.slice(0, split).trim()] = pair.slice(split + 1).trim()
  }
  const forbidden = Object.keys(labels).filter((key) => !isAllowed(key))
  if (forbidden.length > 0)
    throw new KubeletExit(
      `failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [${forbidden.toSorted().join(' ')}]\n--node-labels in the 'kubernetes.io' namespace must begin with an allowed prefix (${PREFIXES.join(', ')}) or be in the specifically allowed set (${ALLOWED.join(', ')})`,
    )
  for (const value of Object.values(labels))
    if (!/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/.test(value) || value.length > 63)
      throw new KubeletExit(
        `invalid node labels: '${value}' - a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
      )
  return labels
}

function isAllowed(key: string): boolean {
  const [domain = '', name] = key.split('/')
  if (name === undefined) return true
  const reserved = ['kubernetes.io', 'k8s.io'].some((each) => domain === each || domain.endsWith(`.${each}`))
  if (!reserved || ALLOWED.includes(key)) return true
  return PREFIXES.some((prefix) => domain === prefix || domain.endsWith(`.${prefix}`))
}

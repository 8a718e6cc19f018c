const name = '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?'
const keyPattern = new RegExp(`^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${name}$`)
const valuePattern = new RegExp(`^(${name})?$`)

/** What the kubelet says of its own machine. Its word wins for the first two; the host's name must not be another's. */
const ownLabels = new Set([
  'kubernetes.io/arch',
  'kubernetes.io/os',
  'kubernetes.io/hostname',
  'beta.kubernetes.io/arch',
  'beta.kubernetes.io/os',
])

/** The rule that a label of a Node breaks, in words; undefined if there is none. */
export function nodeLabelProblem(key: string, value: string): string | undefined {
  if (!keyPattern.test(key)) return 'is not the key of a label'
  if (ownLabels.has(key)) return 'is what the kubelet itself says of its machine'
  if (!valuePattern.test(value))
    return 'must have a value of at most 63 letters, digits, “-”, “_” and “.”, first and last a letter or digit'
  return undefined
}

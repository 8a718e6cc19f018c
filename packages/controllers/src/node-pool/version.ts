import type { Machine, MachineClass, NodePool } from '@fochista/api'
import type { TenantControlPlane } from '@fochista/kamaji'
import type { ClusterResource } from '@fochista/proxmox'
import { templatesOf, withV } from '../placement/templates.ts'

/** A kubelet may be older than its control plane by so many minor versions, and never newer. Source: Kubernetes' version skew policy. */
const OLDEST = 3

/** The version that new machines of a pool get, or why there is none. */
export type VersionAnswer =
  | { readonly version: string }
  | { readonly reason: string; readonly message: string }

/** Why a pool's version does not fit its control plane's, field and rule; undefined if it does, or the pool says none. */
export function versionRefusal({ spec: { version } }: NodePool, ofControlPlane: string): string | undefined {
  return version === undefined || isAllowed(withV(version), ofControlPlane)
    ? undefined
    : `spec.version: "${version}" does not fit control plane ${ofControlPlane}: a kubelet is no newer and at most ${OLDEST} minor versions older.`
}

/**
 * Which kubelet new machines get: what the pool says, else what its newest machine has, else the control plane's own with packages, else
 * the newest among the class's templates that the control plane allows.
 */
export function versionFor(
  pool: NodePool,
  machineClass: MachineClass,
  controlPlane: TenantControlPlane,
  machines: readonly Machine[],
  vms: readonly ClusterResource[],
): VersionAnswer {
  const ofControlPlane = controlPlane.spec.kubernetes.version
  const refusal = versionRefusal(pool, ofControlPlane)
  if (refusal !== undefined) return { reason: 'NotAllowed', message: refusal }
  if (pool.spec.version !== undefined) return { version: exact(withV(pool.spec.version), machineClass, vms) }
  const newest = [...machines]
    .filter(({ spec }) => spec.version !== undefined)
    .sort((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))[0]
  if (newest?.spec.version !== undefined && isAllowed(newest.spec.version, ofControlPlane))
    return { version: newest.spec.version }
  if (machineClass.spec.install === 'packages') return { version: withV(ofControlPlane) }
  const offered = templatesOf(machineClass, vms).flatMap(({ version }) => version ?? [])
  const [best] = [...new Set(offered)].filter((one) => isAllowed(one, ofControlPlane)).sort(newestFirst)
  if (best !== undefined) return { version: best }
  return {
    reason: 'NoTemplateForVersion',
    message: `No template of class "${machineClass.metadata.name}" has a kubelet for control plane ${ofControlPlane}${offered.length > 0 ? `; there are ${[...new Set(offered)].join(', ')}` : ': none bears a tag such as kubelet-v1.30.4'}.`,
  }
}

/** A version without its patch level means the newest patch that the templates carry. */
function exact(version: string, machineClass: MachineClass, vms: readonly ClusterResource[]): string {
  if (/^v\d+\.\d+\.\d+/.test(version)) return version
  const [best] = templatesOf(machineClass, vms)
    .flatMap((template) => template.version ?? [])
    .filter((one) => one.startsWith(`${version}.`))
    .sort(newestFirst)
  return best ?? `${version}.0`
}

function isAllowed(kubelet: string, controlPlane: string): boolean {
  const [major, minor = 0] = numbersOf(kubelet)
  const [itsMajor, itsMinor = 0] = numbersOf(controlPlane)
  return major === itsMajor && minor <= itsMinor && itsMinor - minor <= OLDEST
}

function numbersOf(version: string): number[] {
  return withV(version)
    .slice(1)
    .split('.')
    .map((part) => Number.parseInt(part, 10))
}

function newestFirst(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)]
  const at = left.findIndex((part, index) => part !== right[index])
  return at < 0 ? 0 : (right[at] ?? 0) - (left[at] ?? 0)
}

/** Priority of a group in discovery, and of its versions: those that Kubernetes 1.36 registers its own groups with. */
const GROUPS: { [group: string]: number } = {
  '': 18000,
  apps: 17800,
  'events.k8s.io': 17750,
  'authentication.k8s.io': 17700,
  'authorization.k8s.io': 17600,
  autoscaling: 17500,
  batch: 17400,
  'certificates.k8s.io': 17300,
  'networking.k8s.io': 17200,
  policy: 17100,
  'rbac.authorization.k8s.io': 17000,
  'storage.k8s.io': 16800,
  'apiextensions.k8s.io': 16700,
  'admissionregistration.k8s.io': 16700,
  'scheduling.k8s.io': 16600,
  'coordination.k8s.io': 16500,
  'node.k8s.io': 16300,
  'discovery.k8s.io': 16200,
  'flowcontrol.apiserver.k8s.io': 16100,
}

/** The priorities of a built-in group version. */
export function builtinPriorities(group: string, version: string): { group: number; version: number } {
  const own = group === '' ? 1 : version === 'v2' ? 30 : 15
  return { group: GROUPS[group] ?? 15_900, version: own }
}

/** The priorities of a custom group version. */
export const CUSTOM_PRIORITIES = { group: 1000, version: 100 }

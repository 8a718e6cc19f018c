import { startBootstrapSigner, startTokenCleaner } from './bootstrap-tokens.ts'
import { startApprover, startSigner } from './certificates.ts'
import type { Signer } from './certificates.ts'
import { startDaemonSets } from './daemon-set.ts'
import { startDeployments } from './deployment.ts'
import { startDisruption } from './disruption.ts'
import { startEndpoints } from './endpoints.ts'
import { startIpAddresses } from './ip-addresses.ts'
import { startLoadBalancers } from './load-balancer.ts'
import type { LoadBalancers } from './load-balancer.ts'
import { startNodeIpam } from './node-ipam.ts'
import { startNodeLifecycle } from './node-lifecycle.ts'
import type { NodeLifecycleOptions } from './node-lifecycle.ts'
import { startPods } from './pods.ts'
import type { PodOptions } from './pods.ts'
import { startReplicaSets } from './replica-set.ts'
import { startResourceQuotas } from './resource-quota.ts'
import type { ControllerHost, Loop } from './runtime.ts'
import { startScheduler } from './scheduler.ts'
import { startSystemObjects } from './system-objects.ts'
import type { SystemOptions } from './system-objects.ts'

/** What controllers are given from outside. */
export interface ControllerDeps {
  /** Of `pods`: how pods run, and who hears of it. */
  pods?: PodOptions
  /** Of `load-balancer`, which does not start without. */
  loadBalancers?: LoadBalancers
  /** Of `csr-signer`, which does not start without. */
  signer?: Signer
  /** Of `node-lifecycle`. */
  nodes?: NodeLifecycleOptions
  /** Of `node-ipam`: the pod range. Default 10.244.0.0/16. */
  podCidr?: string
  /** Of `system-objects`. */
  system?: SystemOptions
}

const STARTERS = {
  /** default/kubernetes and the system's priority classes. */
  'system-objects': (host: ControllerHost, deps: ControllerDeps) => startSystemObjects(host, deps.system),
  /** An IPAddress for each address of a service. */
  'ip-addresses': (host: ControllerHost) => startIpAddresses(host),
  deployment: (host: ControllerHost) => startDeployments(host),
  'replica-set': (host: ControllerHost) => startReplicaSets(host),
  'daemon-set': (host: ControllerHost) => startDaemonSets(host),
  scheduler: (host: ControllerHost) => startScheduler(host),
  /** The status of disruption budgets. */
  disruption: (host: ControllerHost) => startDisruption(host),
  /** What is taken of quotas. */
  'resource-quota': (host: ControllerHost) => startResourceQuotas(host),
  /** The kubelets' part for pods that are bound to a node. */
  pods: (host: ControllerHost, deps: ControllerDeps) => startPods(host, deps.pods),
  endpoints: (host: ControllerHost) => startEndpoints(host),
  'load-balancer': (host: ControllerHost, deps: ControllerDeps) =>
    deps.loadBalancers === undefined ? undefined : startLoadBalancers(host, deps.loadBalancers),
  'node-lifecycle': (host: ControllerHost, deps: ControllerDeps) => startNodeLifecycle(host, deps.nodes),
  'node-ipam': (host: ControllerHost, deps: ControllerDeps) => startNodeIpam(host, deps.podCidr),
  'csr-approver': (host: ControllerHost) => startApprover(host),
  'csr-signer': (host: ControllerHost, deps: ControllerDeps) =>
    deps.signer === undefined ? undefined : startSigner(host, deps.signer),
  'token-cleaner': (host: ControllerHost) => startTokenCleaner(host),
  'bootstrap-signer': (host: ControllerHost) => startBootstrapSigner(host),
} satisfies { [name: string]: (host: ControllerHost, deps: ControllerDeps) => Loop | undefined }

/** Name of a controller. */
export type ControllerName = keyof typeof STARTERS

/** What every cluster runs. */
const EVERYWHERE: readonly ControllerName[] = [
  'system-objects',
  'ip-addresses',
  'deployment',
  'replica-set',
  'daemon-set',
  'scheduler',
  'disruption',
  'resource-quota',
  'pods',
  'endpoints',
]

/** What a management cluster runs. */
export const MANAGEMENT: readonly ControllerName[] = [...EVERYWHERE, 'load-balancer', 'csr-signer']

/** What a tenant cluster runs. */
export const TENANT: readonly ControllerName[] = [
  ...EVERYWHERE,
  'node-lifecycle',
  'node-ipam',
  'csr-approver',
  'csr-signer',
  'token-cleaner',
  'bootstrap-signer',
]

/** Starts controllers by their names on a server's store. Returns what ends them all. */
export function startControllers(
  host: ControllerHost,
  names: readonly ControllerName[],
  deps: ControllerDeps = {},
): () => void {
  const loops = names.map((name) => STARTERS[name](host, deps))
  const programs = new Set(
    names.flatMap((name) =>
      name === 'system-objects' ? [] : [name === 'scheduler' ? name : 'controller-manager'],
    ),
  )
  for (const program of programs) host.components?.add(program)
  return () => {
    for (const program of programs) host.components?.delete(program)
    for (const loop of loops) loop?.stop()
  }
}

/** Starts what a management cluster runs. */
export function startManagementControllers(host: ControllerHost, deps: ControllerDeps = {}): () => void {
  return startControllers(host, MANAGEMENT, deps)
}

/** Starts what a tenant cluster runs. */
export function startTenantControllers(host: ControllerHost, deps: ControllerDeps = {}): () => void {
  return startControllers(host, TENANT, deps)
}

export { addStaticNodes } from './static-nodes.ts'
export type { PodOptions } from './pods.ts'
export { signWith } from './certificates.ts'
export type { Signer } from './certificates.ts'
export type { LoadBalancers } from './load-balancer.ts'

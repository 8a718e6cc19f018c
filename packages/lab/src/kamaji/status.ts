import type { TenantControlPlane } from '@fochista/kamaji'
import type { ApiObject, Json, JsonObject } from '../kubernetes/resources.ts'
import { asText, at } from '../kubernetes/rest/json.ts'
import { replicasOf } from './control-plane.ts'

/** The status that Kamaji's first write leaves: nothing known but where the API server will be. */
export function emptyStatus(): JsonObject {
  return {
    addons: {
      coreDNS: { enabled: false },
      konnectivity: {
        agent: {},
        certificate: {},
        clusterrolebinding: {},
        configMap: {},
        enabled: false,
        kubeconfig: {},
        sa: {},
        service: { loadBalancer: {}, name: '', namespace: '', port: 0 },
      },
      kubeProxy: { enabled: false },
    },
    certificates: {
      apiServer: {},
      apiServerKubeletClient: {},
      ca: {},
      frontProxyCA: {},
      frontProxyClient: {},
      sa: {},
    },
    kubeadmPhase: { bootstrapToken: {} },
    kubeadmconfig: {},
    kubeconfig: { admin: {}, controllerManager: {}, scheduler: {} },
    kubernetesResources: {
      deployment: { name: '', namespace: '', selector: '' },
      version: { status: 'Provisioning' },
    },
    storage: { certificate: {}, config: {}, setup: {} },
  }
}

const count = (object: ApiObject | undefined, field: string): number => {
  const value = at(object, ['status', field])
  return typeof value === 'number' ? value : 0
}

/** Whether a Deployment runs what it should and nothing else. */
export function isSettled(deployment: ApiObject, desired: number): boolean {
  return (
    deployment.metadata.generation === at(deployment, ['status', 'observedGeneration']) &&
    count(deployment, 'unavailableReplicas') === 0 &&
    count(deployment, 'updatedReplicas') === desired &&
    count(deployment, 'readyReplicas') === desired &&
    count(deployment, 'replicas') === desired
  )
}

/** `status.kubernetesResources.version.status`: the first rule that fits. */
export function versionStatus(tcp: TenantControlPlane, deployment: ApiObject): string {
  const desired = replicasOf(tcp)
  if (desired === 0) return 'Sleeping'
  if (count(deployment, 'readyReplicas') === 0) return 'NotReady'
  const { blockCreation, blockDeletion, blockUpdate } = tcp.spec.writePermissions ?? {}
  if (blockCreation === true || blockDeletion === true || blockUpdate === true) return 'WriteLimited'
  if (isSettled(deployment, desired)) return 'Ready'
  const known = tcp.status?.kubernetesResources?.version?.version ?? ''
  if (known === '') return 'Provisioning'
  return known === tcp.spec.kubernetes.version ? 'Unknown' : 'Upgrading'
}

/** The Deployment's status as the control plane repeats it. */
export function deploymentStatus(tcp: TenantControlPlane, deployment: ApiObject): JsonObject {
  const status = (deployment['status'] ?? {}) as JsonObject
  const { name = '', namespace = '' } = deployment.metadata
  return {
    ...status,
    name,
    namespace,
    selector: `kamaji.clastix.io/name=${tcp.metadata.name}`,
  }
}

/** The Service's status as the control plane repeats it; the ports of the balancer's entries are left out. */
export function serviceStatus(service: ApiObject, port: number, withBalancer: boolean): JsonObject {
  const ingress = at(service, ['status', 'loadBalancer', 'ingress'])
  const entries = Array.isArray(ingress)
    ? ingress.map((entry) => {
        const { ports: _ports, ...rest } = entry as JsonObject
        return rest as Json
      })
    : []
  return {
    loadBalancer: withBalancer && entries.length > 0 ? { ingress: entries } : {},
    name: service.metadata.name ?? '',
    namespace: service.metadata.namespace ?? '',
    port,
  }
}

/** The version status a control plane shows; empty before the first. */
export function shownStatus(object: ApiObject): string {
  return asText(at(object, ['status', 'kubernetesResources', 'version', 'status']))
}

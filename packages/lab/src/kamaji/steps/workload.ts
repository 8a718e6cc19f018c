import type { ApiObject } from '../../kubernetes/resources.ts'
import { at, equal, isObject } from '../../kubernetes/rest/json.ts'
import { deploymentOf } from '../deployment.ts'
import type { DeploymentFacts } from '../deployment.ts'
import { ownedMetadata, portOf } from '../control-plane.ts'
import type { Pass } from '../pass.ts'
import { deploymentStatus, versionStatus } from '../status.ts'
import { gvr, keys } from '../vocabulary.ts'
import { secretChecksum } from '../checksum.ts'

/** Secrets whose change rolls the pods, by the name of the label. */
const PARTS: Record<string, string> = {
  'api-server-certificate': 'api-server-certificate',
  'api-server-kubelet-client-certificate': 'api-server-kubelet-client-certificate',
  ca: 'ca',
  'controller-manager-kubeconfig': 'controller-manager-kubeconfig',
  'front-proxy-ca-certificate': 'front-proxy-ca-certificate',
  'front-proxy-client-certificate': 'front-proxy-client-certificate',
  'scheduler-kubeconfig': 'scheduler-kubeconfig',
  'service-account': 'sa-certificate',
}

/** The Deployment, and what its state means for the control plane's. */
export async function deploymentStep(pass: Pass): Promise<void> {
  const { tcp } = pass
  pass.ensure(gvr.deployments, deploymentOf(tcp, factsOf(pass), pass.get(gvr.deployments, tcp.metadata.name)))
  const deployment = pass.get(gvr.deployments, tcp.metadata.name)
  if (deployment !== undefined) await repeatDeployment(pass, deployment)
}

function factsOf(pass: Pass): DeploymentFacts {
  const sumOf = (suffix: string): string => {
    const data = pass.get(gvr.secrets, `${pass.name}-${suffix}`)?.['data']
    return isObject(data) ? secretChecksum(data as Record<string, string>) : ''
  }
  return {
    address: pass.address,
    etcdEndpoints: pass.etcdEndpoints,
    schema: pass.secretTexts('datastore-config')?.['DB_SCHEMA'] ?? '',
    checksums: {
      ...Object.fromEntries(Object.entries(PARTS).map(([part, suffix]) => [part, sumOf(suffix)])),
      datastore: pass.tcp.spec.dataStore ?? '',
    },
    storageConfig: sumOf('datastore-config'),
    storageCertificate: sumOf('datastore-certificate'),
  }
}

async function repeatDeployment(pass: Pass, deployment: ApiObject): Promise<void> {
  const { tcp } = pass
  const state = versionStatus(tcp, deployment)
  await pass.writeStatus((status) => {
    const resources = status['kubernetesResources']
    if (!isObject(resources)) return
    const old = isObject(resources['deployment']) ? resources['deployment'] : {}
    const next = deploymentStatus(tcp, deployment)
    const { lastUpdate, ...before } = old
    resources['deployment'] = { ...next, lastUpdate: equal(before, next) ? lastUpdate : pass.now }
    const version = isObject(resources['version']) ? resources['version'] : {}
    resources['version'] = {
      ...version,
      status: state,
      ...(state === 'Ready' || state === 'Sleeping' ? { version: tcp.spec.kubernetes.version } : {}),
    }
  })
}

/** The Ingress, when the control plane asks for one. */
export async function ingressStep(pass: Pass): Promise<void> {
  const { tcp } = pass
  const { ingress } = tcp.spec.controlPlane
  if (ingress === undefined || !ingress.hostname) return
  const [host = ''] = ingress.hostname.split(':')
  pass.ensure(gvr.ingresses, {
    metadata: ownedMetadata(tcp, tcp.metadata.name, 'ingress', {
      labels: ingress.additionalMetadata?.labels ?? {},
      annotations: ingress.additionalMetadata?.annotations ?? {},
    }),
    spec: {
      ...(ingress.ingressClassName === undefined ? {} : { ingressClassName: ingress.ingressClassName }),
      rules: [
        {
          host,
          http: {
            paths: [
              {
                path: '/',
                pathType: 'Prefix',
                backend: { service: { name: tcp.metadata.name, port: { number: portOf(tcp) } } },
              },
            ],
          },
        },
      ],
    },
  })
  const found = pass.get(gvr.ingresses, tcp.metadata.name)
  await pass.setStatus(['kubernetesResources', 'ingress'], {
    loadBalancer: (at(found, ['status', 'loadBalancer']) as ApiObject | undefined) ?? {},
    name: tcp.metadata.name,
    namespace: tcp.metadata.namespace ?? '',
  })
}

/** Says that the pass came to its end with this generation. */
export async function observedStep(pass: Pass): Promise<void> {
  await pass.setStatus(['observedGeneration'], pass.object.metadata.generation ?? 1)
}

/** Finalizers of a control plane that are Kamaji's. */
export function hasFinalizer(object: ApiObject, finalizer: string = keys.finalizer): boolean {
  return (object.metadata.finalizers ?? []).includes(finalizer)
}

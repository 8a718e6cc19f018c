import type { TenantControlPlane } from '@fochista/kamaji'
import type { Json, JsonObject } from '../kubernetes/resources.ts'
import { konnectivityPortOf, minorOf, replicasOf } from './control-plane.ts'

/** Text of the API server's egress selector configuration. */
export const EGRESS_SELECTOR = `apiVersion: apiserver.k8s.io/v1beta1
egressSelections:
- connection:
    proxyProtocol: GRPC
    transport:
      uds:
        udsName: /run/konnectivity/konnectivity-server.socket
  name: cluster
kind: EgressSelectorConfiguration
`

/** The API server's flag for it. */
export const EGRESS_FLAG =
  '--egress-selector-config-file=/etc/kubernetes/konnectivity/configurations/egress-selector-configuration.yaml'

/** Name of the server's container. */
export const KONNECTIVITY_CONTAINER = 'konnectivity-server'

/** Volumes that the add-on puts into the pod. */
export function konnectivityVolumes(tcp: TenantControlPlane): JsonObject[] {
  const { name } = tcp.metadata
  return [
    { name: 'konnectivity-uds', emptyDir: { medium: 'Memory' } },
    {
      name: 'egress-selector-configuration',
      configMap: { name: `${name}-konnectivity-egress-selector-configuration`, defaultMode: 420 },
    },
    {
      name: 'konnectivity-server-kubeconfig',
      secret: { secretName: `${name}-konnectivity-kubeconfig`, defaultMode: 420 },
    },
  ]
}

/** Mounts that it puts into the API server's container. */
export const KONNECTIVITY_API_SERVER_MOUNTS: JsonObject[] = [
  { name: 'konnectivity-uds', mountPath: '/run/konnectivity' },
  { name: 'egress-selector-configuration', mountPath: '/etc/kubernetes/konnectivity/configurations' },
]

/** The server's container. */
export function konnectivityContainer(tcp: TenantControlPlane): JsonObject {
  const server = tcp.spec.addons?.konnectivity?.server
  const port = konnectivityPortOf(tcp) ?? 8132
  const tag = server?.version || `v0.${minorOf(tcp)}.0`
  return {
    name: KONNECTIVITY_CONTAINER,
    image: `${server?.image ?? 'registry.k8s.io/kas-network-proxy/proxy-server'}:${tag}`,
    command: ['/proxy-server'],
    args: [
      '--admin-port=8133',
      '--agent-namespace=kube-system',
      `--agent-port=${port}`,
      '--agent-service-account=konnectivity-agent',
      '--authentication-audience=system:konnectivity-server',
      '--cluster-cert=/etc/kubernetes/pki/apiserver.crt',
      '--cluster-key=/etc/kubernetes/pki/apiserver.key',
      '--health-port=8134',
      '--kubeconfig=/etc/kubernetes/konnectivity-server.conf',
      '--mode=grpc',
      `--server-count=${replicasOf(tcp)}`,
      '--server-port=0',
      '--uds-name=/run/konnectivity/konnectivity-server.socket',
      ...(server?.extraArgs ?? []),
    ].toSorted(),
    ports: [
      { name: 'agentport', containerPort: port, protocol: 'TCP' },
      { name: 'adminport', containerPort: 8133, protocol: 'TCP' },
      { name: 'healthport', containerPort: 8134, protocol: 'TCP' },
    ],
    resources: (server?.resources ?? {}) as Json,
    volumeMounts: [
      { name: 'etc-kubernetes-pki', readOnly: true, mountPath: '/etc/kubernetes/pki' },
      {
        name: 'konnectivity-server-kubeconfig',
        readOnly: true,
        mountPath: '/etc/kubernetes/konnectivity-server.conf',
        subPath: 'konnectivity-server.conf',
      },
      { name: 'konnectivity-uds', mountPath: '/run/konnectivity' },
    ],
    livenessProbe: {
      httpGet: { path: '/healthz', port: 8134, scheme: 'HTTP' },
      initialDelaySeconds: 30,
      timeoutSeconds: 60,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: 'Always',
  }
}

import type { TenantControlPlane } from '@fochista/kamaji'
import type { ApiObject, Json, JsonObject } from '../kubernetes/resources.ts'
import { asText, at, copy, isObject } from '../kubernetes/rest/json.ts'
import { checksum } from './checksum.ts'
import { ownedMetadata, podRanges, portOf, replicasOf, serviceRanges, versionOf } from './control-plane.ts'
import {
  EGRESS_FLAG,
  KONNECTIVITY_API_SERVER_MOUNTS,
  KONNECTIVITY_CONTAINER,
  konnectivityContainer,
  konnectivityVolumes,
} from './konnectivity.ts'
import { keys } from './vocabulary.ts'

/** What the Deployment depends on beside the control plane: checksums, by which a change of a Secret rolls the pods. */
export interface DeploymentFacts {
  address: string
  etcdEndpoints: readonly string[]
  schema: string
  /** By part: `ca`, `api-server-certificate`, … */
  checksums: Readonly<Record<string, string>>
  storageConfig: string
  storageCertificate: string
}

type Probes = Partial<Record<'liveness' | 'readiness' | 'startup', JsonObject>>

/** The Deployment of a control plane without konnectivity; what konnectivity has put into `existing` stays as it is. */
export function deploymentOf(
  tcp: TenantControlPlane,
  facts: DeploymentFacts,
  existing: ApiObject | undefined,
): ApiObject {
  const { deployment = {} } = tcp.spec.controlPlane
  const name = tcp.metadata.name
  const before = konnectivityParts(existing)
  const registry = deployment.registrySettings ?? {}
  const image = (program: string): string =>
    `${registry.registry ?? 'registry.k8s.io'}/${program}:${versionOf(tcp)}${registry.tagSuffix ?? ''}`
  const extra = deployment.extraArgs ?? {}
  const resources = (deployment.resources ?? {}) as Record<string, Json>
  const container = (
    component: 'apiServer' | 'scheduler' | 'controllerManager',
    program: string,
    imageName: string,
    args: string[],
    mounts: JsonObject[],
    probe: { paths: [string, string]; port: number },
  ): JsonObject => ({
    name: program,
    image: image(imageName),
    command: [program],
    args,
    resources: resources[component] ?? {},
    volumeMounts: [
      ...((((deployment.additionalVolumeMounts ?? {}) as Record<string, Json>)[component] as
        | JsonObject[]
        | undefined) ?? []),
      ...mounts,
    ],
    ...probesOf(tcp, component, probe.paths, probe.port),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    imagePullPolicy: component === 'apiServer' ? 'Always' : 'IfNotPresent',
    ...securityOf(deployment.containerSecurityContexts as JsonObject | undefined, component),
  })
  const port = portOf(tcp)
  const pki: JsonObject = { name: 'etc-kubernetes-pki', readOnly: true, mountPath: '/etc/kubernetes/pki' }
  const authorities = [
    ['etc-ca-certificates', '/etc/ca-certificates'],
    ['usr-share-ca-certificates', '/usr/share/ca-certificates'],
    ['usr-local-share-ca-certificates', '/usr/local/share/ca-certificates'],
  ].map(([volume, mountPath]): JsonObject => ({ name: volume, readOnly: true, mountPath }))
  const apiServerArgs = withExtra(
    [...apiServerFlags(tcp, facts), ...(before.flag ? [EGRESS_FLAG] : [])],
    extra.apiServer,
  )
  return {
    metadata: {
      ...ownedMetadata(tcp, name, 'deployment', {
        labels: deployment.additionalMetadata?.labels ?? {},
        annotations: {
          ...deployment.additionalMetadata?.annotations,
          ...(extra.apiServer === undefined || extra.apiServer.length === 0
            ? {}
            : { [keys.apiServerArgs]: checksum({ args: apiServerArgs.join('') }) }),
        },
      }),
    },
    spec: {
      replicas: replicasOf(tcp),
      selector: { matchLabels: { [keys.name]: name } },
      strategy: (deployment.strategy ?? {
        type: 'RollingUpdate',
        rollingUpdate: { maxUnavailable: 0, maxSurge: '100%' },
      }) as Json,
      template: {
        metadata: {
          labels: {
            ...deployment.podAdditionalMetadata?.labels,
            ...Object.fromEntries(
              Object.entries(facts.checksums).map(([part, value]) => [
                `component.kamaji.clastix.io/${part}`,
                value,
              ]),
            ),
            [keys.component]: 'deployment',
            [keys.name]: name,
          },
          annotations: {
            ...deployment.podAdditionalMetadata?.annotations,
            'storage.kamaji.clastix.io/certificate': facts.storageCertificate,
            'storage.kamaji.clastix.io/config': facts.storageConfig,
          },
        },
        spec: {
          volumes: [
            ...((deployment.additionalVolumes ?? []) as unknown as JsonObject[]),
            ...volumesOf(name),
            ...before.volumes,
          ],
          ...(deployment.additionalInitContainers === undefined
            ? {}
            : { initContainers: deployment.additionalInitContainers as unknown as JsonObject[] }),
          containers: [
            ...((deployment.additionalContainers ?? []) as unknown as JsonObject[]),
            container(
              'apiServer',
              'kube-apiserver',
              registry.apiServerImage ?? 'kube-apiserver',
              apiServerArgs,
              [pki, ...authorities, ...before.mounts],
              { paths: ['/livez', '/readyz'], port },
            ),
            container(
              'scheduler',
              'kube-scheduler',
              registry.schedulerImage ?? 'kube-scheduler',
              withExtra(SCHEDULER_FLAGS, extra.scheduler),
              [{ name: 'scheduler-kubeconfig', readOnly: true, mountPath: '/etc/kubernetes' }],
              { paths: ['/healthz', '/healthz'], port: 10259 },
            ),
            container(
              'controllerManager',
              'kube-controller-manager',
              registry.controllerManagerImage ?? 'kube-controller-manager',
              withExtra(controllerManagerFlags(tcp), extra.controllerManager),
              [
                { name: 'controller-manager-kubeconfig', readOnly: true, mountPath: '/etc/kubernetes' },
                pki,
                ...authorities,
              ],
              { paths: ['/healthz', '/healthz'], port: 10257 },
            ),
            ...before.containers,
          ],
          ...placementOf(tcp),
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 30,
          dnsPolicy: 'ClusterFirst',
          serviceAccountName: deployment.serviceAccountName ?? 'default',
          serviceAccount: deployment.serviceAccountName ?? 'default',
          securityContext: (deployment.podSecurityContext ?? {}) as Json,
          schedulerName: 'default-scheduler',
        },
      },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
    },
  }
}

/** The Deployment with konnectivity's container, volumes, mounts and flag as they must be. */
export function withKonnectivity(tcp: TenantControlPlane, deployment: ApiObject): ApiObject {
  const next = copy(deployment)
  const spec = at(next, ['spec', 'template', 'spec'])
  if (!isObject(spec)) return next
  const containers = listOf(spec['containers'])
  const volumes = listOf(spec['volumes'])
  const wanted = konnectivityContainer(tcp)
  const place = containers.findIndex((each) => each['name'] === KONNECTIVITY_CONTAINER)
  if (place < 0) containers.push(wanted)
  else containers[place] = wanted
  for (const volume of konnectivityVolumes(tcp))
    if (!volumes.some((each) => each['name'] === volume['name'])) volumes.push(volume)
  const apiServer = containers.find((each) => each['name'] === 'kube-apiserver')
  if (apiServer !== undefined) {
    const args = Array.isArray(apiServer['args']) ? apiServer['args'] : []
    if (!args.includes(EGRESS_FLAG)) apiServer['args'] = [...args, EGRESS_FLAG]
    const mounts = listOf(apiServer['volumeMounts'])
    for (const mount of KONNECTIVITY_API_SERVER_MOUNTS)
      if (!mounts.some((each) => each['name'] === mount['name'])) mounts.push(mount)
    apiServer['volumeMounts'] = mounts
  }
  spec['containers'] = containers
  spec['volumes'] = volumes
  return next
}

/** The Deployment without what `withKonnectivity` puts in, but for the volumes. */
export function withoutKonnectivity(deployment: ApiObject): ApiObject {
  const next = copy(deployment)
  const spec = at(next, ['spec', 'template', 'spec'])
  if (!isObject(spec)) return next
  const containers = listOf(spec['containers']).filter((each) => each['name'] !== KONNECTIVITY_CONTAINER)
  const apiServer = containers.find((each) => each['name'] === 'kube-apiserver')
  if (apiServer !== undefined) {
    const args = Array.isArray(apiServer['args']) ? apiServer['args'] : []
    apiServer['args'] = args.filter((each) => each !== EGRESS_FLAG)
    const names = new Set(KONNECTIVITY_API_SERVER_MOUNTS.map((mount) => mount['name']))
    apiServer['volumeMounts'] = listOf(apiServer['volumeMounts']).filter((mount) => !names.has(mount['name']))
  }
  spec['containers'] = containers
  return next
}

function konnectivityParts(existing: ApiObject | undefined): {
  flag: boolean
  containers: JsonObject[]
  volumes: JsonObject[]
  mounts: JsonObject[]
} {
  const spec = at(existing, ['spec', 'template', 'spec'])
  if (!isObject(spec)) return { flag: false, containers: [], volumes: [], mounts: [] }
  const containers = listOf(spec['containers'])
  const apiServer = containers.find((each) => each['name'] === 'kube-apiserver')
  const names = new Set([
    'konnectivity-uds',
    'egress-selector-configuration',
    'konnectivity-server-kubeconfig',
  ])
  const own = (each: JsonObject): boolean => names.has(asText(each['name']))
  return {
    flag: Array.isArray(apiServer?.['args']) && apiServer['args'].includes(EGRESS_FLAG),
    containers: containers.filter((each) => each['name'] === KONNECTIVITY_CONTAINER),
    volumes: listOf(spec['volumes']).filter(own),
    mounts: listOf(apiServer?.['volumeMounts']).filter(own),
  }
}

function listOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function withExtra(flags: readonly string[], extra: readonly string[] | undefined): string[] {
  const all = new Map<string, string>()
  for (const flag of [...(extra ?? []), ...flags]) {
    const key = flag.split('=')[0] ?? flag
    // What a user overrides stays, except what Kamaji needs for itself.
    if (!all.has(key) || ALWAYS.has(key)) all.set(key, flag)
  }
  return [...all.values()].toSorted()
}

const ALWAYS = new Set([
  '--advertise-address',
  '--client-ca-file',
  '--enable-admission-plugins',
  '--etcd-cafile',
  '--etcd-certfile',
  '--etcd-compaction-interval',
  '--etcd-keyfile',
  '--etcd-prefix',
  '--etcd-servers',
  '--secure-port',
  '--service-cluster-ip-range',
  '--tls-cert-file',
  '--tls-private-key-file',
])

function apiServerFlags(tcp: TenantControlPlane, facts: DeploymentFacts): string[] {
  const { kubernetes, networkProfile = {} } = tcp.spec
  const pki = '/etc/kubernetes/pki'
  return [
    `--advertise-address=${networkProfile.advertiseAddress || facts.address}`,
    '--allow-privileged=true',
    '--authorization-mode=Node,RBAC',
    `--client-ca-file=${pki}/ca.crt`,
    `--enable-admission-plugins=${(kubernetes.admissionControllers ?? []).join(',')}`,
    '--enable-bootstrap-token-auth=true',
    `--etcd-cafile=${pki}/etcd/ca.crt`,
    `--etcd-certfile=${pki}/etcd/server.crt`,
    '--etcd-compaction-interval=0',
    `--etcd-keyfile=${pki}/etcd/server.key`,
    `--etcd-prefix=/${facts.schema}`,
    `--etcd-servers=${facts.etcdEndpoints.map((endpoint) => `https://${endpoint}`).join(',')}`,
    `--kubelet-client-certificate=${pki}/apiserver-kubelet-client.crt`,
    `--kubelet-client-key=${pki}/apiserver-kubelet-client.key`,
    `--kubelet-preferred-address-types=${(kubernetes.kubelet.preferredAddressTypes ?? ['InternalIP', 'ExternalIP', 'Hostname']).join(',')}`,
    `--proxy-client-cert-file=${pki}/front-proxy-client.crt`,
    `--proxy-client-key-file=${pki}/front-proxy-client.key`,
    '--requestheader-allowed-names=front-proxy-client',
    `--requestheader-client-ca-file=${pki}/front-proxy-ca.crt`,
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--secure-port=${portOf(tcp)}`,
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${pki}/sa.pub`,
    `--service-account-signing-key-file=${pki}/sa.key`,
    `--service-cluster-ip-range=${serviceRanges(tcp).join(',')}`,
    `--tls-cert-file=${pki}/apiserver.crt`,
    `--tls-private-key-file=${pki}/apiserver.key`,
  ]
}

const SCHEDULER_FLAGS = [
  '--authentication-kubeconfig=/etc/kubernetes/scheduler.conf',
  '--authorization-kubeconfig=/etc/kubernetes/scheduler.conf',
  '--bind-address=0.0.0.0',
  '--kubeconfig=/etc/kubernetes/scheduler.conf',
  '--leader-elect=true',
]

function controllerManagerFlags(tcp: TenantControlPlane): string[] {
  const pki = '/etc/kubernetes/pki'
  return [
    '--allocate-node-cidrs=true',
    '--authentication-kubeconfig=/etc/kubernetes/controller-manager.conf',
    '--authorization-kubeconfig=/etc/kubernetes/controller-manager.conf',
    '--bind-address=0.0.0.0',
    `--client-ca-file=${pki}/ca.crt`,
    `--cluster-cidr=${podRanges(tcp).join(',')}`,
    `--cluster-name=${tcp.metadata.name}`,
    `--cluster-signing-cert-file=${pki}/ca.crt`,
    `--cluster-signing-key-file=${pki}/ca.key`,
    '--controllers=*,bootstrapsigner,tokencleaner',
    '--kubeconfig=/etc/kubernetes/controller-manager.conf',
    '--leader-elect=true',
    `--requestheader-client-ca-file=${pki}/front-proxy-ca.crt`,
    `--root-ca-file=${pki}/ca.crt`,
    `--service-account-private-key-file=${pki}/sa.key`,
    `--service-cluster-ip-range=${serviceRanges(tcp).join(',')}`,
    '--use-service-account-credentials=true',
  ]
}

function volumesOf(name: string): JsonObject[] {
  const source = (suffix: string, items: [string, string][]): JsonObject => ({
    secret: { name: `${name}-${suffix}`, items: items.map(([key, path]) => ({ key, path })) },
  })
  const pair = (key: string): [string, string][] => [
    [`${key}.crt`, `${key}.crt`],
    [`${key}.key`, `${key}.key`],
  ]
  const secret = (volume: string, suffix: string): JsonObject => ({
    name: volume,
    secret: { secretName: `${name}-${suffix}`, defaultMode: 420 },
  })
  return [
    {
      name: 'etc-kubernetes-pki',
      projected: {
        sources: [
          source('api-server-certificate', pair('apiserver')),
          source('ca', pair('ca')),
          source('api-server-kubelet-client-certificate', pair('apiserver-kubelet-client')),
          source('front-proxy-ca-certificate', pair('front-proxy-ca')),
          source('front-proxy-client-certificate', pair('front-proxy-client')),
          source('sa-certificate', [
            ['sa.pub', 'sa.pub'],
            ['sa.key', 'sa.key'],
          ]),
          source('datastore-certificate', [
            ['ca.crt', 'etcd/ca.crt'],
            ['server.crt', 'etcd/server.crt'],
            ['server.key', 'etcd/server.key'],
          ]),
        ],
        defaultMode: 420,
      },
    },
    secret('etc-ca-certificates', 'ca'),
    secret('usr-share-ca-certificates', 'ca'),
    secret('usr-local-share-ca-certificates', 'ca'),
    secret('scheduler-kubeconfig', 'scheduler-kubeconfig'),
    secret('controller-manager-kubeconfig', 'controller-manager-kubeconfig'),
  ]
}

function probesOf(
  tcp: TenantControlPlane,
  component: string,
  [live, ready]: [string, string],
  port: number,
): JsonObject {
  const settings = (tcp.spec.controlPlane.deployment?.probes ?? {}) as Probes & Record<string, Probes>
  const probe = (which: 'liveness' | 'readiness' | 'startup', path: string): JsonObject => ({
    httpGet: { path, port, scheme: 'HTTPS' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
    ...settings[which],
    ...settings[component]?.[which],
  })
  return {
    livenessProbe: probe('liveness', live),
    readinessProbe: probe('readiness', ready),
    startupProbe: probe('startup', live),
  }
}

function securityOf(contexts: JsonObject | undefined, component: string): JsonObject {
  const context = contexts?.[component]
  return context === undefined ? {} : { securityContext: context }
}

function placementOf(tcp: TenantControlPlane): JsonObject {
  const { deployment = {} } = tcp.spec.controlPlane
  const chosen: JsonObject = {}
  const put = (key: string, value: unknown): void => {
    if (value !== undefined) chosen[key] = value as Json
  }
  put('nodeSelector', deployment.nodeSelector)
  put('tolerations', deployment.tolerations)
  put('affinity', deployment.affinity)
  put('topologySpreadConstraints', deployment.topologySpreadConstraints)
  put('runtimeClassName', deployment.runtimeClassName)
  put('automountServiceAccountToken', deployment.automountServiceAccountToken)
  return chosen
}

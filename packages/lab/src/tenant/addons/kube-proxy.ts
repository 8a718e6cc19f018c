import { joinHostPort, versionOf } from '../../kamaji/control-plane.ts'
import { gvr } from '../../kamaji/vocabulary.ts'
import type { AddonFacts, Manifest } from './manifest.ts'
import { account, BOOTSTRAP_GROUP, clusterBinding, group, PROJECT, readConfigMap } from './manifest.ts'

const CONFIG = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection:
  acceptContentTypes: ""
  burst: 0
  contentType: ""
  kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
  qps: 0
clusterCIDR: ""
configSyncPeriod: 0s
conntrack:
  maxPerCore: null
  min: null
  tcpBeLiberal: false
  tcpCloseWaitTimeout: null
  tcpEstablishedTimeout: null
  udpStreamTimeout: 0s
  udpTimeout: 0s
detectLocal:
  bridgeInterface: ""
  interfaceNamePrefix: ""
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: ""
iptables:
  localhostNodePorts: null
  masqueradeAll: false
  masqueradeBit: null
  minSyncPeriod: 0s
  syncPeriod: 0s
ipvs:
  excludeCIDRs: null
  minSyncPeriod: 0s
  scheduler: ""
  strictARP: false
  syncPeriod: 0s
  tcpFinTimeout: 0s
  tcpTimeout: 0s
  udpTimeout: 0s
kind: KubeProxyConfiguration
logging:
  flushFrequency: 0
  options:
    json:
      infoBufferSize: "0"
    text:
      infoBufferSize: "0"
  verbosity: 0
metricsBindAddress: ""
mode: ""
nftables:
  masqueradeAll: false
  masqueradeBit: null
  minSyncPeriod: 0s
  syncPeriod: 0s
nodePortAddresses: null
oomScoreAdj: null
portRange: ""
showHiddenMetricsForVersion: ""
winkernel:
  enableDSR: false
  forwardHealthCheckVip: false
  networkName: ""
  rootHnsEndpointName: ""
  sourceVip: ""`

const kubeconfig = (server: string): string => `apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
    server: ${server}
  name: default
contexts:
- context:
    cluster: default
    namespace: default
    user: default
  name: default
current-context: default
users:
- name: default
  user:
    tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token`

/** kube-proxy on every node. */
export function kubeProxyManifests({ tcp, endpoint }: AddonFacts): Manifest[] {
  const addon = tcp.spec.addons?.kubeProxy
  const image = `${addon?.imageRepository ?? 'registry.k8s.io'}/kube-proxy:${addon?.imageTag ?? versionOf(tcp)}`
  const labels = { 'k8s-app': 'kube-proxy', ...PROJECT }
  const metadata = { name: 'kube-proxy', namespace: 'kube-system' }
  return [
    clusterBinding('kubeadm:node-proxier', 'system:node-proxier', [account('kube-proxy')], PROJECT),
    { gvr: gvr.serviceAccounts, object: { metadata: { ...metadata, labels: PROJECT } } },
    ...readConfigMap('kube-system', 'kube-proxy', 'kube-proxy', [group(BOOTSTRAP_GROUP)], PROJECT),
    {
      gvr: gvr.configMaps,
      object: {
        metadata: { ...metadata, labels: { app: 'kube-proxy', ...PROJECT } },
        data: {
          'config.conf': CONFIG,
          'kubeconfig.conf': kubeconfig(`https://${joinHostPort(endpoint.host, endpoint.port)}`),
        },
      },
    },
    {
      gvr: gvr.daemonSets,
      object: {
        metadata: { ...metadata, labels },
        spec: {
          selector: { matchLabels: { 'k8s-app': 'kube-proxy' } },
          updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
          template: {
            metadata: { labels: { 'k8s-app': 'kube-proxy' } },
            spec: {
              volumes: [
                { name: 'kube-proxy', configMap: { name: 'kube-proxy', defaultMode: 420 } },
                { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
                { name: 'lib-modules', hostPath: { path: '/lib/modules', type: '' } },
              ],
              containers: [
                {
                  name: 'kube-proxy',
                  image,
                  command: [
                    '/usr/local/bin/kube-proxy',
                    '--config=/var/lib/kube-proxy/config.conf',
                    '--hostname-override=$(NODE_NAME)',
                  ],
                  env: [
                    {
                      name: 'NODE_NAME',
                      valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } },
                    },
                  ],
                  resources: {},
                  volumeMounts: [
                    { name: 'kube-proxy', mountPath: '/var/lib/kube-proxy' },
                    { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
                    { name: 'lib-modules', readOnly: true, mountPath: '/lib/modules' },
                  ],
                  terminationMessagePath: '/dev/termination-log',
                  terminationMessagePolicy: 'File',
                  imagePullPolicy: 'IfNotPresent',
                  securityContext: { privileged: true },
                },
              ],
              restartPolicy: 'Always',
              terminationGracePeriodSeconds: 30,
              dnsPolicy: 'ClusterFirst',
              nodeSelector: { 'kubernetes.io/os': 'linux' },
              serviceAccountName: 'kube-proxy',
              serviceAccount: 'kube-proxy',
              hostNetwork: true,
              securityContext: {},
              schedulerName: 'default-scheduler',
              tolerations: [{ operator: 'Exists' }],
              priorityClassName: 'system-node-critical',
            },
          },
        },
      },
    },
  ]
}

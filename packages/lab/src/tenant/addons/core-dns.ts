import { addressIn, parseCidr } from '../../kamaji/admission/addresses.ts'
import { domainOf, serviceRanges } from '../../kamaji/control-plane.ts'
import { gvr } from '../../kamaji/vocabulary.ts'
import type { AddonFacts, Manifest } from './manifest.ts'
import { account, clusterBinding, PROJECT } from './manifest.ts'

const corefile = (domain: string): string => `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes ${domain} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success ${domain}
       disable denial ${domain}
    }
    loop
    reload
    loadbalance
}
`

/** The cluster's DNS. The binding comes first: it owns the rest. */
export function coreDnsManifests({ tcp }: AddonFacts): Manifest[] {
  const addon = tcp.spec.addons?.coreDNS
  // A tag alone is not honoured: Kamaji reads it only beside a repository.
  const image =
    addon?.imageRepository === undefined
      ? 'registry.k8s.io/coredns/coredns:v1.14.2'
      : `${addon.imageRepository}/coredns:${addon.imageTag ?? 'v1.14.2'}`
  const labels = { 'k8s-app': 'kube-dns', ...PROJECT }
  const ranges = serviceRanges(tcp).flatMap((text) => parseCidr(text) ?? [])
  const addresses = ranges.map((range) => addressIn(range, range.family === 'ipv4' ? 10 : 16))
  return [
    clusterBinding('system:coredns', 'system:coredns', [account('coredns')], PROJECT),
    {
      gvr: gvr.clusterRoles,
      object: {
        metadata: { name: 'system:coredns', labels: PROJECT },
        rules: [
          {
            verbs: ['list', 'watch'],
            apiGroups: [''],
            resources: ['endpoints', 'services', 'pods', 'namespaces'],
          },
          { verbs: ['list', 'watch'], apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
        ],
      },
    },
    {
      gvr: gvr.serviceAccounts,
      object: { metadata: { name: 'coredns', namespace: 'kube-system', labels: PROJECT } },
    },
    {
      gvr: gvr.configMaps,
      object: {
        metadata: { name: 'coredns', namespace: 'kube-system', labels: PROJECT },
        data: { Corefile: corefile(domainOf(tcp)) },
      },
    },
    {
      gvr: gvr.deployments,
      object: {
        metadata: { name: 'coredns', namespace: 'kube-system', labels },
        spec: {
          replicas: 2,
          selector: { matchLabels: { 'k8s-app': 'kube-dns' } },
          strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: '25%' } },
          template: { metadata: { labels: { 'k8s-app': 'kube-dns' } }, spec: podSpec(image) },
        },
      },
    },
    {
      gvr: gvr.services,
      object: {
        metadata: {
          name: 'kube-dns',
          namespace: 'kube-system',
          labels: {
            ...labels,
            'kubernetes.io/cluster-service': 'true',
            'kubernetes.io/name': 'CoreDNS',
          },
          annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
        },
        spec: {
          type: 'ClusterIP',
          selector: { 'k8s-app': 'kube-dns' },
          ...(addresses[0] === undefined ? {} : { clusterIP: addresses[0], clusterIPs: addresses }),
          ports: [
            { name: 'dns', protocol: 'UDP', port: 53, targetPort: 53 },
            { name: 'dns-tcp', protocol: 'TCP', port: 53, targetPort: 53 },
            { name: 'metrics', protocol: 'TCP', port: 9153, targetPort: 9153 },
          ],
        },
      },
    },
  ]
}

function podSpec(image: string) {
  const port = (name: string, containerPort: number, protocol = 'TCP') => ({ name, containerPort, protocol })
  return {
    volumes: [
      {
        name: 'config-volume',
        configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }], defaultMode: 420 },
      },
    ],
    containers: [
      {
        name: 'coredns',
        image,
        args: ['-conf', '/etc/coredns/Corefile'],
        ports: [
          port('dns', 53, 'UDP'),
          port('dns-tcp', 53),
          port('metrics', 9153),
          port('liveness-probe', 8080),
          port('readiness-probe', 8181),
        ],
        resources: { limits: { memory: '170Mi' }, requests: { cpu: '100m', memory: '70Mi' } },
        volumeMounts: [{ name: 'config-volume', readOnly: true, mountPath: '/etc/coredns' }],
        livenessProbe: {
          httpGet: { path: '/health', port: 'liveness-probe', scheme: 'HTTP' },
          initialDelaySeconds: 60,
          timeoutSeconds: 5,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 5,
        },
        readinessProbe: {
          httpGet: { path: '/ready', port: 'readiness-probe', scheme: 'HTTP' },
          timeoutSeconds: 1,
          periodSeconds: 10,
          successThreshold: 1,
          failureThreshold: 3,
        },
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'IfNotPresent',
        securityContext: {
          capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
        },
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'Default',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    serviceAccountName: 'coredns',
    serviceAccount: 'coredns',
    securityContext: {},
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              labelSelector: {
                matchExpressions: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns'] }],
              },
              topologyKey: 'kubernetes.io/hostname',
            },
          },
        ],
      },
    },
    schedulerName: 'default-scheduler',
    tolerations: [
      { key: 'CriticalAddonsOnly', operator: 'Exists' },
      { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
    ],
    priorityClassName: 'system-cluster-critical',
  }
}

import { konnectivityPortOf, minorOf } from '../../kamaji/control-plane.ts'
import type { Json } from '../../kubernetes/resources.ts'
import { gvr, keys } from '../../kamaji/vocabulary.ts'
import type { AddonFacts, Manifest } from './manifest.ts'
import { clusterBinding, PROJECT, user } from './manifest.ts'

/** Name of the agent's workload and account. */
export const AGENT = 'konnectivity-agent'

/** The agents that let the API server reach the nodes. */
export function konnectivityManifests({ tcp, endpoint }: AddonFacts): Manifest[] {
  const agent = tcp.spec.addons?.konnectivity?.agent
  const labels = (component: string): Record<string, string> => ({
    [keys.component]: component,
    [keys.name]: tcp.metadata.name,
    ...PROJECT,
  })
  const tag = agent?.version || `v0.${minorOf(tcp)}.0`
  const metadata = { name: AGENT, namespace: 'kube-system', labels: labels(AGENT) }
  const tolerations = agent?.tolerations ?? [{ key: 'CriticalAddonsOnly', operator: 'Exists' }]
  const template = {
    metadata: { labels: { 'k8s-app': AGENT } },
    spec: {
      volumes: [
        {
          name: 'konnectivity-agent-token',
          projected: {
            sources: [{ serviceAccountToken: { expirationSeconds: 3600, path: 'konnectivity-agent-token' } }],
            defaultMode: 420,
          },
        },
      ],
      containers: [
        {
          name: AGENT,
          image: `${agent?.image ?? 'registry.k8s.io/kas-network-proxy/proxy-agent'}:${tag}`,
          command: ['/proxy-agent'],
          args: [
            '--admin-server-port=8133',
            '--ca-cert=/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
            '--health-server-port=8134',
            '--logtostderr=true',
            `--proxy-server-host=${endpoint.host}`,
            `--proxy-server-port=${konnectivityPortOf(tcp) ?? 8132}`,
            '--service-account-token-path=/var/run/secrets/tokens/konnectivity-agent-token',
            '-v=8',
            ...(agent?.extraArgs ?? []),
          ],
          resources: {},
          volumeMounts: [{ name: 'konnectivity-agent-token', mountPath: '/var/run/secrets/tokens' }],
          livenessProbe: {
            httpGet: { path: '/healthz', port: 8134, scheme: 'HTTP' },
            initialDelaySeconds: 15,
            timeoutSeconds: 15,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      serviceAccountName: AGENT,
      serviceAccount: AGENT,
      ...(agent?.hostNetwork === true ? { hostNetwork: true } : {}),
      securityContext: {},
      schedulerName: 'default-scheduler',
      tolerations: tolerations as unknown as Json,
      priorityClassName: 'system-cluster-critical',
    },
  }
  const selector = { matchLabels: { 'k8s-app': AGENT } }
  return [
    {
      gvr: gvr.serviceAccounts,
      object: {
        metadata: {
          name: AGENT,
          namespace: 'kube-system',
          labels: { ...labels('konnectivity-sa'), 'kubernetes.io/cluster-service': 'true' },
        },
      },
    },
    clusterBinding(
      'system:konnectivity-server',
      'system:auth-delegator',
      [user('system:konnectivity-server')],
      {
        'addonmanager.kubernetes.io/mode': 'Reconcile',
        ...labels('konnectivity-clusterrolebinding'),
        'kubernetes.io/cluster-service': 'true',
      },
    ),
    agent?.mode === 'Deployment'
      ? {
          gvr: gvr.deployments,
          object: { metadata, spec: { replicas: agent.replicas ?? 1, selector, template } },
        }
      : {
          gvr: gvr.daemonSets,
          object: {
            metadata,
            spec: {
              selector,
              updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
              template,
            },
          },
        },
  ]
}

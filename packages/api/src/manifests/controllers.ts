import { CONTROLLERS_ACCOUNT, SYSTEM_NAMESPACE } from '../names.ts'
import type { Manifest } from './install.ts'

/** Name of the Deployment and its labels' value. */
export const CONTROLLERS_DEPLOYMENT = 'fochista-controllers'
/** Port on which the controllers answer probes and Prometheus. */
const HEALTH_PORT = 8080

const labels = { 'app.kubernetes.io/name': 'fochista', 'app.kubernetes.io/component': 'controllers' }

/**
 * The controllers in the management cluster: two replicas, of which one leads, under a service account that `install` gives its rights.
 * They need no write to a file system, no privilege and no other port. @param image The image of `deploy/Containerfile`.
 */
export function controllersManifests(image: string): Manifest[] {
  const metadata = { name: CONTROLLERS_DEPLOYMENT, namespace: SYSTEM_NAMESPACE, labels }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        // The Lease sees to it that one acts: the new one may start before the old one ends.
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: { metadata: { labels, annotations: scrape }, spec: podSpec(image) },
      },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: { minAvailable: 1, selector: { matchLabels: labels } },
    },
  ]
}

const scrape = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': String(HEALTH_PORT),
  'prometheus.io/path': '/metrics',
}

function podSpec(image: string): object {
  const probe = (path: string, more: object): object => ({ httpGet: { path, port: 'health' }, ...more })
  return {
    serviceAccountName: CONTROLLERS_ACCOUNT,
    // Longer than the looks under way may take, after which the Lease is handed over.
    terminationGracePeriodSeconds: 60,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'kubernetes.io/hostname',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: labels },
      },
    ],
    containers: [
      {
        name: 'controllers',
        image,
        args: ['serve', '--identity', '$(POD_NAME)', '--health-port', String(HEALTH_PORT)],
        env: [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        ports: [{ name: 'health', containerPort: HEALTH_PORT, protocol: 'TCP' }],
        startupProbe: probe('/healthz', { periodSeconds: 2, failureThreshold: 30 }),
        livenessProbe: probe('/healthz', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
        readinessProbe: probe('/readyz', { periodSeconds: 5, timeoutSeconds: 5 }),
        resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  }
}

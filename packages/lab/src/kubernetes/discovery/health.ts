/** What an API server checks of itself, in the order it tells: names of Kubernetes 1.36. */
const HOOKS = [
  'start-apiserver-admission-initializer',
  'generic-apiserver-start-informers',
  'priority-and-fairness-config-consumer',
  'priority-and-fairness-filter',
  'storage-object-count-tracker-hook',
  'start-apiextensions-informers',
  'start-apiextensions-controllers',
  'crd-informer-synced',
  'start-system-namespaces-controller',
  'peer-endpoint-reconciler-controller',
  'start-cluster-authentication-info-controller',
  'start-kube-apiserver-identity-lease-controller',
  'start-kube-apiserver-identity-lease-garbage-collector',
  'storage-readiness',
  'start-legacy-token-tracking-controller',
  'start-service-ip-repair-controllers',
  'rbac/bootstrap-roles',
  'scheduling/bootstrap-system-priority-classes',
  'priority-and-fairness-config-producer',
  'bootstrap-controller',
  'start-kubernetes-service-cidr-controller',
  'aggregator-reload-proxy-client-cert',
  'start-kube-aggregator-informers',
  'apiservice-status-local-available-controller',
  'apiservice-status-remote-available-controller',
  'apiservice-registration-controller',
  'apiservice-discovery-controller',
  'kube-apiserver-autoregistration',
]
const STARTED = [
  ...HOOKS.map((name) => `poststarthook/${name}`),
  'autoregister-completion',
  'poststarthook/apiservice-openapi-controller',
  'poststarthook/apiservice-openapiv3-controller',
]
const ALIVE = ['ping', 'log', 'loopback-serving-certificate', 'etcd', ...STARTED]

/** The checks by the path that runs them. All of them are well as long as the lab answers. */
export const HEALTH_CHECKS: { readonly [path: string]: readonly string[] } = {
  healthz: ALIVE,
  livez: ALIVE,
  readyz: ['ping', 'log', 'etcd', 'etcd-readiness', 'informer-sync', ...STARTED, 'shutdown'],
}

/** The answer of a health path, `/readyz` or `/livez/etcd`; undefined when the path is none. */
export function healthText(path: string, query: URLSearchParams): string | undefined {
  const [, root = '', check] = /^\/(healthz|livez|readyz)(?:\/(.+))?$/.exec(path) ?? []
  const checks = HEALTH_CHECKS[root]
  if (checks === undefined) return undefined
  if (check !== undefined) return checks.includes(check) ? 'ok' : undefined
  if (!query.has('verbose')) return 'ok'
  const left = new Set(query.getAll('exclude'))
  const lines = checks.map((name) => (left.has(name) ? `[+]${name} excluded: ok` : `[+]${name} ok`))
  return `${lines.join('\n')}\n${root} check passed\n`
}

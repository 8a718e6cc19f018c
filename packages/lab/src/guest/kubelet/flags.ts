import { KubeletExit, minorOf } from './exit.ts'

/** Flags that exist in every version emulated here, with whether they take a value. */
const STRING_FLAGS = new Set(
  `address allowed-unsafe-sysctls anonymous-auth authentication-token-webhook authentication-token-webhook-cache-ttl
authorization-mode authorization-webhook-cache-authorized-ttl authorization-webhook-cache-unauthorized-ttl bootstrap-kubeconfig
cert-dir cgroup-driver cgroup-root cgroups-per-qos client-ca-file cloud-provider cluster-dns cluster-domain config config-dir
container-log-max-files container-log-max-size container-runtime-endpoint contention-profiling cpu-cfs-quota cpu-cfs-quota-period
cpu-manager-policy cpu-manager-policy-options cpu-manager-reconcile-period enable-controller-attach-detach enable-debugging-handlers
enable-server enforce-node-allocatable event-burst event-qps eviction-hard eviction-max-pod-grace-period eviction-minimum-reclaim
eviction-pressure-transition-period eviction-soft eviction-soft-grace-period exit-on-lock-contention experimental-allocatable-ignore-eviction
fail-swap-on feature-gates file-check-frequency hairpin-mode healthz-bind-address healthz-port hostname-override http-check-frequency
image-credential-provider-bin-dir image-credential-provider-config image-gc-high-threshold image-gc-low-threshold
image-service-endpoint kernel-memcg-notification kube-api-burst kube-api-content-type kube-api-qps kube-reserved kube-reserved-cgroup
kubeconfig kubelet-cgroups local-storage-capacity-isolation lock-file log-flush-frequency log-json-info-buffer-size log-json-split-stream
log-text-info-buffer-size log-text-split-stream logging-format make-iptables-util-chains manifest-url manifest-url-header
max-open-files max-pods maximum-dead-containers maximum-dead-containers-per-container memory-manager-policy minimum-container-ttl-duration
minimum-image-ttl-duration node-ip node-labels node-status-max-images node-status-update-frequency oom-score-adj
pod-cidr pod-manifest-path pod-max-pids pods-per-core port protect-kernel-defaults provider-id qos-reserved read-only-port register-node
register-schedulable register-with-taints registry-burst registry-qps reserved-cpus reserved-memory resolv-conf root-dir rotate-certificates
rotate-server-certificates runonce runtime-cgroups runtime-request-timeout seccomp-default serialize-image-pulls
storage-driver-buffer-duration streaming-connection-idle-timeout sync-frequency system-cgroups system-reserved system-reserved-cgroup
tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file topology-manager-policy topology-manager-policy-options
topology-manager-scope v version vmodule volume-plugin-dir volume-stats-agg-period help`.split(/\s+/),
)

/** Flags that went, by the first minor without them. */
const GONE: Record<string, number> = {
  'pod-infra-container-image': 35,
  'container-runtime': 27,
  'network-plugin': 24,
  'cni-conf-dir': 24,
  'cni-bin-dir': 24,
  'cni-cache-dir': 24,
}

/** Flags that need no value. */
const BARE = new Set([
  'anonymous-auth',
  'authentication-token-webhook',
  'cgroups-per-qos',
  'contention-profiling',
  'cpu-cfs-quota',
  'enable-controller-attach-detach',
  'enable-debugging-handlers',
  'enable-server',
  'exit-on-lock-contention',
  'fail-swap-on',
  'help',
  'local-storage-capacity-isolation',
  'make-iptables-util-chains',
  'protect-kernel-defaults',
  'register-node',
  'rotate-certificates',
  'rotate-server-certificates',
  'runonce',
  'seccomp-default',
  'serialize-image-pulls',
  'version',
])

/** Flags of a kubelet of a version. Throws KubeletExit for one it does not know. */
export function parseFlags(argv: readonly string[], version: string): Map<string, string> {
  const flags = new Map<string, string>()
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    const match = /^-{1,2}([a-z0-9-]+)(?:=([\s\S]*))?$/.exec(word)
    if (match === null) throw new KubeletExit(`unknown command ${word}`)
    const name = match[1] ?? ''
    const gone = GONE[name]
    if (!STRING_FLAGS.has(name) && (gone === undefined || minorOf(version) >= gone))
      throw new KubeletExit(`failed to parse kubelet flag: unknown flag: --${name}`)
    let value = match[2]
    if (value === undefined) {
      if (BARE.has(name)) value = 'true'
      else {
        at += 1
        value = argv[at]
        if (value === undefined)
          throw new KubeletExit(`failed to parse kubelet flag: flag needs an argument: --${name}`)
      }
    }
    flags.set(name, value)
  }
  return flags
}

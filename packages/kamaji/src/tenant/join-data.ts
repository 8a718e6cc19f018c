import { isIP } from 'node:net'
import { ConfigMap } from '@fochista/kubernetes'
import type { Kubernetes } from '@fochista/kubernetes'
import { parse } from 'yaml'
import { TenantRefusedError } from '../errors.ts'

/** What a worker must know to join by the kubelet's TLS bootstrap. */
export type JoinData = {
  /** `https://host:port`, as in the tenant's admin.conf. */
  server: string
  caPem: string
  clusterDNS: string[]
  clusterDomain: string
  cgroupDriver: 'systemd' | 'cgroupfs'
  /** The API server's version, `v1.30.0`. */
  version: string
}

/** Longest kubelet-config read, characters; Kamaji's has about 3,000. */
const LONGEST = 64 * 1024
const DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/
const VERSION = /^v\d{1,3}\.\d{1,3}\.\d{1,4}([-+.][0-9A-Za-z.+-]{1,64})?$/

/**
 * Reads the join data. Of the tenant's kubelet-config only three fields are taken: Kamaji stores it with all defaults of its own
 * library, and some kubelets end themselves on fields they find there. Throws TenantRefusedError for a value that is not what it must be.
 */
export async function readJoinData(kubernetes: Kubernetes, signal?: AbortSignal): Promise<JoinData> {
  const call = signal ? { signal } : {}
  const [config, version] = await Promise.all([
    kubernetes.get(ConfigMap, { name: 'kubelet-config', namespace: 'kube-system' }, call),
    kubernetes.version(call),
  ])
  const { server, ca } = kubernetes.connection
  if (!ca) throw new TenantRefusedError('the tenant’s connection has no certificate authority')
  if (typeof version?.gitVersion !== 'string' || !VERSION.test(version.gitVersion)) {
    throw new TenantRefusedError('the tenant’s API server names no version')
  }
  return { server, caPem: ca, ...pickKubeletFields(config.data?.['kubelet']), version: version.gitVersion }
}

/** Takes the three fields out of a KubeletConfiguration's text and checks each. */
export function pickKubeletFields(
  text: string | undefined,
): Pick<JoinData, 'clusterDNS' | 'clusterDomain' | 'cgroupDriver'> {
  if (typeof text !== 'string' || text.length > LONGEST)
    throw new TenantRefusedError('the tenant’s kubelet-config has no usable key "kubelet"')
  let fields: { clusterDNS?: unknown; clusterDomain?: unknown; cgroupDriver?: unknown } | null
  try {
    fields = parse(text, { maxAliasCount: 0 }) as typeof fields
  } catch (error) {
    throw new TenantRefusedError('the tenant’s kubelet-config is not YAML', { cause: error })
  }
  const { clusterDNS, clusterDomain = 'cluster.local', cgroupDriver = 'systemd' } = fields ?? {}
  const isDns = Array.isArray(clusterDNS) && clusterDNS.length > 0 && clusterDNS.length <= 8
  if (
    !isDns ||
    !clusterDNS.every((each) => typeof each === 'string' && isIP(each) !== 0 && !each.includes('%'))
  ) {
    throw new TenantRefusedError(
      'clusterDNS in the tenant’s kubelet-config is not a list of 1 to 8 IP addresses',
    )
  }
  if (typeof clusterDomain !== 'string' || !DOMAIN.test(clusterDomain)) {
    throw new TenantRefusedError('clusterDomain in the tenant’s kubelet-config is not a domain name')
  }
  if (cgroupDriver !== 'systemd' && cgroupDriver !== 'cgroupfs') {
    throw new TenantRefusedError(
      'cgroupDriver in the tenant’s kubelet-config is neither systemd nor cgroupfs',
    )
  }
  return { clusterDNS: clusterDNS as string[], clusterDomain, cgroupDriver }
}

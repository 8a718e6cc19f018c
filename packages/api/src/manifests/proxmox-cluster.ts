import type { ObjectMeta } from '../kind.ts'
import { API_VERSION, SYSTEM_NAMESPACE } from '../names.ts'
import { proxmoxClusterKind, type ProxmoxCluster } from '../resources/proxmox-cluster.ts'

/** What a ProxmoxCluster and its Secrets are made from. */
export interface ProxmoxClusterOptions {
  readonly name: string
  /** URLs of its nodes. */
  readonly endpoints: readonly string[]
  /** API token: `user@realm!name`. */
  readonly tokenId: string
  /** The token's secret; goes into the Secret only. */
  readonly secret: string
  readonly tls?:
    | { readonly ca: string }
    | { readonly fingerprints: readonly string[] }
    | { readonly insecureSkipVerify: true }
    | undefined
  readonly vmidRange: { readonly start: number; readonly end: number }
}

/** A Secret, as we make it. */
export interface SecretManifest {
  apiVersion: 'v1'
  kind: 'Secret'
  metadata: ObjectMeta
  type: 'Opaque'
  stringData: Record<string, string>
}

/** The Secret with the token (and the CA, if one is given), then the ProxmoxCluster that names it. */
export function proxmoxClusterManifests(options: ProxmoxClusterOptions): [SecretManifest, ProxmoxCluster] {
  const { name, endpoints, tokenId, secret, tls, vmidRange } = options
  const secretName = `proxmox-${name}`
  const data: Record<string, string> = {
    tokenId,
    secret,
    ...(tls && 'ca' in tls ? { 'ca.crt': tls.ca } : {}),
  }
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secretName, namespace: SYSTEM_NAMESPACE },
      type: 'Opaque',
      stringData: data,
    },
    {
      apiVersion: API_VERSION,
      kind: proxmoxClusterKind.kind,
      metadata: { name },
      spec: {
        endpoints: endpoints.map((endpoint) => endpoint.replace(/\/+$/, '')),
        credentialsRef: { name: secretName },
        ...(tls ? { tls: tlsOf(tls, secretName) } : {}),
        vmidRange: { ...vmidRange },
      },
    },
  ]
}

function tlsOf(
  tls: NonNullable<ProxmoxClusterOptions['tls']>,
  secretName: string,
): NonNullable<ProxmoxCluster['spec']['tls']> {
  if ('ca' in tls) return { caRef: { name: secretName, key: 'ca.crt' } }
  if ('fingerprints' in tls) return { fingerprints: [...tls.fingerprints] }
  return { insecureSkipVerify: true }
}

import type { TenantControlPlane } from './kinds.ts'

/** Host and port of an API server. */
export type Endpoint = { host: string; port: number }

/**
 * Where nodes and users reach a control plane: the host name of its ingress, else of its gateway, else the address it advertises, else
 * the address of its Service. This is what Kamaji writes into kubeconfigs; `status.controlPlaneEndpoint` follows only the last.
 * `undefined` until there is one.
 */
export function endpointOf(tcp: TenantControlPlane): Endpoint | undefined {
  const { ingress, gateway } = tcp.spec.controlPlane
  const { advertiseAddress, port = 6443 } = tcp.spec.networkProfile ?? {}
  const named = ingress?.hostname || gateway?.hostname || advertiseAddress
  return named ? parseEndpoint(named, port) : statusEndpointOf(tcp)
}

/** The address of the Service, as the control plane's status has it. */
function statusEndpointOf(tcp: TenantControlPlane): Endpoint | undefined {
  const text = tcp.status?.controlPlaneEndpoint
  return text ? parseEndpoint(text, tcp.spec.networkProfile?.port ?? 6443) : undefined
}

/** The control plane's own name inside the management cluster. */
export function serviceEndpointOf(tcp: TenantControlPlane): Endpoint {
  return {
    host: `${tcp.metadata.name}.${tcp.metadata.namespace ?? 'default'}.svc`,
    port: tcp.spec.networkProfile?.port ?? 6443,
  }
}

/** `host`, `host:port`, an IPv6 address with or without brackets. */
export function parseEndpoint(text: string, defaultPort: number): Endpoint {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text)
  if (bracketed) return { host: bracketed[1] ?? '', port: Number(bracketed[2] ?? defaultPort) }
  const parts = text.split(':')
  if (parts.length > 2) return { host: text, port: defaultPort }
  return { host: parts[0] ?? '', port: Number(parts[1] ?? defaultPort) }
}

/** `host:port`, IPv6 in brackets. */
export function printEndpoint({ host, port }: Endpoint): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** Whether two endpoints are the same place by their writing: case and the forms of one IPv6 address do not matter. */
export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && canonicalHost(a.host) === canonicalHost(b.host)
}

function canonicalHost(host: string): string {
  const text = host.includes(':') ? `[${host}]` : host
  return URL.canParse(`https://${text}`) ? new URL(`https://${text}`).hostname : host.toLowerCase()
}

import { BootstrapError } from './error.ts'
import type { SeedFile } from './seed.ts'

/** Where containerd is to look for a registry's images first. */
export interface RegistryMirror {
  /** Host of the registry, with its port if it has one, or `_default` for all without a mirror of their own. */
  readonly registry: string
  /** URLs, tried in this order. One with a path names the whole root of the registry's API. */
  readonly endpoints: readonly string[]
}

/**
 * The file in which containerd looks a registry up, `certs.d/<registry>/hosts.toml`. It does so where its `config_path` says so, as
 * containerd 2 has it by default, and at each pull, without a restart. Throws a BootstrapError for what is no registry or URL.
 */
export function mirrorFile({ registry, endpoints }: RegistryMirror): SeedFile {
  if (!/^[A-Za-z0-9_.:-]+$/.test(registry) || /^\.+$/.test(registry))
    throw new BootstrapError('registry mirror', registry, 'is not the name of a registry')
  const sections = endpoints.map((endpoint) => [
    `[host.${tomlText(checkedUrl(endpoint))}]`,
    '  capabilities = ["pull", "resolve"]',
    // containerd appends /v2 to what it is given, unless told that the path is whole.
    ...(new URL(endpoint).pathname === '/' ? [] : ['  override_path = true']),
    '',
  ])
  return {
    path: `/etc/containerd/certs.d/${registry}/hosts.toml`,
    content: [...upstream(registry), ...sections.flat()].join('\n'),
    permissions: '0644',
  }
}

function upstream(registry: string): string[] {
  if (registry === '_default') return []
  // The host that docker.io stands for.
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry
  return [`server = ${tomlText(`https://${host}`)}`, '']
}

function checkedUrl(endpoint: string): string {
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(endpoint) || !URL.canParse(endpoint))
    throw new BootstrapError('endpoint of a registry mirror', endpoint, 'is not a http or https URL')
  return endpoint
}

/** A basic string of TOML; for printable ASCII it is written as in JSON. */
function tomlText(text: string): string {
  return JSON.stringify(text)
}

import { stringify } from 'yaml'
import { buildIso } from './iso9660.ts'
import { kubeletFiles, type KubeletJoin } from './kubelet.ts'
import { networkConfig, type SeedNetwork } from './network.ts'

/** A file that cloud-init writes. */
export interface SeedFile {
  readonly path: string
  readonly content: string
  /** Octal mode, such as `0644`. */
  readonly permissions?: string | undefined
  /** `user:group`. @default 'root:root' */
  readonly owner?: string | undefined
}

/** A user that cloud-init makes. */
export interface SeedUser {
  readonly name: string
  readonly groups?: readonly string[] | undefined
  readonly shell?: string | undefined
  readonly sudo?: string | undefined
  readonly sshAuthorizedKeys?: readonly string[] | undefined
}

/** What a pool's users ask for beside the join; files come with their content, whichever Secret it was in. */
export interface SeedExtras {
  readonly users?: readonly SeedUser[] | undefined
  readonly sshAuthorizedKeys?: readonly string[] | undefined
  readonly files?: readonly SeedFile[] | undefined
  readonly preJoinCommands?: readonly string[] | undefined
  readonly postJoinCommands?: readonly string[] | undefined
  readonly registryMirrors?:
    | readonly { readonly registry: string; readonly endpoints: readonly string[] }[]
    | undefined
}

/** Everything a seed is made from. */
export interface SeedInput {
  /** cloud-init runs an instance-id once: a new one makes a machine run its seed again. */
  readonly instanceId: string
  readonly hostname: string
  readonly join: KubeletJoin
  readonly networks: readonly SeedNetwork[]
  readonly extras?: SeedExtras | undefined
}

/** The three documents of a NoCloud seed. */
export interface Seed {
  readonly userData: string
  readonly metaData: string
  readonly networkConfig: string
}

/** Renders a seed. All that users give is data that a serializer writes; nothing of it is pasted into a script of ours. */
export function renderSeed(input: SeedInput): Seed {
  const { instanceId, hostname, join, networks, extras = {} } = input
  const files = [
    ...kubeletFiles(join),
    ...(extras.registryMirrors ?? []).map(mirrorFile),
    ...(extras.files ?? []),
  ]
  const userData = {
    hostname,
    preserve_hostname: false,
    manage_etc_hosts: true,
    users: ['default', ...(extras.users ?? []).map(userEntry)],
    ...(extras.sshAuthorizedKeys?.length ? { ssh_authorized_keys: [...extras.sshAuthorizedKeys] } : {}),
    write_files: files.map(fileEntry),
    runcmd: [
      // A kubelet refuses to run with swap.
      ['swapoff', '-a'],
      ['mkdir', '-p', '/etc/kubernetes/manifests'],
      ['modprobe', '-a', 'overlay', 'br_netfilter'],
      ['sysctl', '--system'],
      ...(extras.preJoinCommands ?? []).map(shell),
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', 'kubelet'],
      ['systemctl', 'restart', 'kubelet'],
      ...(extras.postJoinCommands ?? []).map(shell),
    ],
  }
  return {
    userData: `#cloud-config\n${stringify(userData, { lineWidth: 0 })}`,
    metaData: stringify({ 'instance-id': instanceId, 'local-hostname': hostname }),
    networkConfig: stringify(networkConfig(networks), { lineWidth: 0 }),
  }
}

/** The seed as an ISO 9660 image with the volume label that cloud-init looks for. */
export function buildSeedImage(seed: Seed): Uint8Array {
  const file = (name: string, content: string): { name: string; data: Uint8Array } => ({
    name,
    data: Buffer.from(content, 'utf8'),
  })
  return buildIso({
    volume: 'cidata',
    files: [
      file('user-data', seed.userData),
      file('meta-data', seed.metaData),
      file('network-config', seed.networkConfig),
    ],
  })
}

const shell = (line: string): string[] => ['sh', '-c', line]

function fileEntry({ path, content, permissions = '0644', owner = 'root:root' }: SeedFile): object {
  return {
    path,
    owner,
    permissions: permissions.padStart(4, '0'),
    content,
    // Users are made after the first files are written: a file of theirs has to wait for them.
    ...(owner === 'root:root' || owner === 'root' ? {} : { defer: true }),
  }
}

function userEntry({
  name,
  groups,
  shell: loginShell = '/bin/bash',
  sudo,
  sshAuthorizedKeys,
}: SeedUser): object {
  return {
    name,
    shell: loginShell,
    lock_passwd: true,
    ...(groups?.length ? { groups: [...groups] } : {}),
    ...(sudo === undefined ? {} : { sudo: [sudo] }),
    ...(sshAuthorizedKeys?.length ? { ssh_authorized_keys: [...sshAuthorizedKeys] } : {}),
  }
}

/** containerd reads a mirror from `certs.d/<registry>/hosts.toml`, where its `config_path` says so. A JSON text is a TOML text. */
function mirrorFile({ registry, endpoints }: { registry: string; endpoints: readonly string[] }): SeedFile {
  if (!/^[A-Za-z0-9_.:-]+$/.test(registry) || /^\.+$/.test(registry))
    throw new TypeError(`registry mirror "${registry}": not the name of a registry`)
  const server =
    registry === '_default'
      ? []
      : [
          `server = ${JSON.stringify(registry === 'docker.io' ? 'https://registry-1.docker.io' : `https://${registry}`)}`,
          '',
        ]
  const hosts = endpoints.flatMap((endpoint) => [
    `[host.${JSON.stringify(endpoint)}]`,
    '  capabilities = ["pull", "resolve"]',
    '',
  ])
  return {
    path: `/etc/containerd/certs.d/${registry}/hosts.toml`,
    content: [...server, ...hosts].join('\n'),
    permissions: '0644',
  }
}

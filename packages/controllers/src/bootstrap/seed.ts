import { posix } from 'node:path'
import { BootstrapError } from './error.ts'
import { buildIso } from './iso9660.ts'
import { kubeletFiles, staleKubeletState, type KubeletJoin } from './kubelet.ts'
import { networkConfig, type SeedNetwork } from './network.ts'
import { INSTALL_UNIT, installedMark, packageFiles, type PackageSource } from './packages/files.ts'
import { mirrorFile, type RegistryMirror } from './registry-mirror.ts'
import { yamlText } from './yaml-text.ts'

/** A file that cloud-init writes. */
export interface SeedFile {
  readonly path: string
  /** Text, or bytes as they stand in a Secret. */
  readonly content: string | Uint8Array
  /** Octal mode. @default '0644' */
  readonly permissions?: string | undefined
  /** `user:group`. @default 'root:root' */
  readonly owner?: string | undefined
}

/** A user that cloud-init makes; without a password. */
export interface SeedUser {
  readonly name: string
  readonly groups?: readonly string[] | undefined
  /** Login shell. @default '/bin/bash' */
  readonly shell?: string | undefined
  /** A sudoers rule, such as `ALL=(ALL) NOPASSWD:ALL`. */
  readonly sudo?: string | undefined
  readonly sshAuthorizedKeys?: readonly string[] | undefined
}

/** What a pool's users ask for beside the join; files come with their content, whichever Secret it was in. */
export interface SeedExtras {
  readonly users?: readonly SeedUser[] | undefined
  /** Keys of the image's own default user. */
  readonly sshAuthorizedKeys?: readonly string[] | undefined
  readonly files?: readonly SeedFile[] | undefined
  /**
   * Run by sh as root before the kubelet starts; with packages before these are installed, so that they can set up a proxy or an authority.
   * One that fails does not stop the rest.
   */
  readonly preJoinCommands?: readonly string[] | undefined
  /** Run by sh as root once the kubelet was started. */
  readonly postJoinCommands?: readonly string[] | undefined
  readonly registryMirrors?: readonly RegistryMirror[] | undefined
}

/** Everything a seed is made from. */
export interface SeedInput {
  /** cloud-init runs an instance-id once: a new one makes a machine run its seed again. See `instanceIdOf`. */
  readonly instanceId: string
  readonly hostname: string
  readonly join: KubeletJoin
  readonly networks: readonly SeedNetwork[]
  readonly extras?: SeedExtras | undefined
  /** The class's `install`: how containerd and kubelet come into the image. @default 'none' */
  readonly install?: 'none' | 'packages' | undefined
  /** Where packages come from. @default Kubernetes' own */
  readonly packages?: PackageSource | undefined
  /** The kubelet to install with packages, exact. */
  readonly kubeletVersion?: string | undefined
}

/** The three documents of a NoCloud seed. */
export interface Seed {
  readonly userData: string
  readonly metaData: string
  readonly networkConfig: string
}

/**
 * The instance-id of a machine's seed.
 * @param machineId `Machine.spec.id`.
 * @param revision Another for each seed that the machine has to run.
 */
export function instanceIdOf(machineId: string, revision: string): string {
  return `${machineId}-${revision}`
}

/**
 * Renders a seed; the same input gives the same texts. All that users give is data that a serializer writes; nothing of it is pasted
 * into a script of ours. Throws a BootstrapError for what cannot be done.
 */
export function renderSeed(input: SeedInput): Seed {
  const { instanceId, hostname, join, networks, extras = {}, install = 'none' } = input
  const own = [
    ...kubeletFiles(join, install === 'packages' ? installedMark(instanceId) : undefined),
    ...(extras.registryMirrors ?? []).map(mirrorFile),
    ...(install === 'packages' ? packagesOf(input) : []),
  ]
  const files = extras.files ?? []
  requireOtherPaths(files, own)
  requireModest(extras)
  const userData = {
    hostname,
    preserve_hostname: false,
    manage_etc_hosts: true,
    users: ['default', ...(extras.users ?? []).map(userEntry)],
    ...(extras.sshAuthorizedKeys?.length ? { ssh_authorized_keys: [...extras.sshAuthorizedKeys] } : {}),
    write_files: [...own, ...files].map(fileEntry),
    runcmd: install === 'packages' ? startInstall : startKubelet(extras),
  }
  return {
    userData: `#cloud-config\n${yamlText(userData)}`,
    metaData: yamlText({ 'instance-id': instanceId, 'local-hostname': hostname }),
    networkConfig: yamlText(networkConfig(networks)),
  }
}

function packagesOf({
  instanceId,
  join,
  extras = {},
  packages = {},
  kubeletVersion = '',
}: SeedInput): SeedFile[] {
  return packageFiles({
    ...packages,
    instanceId,
    kubeletVersion,
    cgroupDriver: join.cgroupDriver,
    preJoinCommands: extras.preJoinCommands ?? [],
    postJoinCommands: extras.postJoinCommands ?? [],
  })
}

const forgetOldKubelet = [
  // The template may have started one that has nothing to do yet.
  ['systemctl', 'stop', 'kubelet'],
  ['rm', '-rf', ...staleKubeletState],
]

/** With packages the unit does the rest, at this boot or a later one: the boot does not wait for it. */
const startInstall = [
  ...forgetOldKubelet,
  ['systemctl', 'daemon-reload'],
  ['systemctl', 'start', '--no-block', INSTALL_UNIT],
]

function startKubelet({ preJoinCommands = [], postJoinCommands = [] }: SeedExtras): string[][] {
  return [
    ...forgetOldKubelet,
    ['swapoff', '-a'],
    ['mkdir', '-p', '/etc/kubernetes/manifests'],
    ['modprobe', '-a', 'overlay', 'br_netfilter'],
    ['sysctl', '--system'],
    ...preJoinCommands.map(shell),
    ['systemctl', 'daemon-reload'],
    ['systemctl', 'enable', 'kubelet'],
    ['systemctl', 'restart', 'kubelet'],
    ...postJoinCommands.map(shell),
  ]
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

/** What a pool's users give may be so large in all, bytes; rendering it takes all our time meanwhile, also that of others. */
const LARGEST_EXTRAS = 2 * 1024 * 1024

function requireModest({
  files = [],
  users = [],
  sshAuthorizedKeys = [],
  preJoinCommands = [],
  postJoinCommands = [],
}: SeedExtras): void {
  const texts = [
    ...files.flatMap(({ path, content }) => [path, content]),
    ...users.flatMap((user) => user.sshAuthorizedKeys ?? []),
    ...sshAuthorizedKeys,
    ...preJoinCommands,
    ...postJoinCommands,
  ]
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  if (bytes > LARGEST_EXTRAS)
    throw new BootstrapError(
      'spec.bootstrap',
      `${bytes} bytes`,
      `is more than the ${LARGEST_EXTRAS} bytes that files, keys and commands may have in all`,
    )
}

/** A user's file in place of one of ours would keep the machine from joining, and nobody would see why. */
function requireOtherPaths(files: readonly SeedFile[], own: readonly SeedFile[]): void {
  const taken = new Set(own.map(({ path }) => path))
  for (const { path } of files) {
    if (!path.startsWith('/')) throw new BootstrapError('file', path, 'is not an absolute path')
    if (taken.has(posix.normalize(path)))
      throw new BootstrapError('file', path, 'is written by Fochista and cannot be replaced')
  }
}

function fileEntry({ path, content, permissions = '0644', owner = 'root:root' }: SeedFile): object {
  return {
    path,
    owner,
    permissions: permissions.padStart(4, '0'),
    ...contentEntry(content),
    // Users are made after the first files are written: a file of theirs has to wait for them.
    ...(owner === 'root:root' || owner === 'root' ? {} : { defer: true }),
  }
}

/** A longer text with control characters is written as its bytes. */
const LONGEST_ESCAPED = 64 * 1024
/** Characters that YAML writes as escapes, but for tab and line feed. */
const controls = /[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u

function contentEntry(content: string | Uint8Array): object {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content, 'utf8')
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  const text = bytes.toString('utf8')
  // What is no text would not come back as the same bytes, and many escapes take long to write.
  const isReadable = bytes.length <= LONGEST_ESCAPED || !controls.test(text)
  return isReadable && Buffer.from(text, 'utf8').equals(bytes)
    ? { content: text }
    : { encoding: 'b64', content: bytes.toString('base64') }
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
    ...(sudo === undefined ? {} : { sudo }),
    ...(sshAuthorizedKeys?.length ? { ssh_authorized_keys: [...sshAuthorizedKeys] } : {}),
  }
}

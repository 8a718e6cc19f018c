import { posix } from 'node:path'
import { shaCrypt } from '../crypt.ts'

/** A file, directory or link of a guest. */
export interface GuestFile {
  kind: 'file' | 'directory' | 'link'
  content: Buffer
  /** Permission bits. */
  mode: number
  owner: string
  group: string
}

/** A user of a guest. */
export interface GuestUser {
  name: string
  shell: string
  groups: string[]
  sudo: string[]
  sshAuthorizedKeys: string[]
  lockPassword: boolean
  /** As a crypt string; absent for a user who cannot log in by one. */
  password?: string
}

/** A command that ran in a guest. */
export interface GuestCommand {
  argv: string[]
  exitCode: number
  output: string
  /** Milliseconds since 1970. */
  at: number
}

/** What stays on a guest's disk from boot to boot. */
export class Disk {
  readonly files = new Map<string, GuestFile>()
  readonly users = new Map<string, GuestUser>()
  readonly commands: GuestCommand[] = []
  /** Instances that cloud-init has run. */
  readonly instances = new Set<string>()
  hostname = 'localhost'
  /** Units that start at boot. */
  readonly enabledUnits = new Set<string>()

  /**
   * @param kubeletVersion of the kubelet that the template carries, with containerd.
   * @param carriesKubeadm whether kubeadm of the kubelet's version, and its drop-in, are there too.
   */
  constructor(kubeletVersion: string | undefined, carriesKubeadm = false) {
    for (const path of [
      '/',
      '/etc',
      '/run',
      '/tmp',
      '/root',
      '/home',
      '/var',
      '/var/lib',
      '/etc/systemd/system',
    ])
      this.makeDirectory(path)
    this.write('/etc/hostname', `${this.hostname}\n`)
    this.users.set('root', newUser('root', '/bin/bash'))
    this.install('qemu-guest-agent', '7.2')
    if (kubeletVersion === undefined) return
    const version = kubeletVersion.replace(/^v/, '')
    this.install('containerd', '1.6.20')
    this.install('kubelet', version)
    if (carriesKubeadm) this.install('kubeadm', version)
    this.enabledUnits.add('kubelet')
  }

  /** Version of the kubelet that is there, such as `v1.30.4`; undefined without one. */
  get kubeletVersion(): string | undefined {
    return /^Kubernetes (v\S+)/.exec(this.read('/usr/bin/kubelet') ?? '')?.[1]
  }

  /** Whether the guest agent is installed. */
  get hasAgent(): boolean {
    return this.exists(AGENT)
  }

  /** Takes the guest agent away, as cloud images come. */
  removeAgent(): void {
    this.remove(AGENT)
  }

  /** Unpacks a package: what of it anything here can see. */
  install(name: string, version: string): void {
    if (name === 'containerd') {
      this.write('/usr/bin/containerd', '', { mode: 0o755 })
      this.enabledUnits.add('containerd')
    } else if (name === 'kubelet') {
      this.write('/usr/lib/systemd/system/kubelet.service', KUBELET_UNIT)
      this.write('/usr/bin/kubelet', `Kubernetes v${version.replace(/-.*/, '')}\n`, { mode: 0o755 })
    } else if (name === 'kubeadm') {
      this.write('/usr/bin/kubeadm', '', { mode: 0o755 })
      this.write('/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf', KUBEADM_DROP_IN)
    } else if (name === 'qemu-guest-agent') this.write(AGENT, '', { mode: 0o755 })
    else if (name === 'kubernetes-cni') this.makeDirectory('/opt/cni/bin')
  }

  /** Text of a file; undefined when there is none. Links are followed. */
  read(path: string, hops = 0): string | undefined {
    const file = this.files.get(posix.normalize(path))
    if (file?.kind === 'link' && hops < 8)
      return this.read(posix.resolve(posix.dirname(path), file.content.toString()), hops + 1)
    return file?.kind === 'file' ? file.content.toString() : undefined
  }

  exists(path: string): boolean {
    return this.files.has(posix.normalize(path))
  }

  /** Writes a file, and the directories above it. */
  write(
    path: string,
    content: string | Buffer,
    options: { mode?: number; owner?: string; group?: string; append?: boolean; kind?: 'file' | 'link' } = {},
  ): void {
    const clean = posix.normalize(path)
    this.makeDirectory(posix.dirname(clean))
    const before = this.files.get(clean)
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    this.files.set(clean, {
      kind: options.kind ?? 'file',
      content:
        options.append === true && before !== undefined ? Buffer.concat([before.content, bytes]) : bytes,
      mode: options.mode ?? before?.mode ?? 0o644,
      owner: options.owner ?? before?.owner ?? 'root',
      group: options.group ?? before?.group ?? 'root',
    })
  }

  makeDirectory(path: string): void {
    const clean = posix.normalize(path)
    if (this.files.has(clean)) return
    if (clean !== '/') this.makeDirectory(posix.dirname(clean))
    this.files.set(clean, {
      kind: 'directory',
      content: Buffer.alloc(0),
      mode: 0o755,
      owner: 'root',
      group: 'root',
    })
  }

  /** Removes a file, or a directory with all that is in it. */
  remove(path: string): void {
    const clean = posix.normalize(path).replace(/(.)\/$/, '$1')
    for (const each of this.files.keys())
      if (each === clean || each.startsWith(`${clean}/`)) this.files.delete(each)
  }

  /** Paths directly inside a directory, sorted. */
  list(directory: string): string[] {
    const prefix = `${posix.normalize(directory).replace(/\/$/, '')}/`
    return [...this.files.keys()]
      .filter(
        (path) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/') && path !== prefix,
      )
      .toSorted()
  }

  /** A disk with the same bytes: hostname, users and what cloud-init has run too. What ran is not on it. */
  copy(): Disk {
    const twin = new Disk(undefined)
    twin.hostname = this.hostname
    twin.files.clear()
    for (const [path, file] of this.files) twin.files.set(path, { ...file })
    for (const [name, user] of this.users) twin.users.set(name, structuredClone(user))
    for (const id of this.instances) twin.instances.add(id)
    twin.enabledUnits.clear()
    for (const unit of this.enabledUnits) twin.enabledUnits.add(unit)
    return twin
  }

  /** What lives in memory is gone after a boot. */
  reboot(): void {
    this.remove('/run')
    this.remove('/tmp')
    this.makeDirectory('/run')
    this.makeDirectory('/tmp')
  }
}

const AGENT = '/usr/sbin/qemu-ga'

/** A user as `useradd` makes one. */
export function newUser(name: string, shell = '/bin/sh'): GuestUser {
  return { name, shell, groups: [], sudo: [], sshAuthorizedKeys: [], lockPassword: true }
}

/**
 * Gives a user a password, and unlocks it. False when there is no such user.
 * @param isEncrypted whether the password is a crypt string already.
 */
export function setPassword(disk: Disk, name: string, password: string, isEncrypted: boolean): boolean {
  const user = disk.users.get(name)
  if (user === undefined) return false
  const kept = isEncrypted ? password : `$6$${CRYPT_SALT}$${shaCrypt('$6$', password, CRYPT_SALT)}`
  disk.users.set(name, { ...user, password: kept, lockPassword: false })
  return true
}

/** Guests need no secrets from who owns the lab. */
const CRYPT_SALT = 'fochistalab'

/** The unit of the kubelet's package: by itself it starts a kubelet that belongs to no cluster. */
const KUBELET_UNIT = `[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
`

/** The drop-in of kubeadm's package: the kubelet of a host that kubeadm sets up. */
const KUBEADM_DROP_IN = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`

import { posix } from 'node:path'
import { BootstrapError } from '../error.ts'
import type { SeedFile } from '../seed.ts'
import { containerdConfig } from './containerd.ts'
import { INSTALL_SCRIPT } from './install-script.ts'
import { KUBERNETES_KEYRING } from './kubernetes-keyring.ts'

/** Where a class says that packages come from. */
export interface PackageSource {
  /** A mirror of `https://pkgs.k8s.io/core:/stable:/`, with the same folders below it: `v1.30/deb/`. @default that itself */
  readonly mirror?: string | undefined
  /** The armored public key, or keys, that sign it. @default that of Kubernetes */
  readonly keyring?: string | undefined
}

/** What a machine installs at its first boot, and what a pool's users want run around it. */
export interface PackageInstall extends PackageSource {
  /** Its instance-id: state of one seed is not taken for that of the next. */
  readonly instanceId: string
  /** Exact, such as `v1.30.4`. */
  readonly kubeletVersion: string
  readonly cgroupDriver: string
  readonly preJoinCommands: readonly string[]
  readonly postJoinCommands: readonly string[]
}

/** Name of the unit that installs; it tries until it is done, and then starts the kubelet. */
export const INSTALL_UNIT = 'fochista-packages.service'

const KUBERNETES_PACKAGES = 'https://pkgs.k8s.io/core:/stable:/'
const KEYRING = '/etc/apt/keyrings/fochista-kubernetes.asc'
const SCRIPT = '/usr/local/lib/fochista/install-packages'

/** The file without which the kubelet does not start: a package may start it before its runtime is there. */
export const installedMark = (instanceId: string): string => `${stateFolder(instanceId)}/installed`

/** The files that make a stock image install containerd and kubelet. Throws a BootstrapError for a version, URL or key that is none. */
export function packageFiles(install: PackageInstall): SeedFile[] {
  const { instanceId, kubeletVersion, mirror = KUBERNETES_PACKAGES, keyring = KUBERNETES_KEYRING } = install
  const version = /^v?((\d+\.\d+)\.\d+)$/.exec(kubeletVersion)
  if (!version)
    throw new BootstrapError('kubelet version', kubeletVersion, 'is not an exact one, such as v1.30.4')
  if (!/^https?:\/\/[A-Za-z0-9._~:/%+[\]-]+$/.test(mirror) || !URL.canParse(mirror))
    throw new BootstrapError('mirror of packages', mirror, 'is not a http or https URL')
  if (!/^\s*-----BEGIN PGP PUBLIC KEY BLOCK-----\n/.test(keyring))
    throw new BootstrapError('keyring of packages', keyring.slice(0, 40), 'is not an armored public key')
  const folder = stateFolder(instanceId)
  const repository = new URL(posix.join('v' + (version[2] ?? ''), 'deb/'), mirror.replace(/\/*$/, '/')).href
  return [
    { path: KEYRING, content: keyring.trimStart().replace(/\s*$/, '\n') },
    {
      path: '/etc/apt/sources.list.d/fochista-kubernetes.sources',
      content: `Types: deb\nURIs: ${repository}\nSuites: /\nSigned-By: ${KEYRING}\n`,
    },
    { path: '/etc/containerd/config.toml', content: containerdConfig(install.cgroupDriver) },
    { path: SCRIPT, content: INSTALL_SCRIPT, permissions: '0755' },
    { path: `${folder}/kubelet-version`, content: `${version[1] ?? ''}\n` },
    ...commandFiles(`${folder}/before-join`, install.preJoinCommands),
    ...commandFiles(`${folder}/after-join`, install.postJoinCommands),
    { path: `/etc/systemd/system/${INSTALL_UNIT}`, content: unit(folder) },
    {
      // Wanted by a file, not by `systemctl enable`: it is there as soon as cloud-init has written it, whatever happens next.
      path: '/etc/systemd/system/multi-user.target.d/fochista-packages.conf',
      content: `[Unit]\nWants=${INSTALL_UNIT}\n`,
    },
  ]
}

function stateFolder(instanceId: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(instanceId))
    throw new BootstrapError('instance-id', instanceId, 'has characters that must not stand in a unit file')
  return `/var/lib/fochista/${instanceId}`
}

/** Commands of users as files of their own: they are run as they are, once each, also when a reboot comes between. */
function commandFiles(folder: string, commands: readonly string[]): SeedFile[] {
  return commands.map((content, index) => ({
    path: `${folder}/${String(index).padStart(3, '0')}/run`,
    content,
    permissions: '0700',
  }))
}

/** Of the simple type: nothing at boot waits for its end. */
function unit(folder: string): string {
  return `[Unit]
Description=Install containerd and kubelet (Fochista)
# cloud-init writes the seed's files there; newer ones have the second name.
After=cloud-init.service cloud-init-network.service network-online.target
Wants=network-online.target
ConditionPathExists=!${folder}/done
StartLimitIntervalSec=0

[Service]
Type=simple
ExecStart=/bin/sh ${SCRIPT} ${folder}
Restart=on-failure
RestartSec=10
SyslogIdentifier=fochista-packages
StandardOutput=journal+console
StandardError=journal+console
`
}

import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

// Debian's own cloud-init in a Debian of its own, made once by debootstrap and kept. It runs in namespaces of its own (mounts, host
// name, network, processes) and never on the machine itself.

const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fochista')
/** Debian's release; FOCHISTA_DEBIAN=trixie tries a newer cloud-init. */
const release = process.env['FOCHISTA_DEBIAN'] || 'bookworm'
/** What runs for longer hangs, milliseconds. */
const LONGEST_MS = 600_000
const base = join(cache, `debian-${release}-cloud-init`)
const programs = ['debootstrap', 'unshare', 'isoinfo', 'cp']

/** What would act on the machine that runs the test, or asks for a systemd that is not there. Recorded instead. */
const recorded = ['swapoff', 'modprobe', 'sysctl', 'systemctl', 'udevadm']

/** What cloud-init did at one boot. */
export interface Boot {
  /** Whether cloud-init would have run at all; without a seed it does not. */
  readonly enabled: boolean
  readonly hostname: string
  /** Errors of all stages, in cloud-init's words. */
  readonly errors: string[]
  /** Commands that stood in for programs that must not run here, in order. */
  readonly commands: string[]
  /** Names of the network cards by MAC address. */
  readonly cards: Record<string, string>
}

/** A machine with cloud-init. Its disk is a folder. */
export interface CloudInitMachine {
  readonly root: string
  /** Boots with an image in the drive, or with none. */
  boot(image?: Uint8Array): Boot
  /** Runs a program inside. Throws if it fails. */
  run(...command: string[]): string
  /** Runs a shell script inside, in namespaces of its own as at a boot: no network but its own, and nothing of it outlives it. */
  shell(script: string): { readonly status: number | null; readonly output: string }
  /** Reads a file of the disk. */
  read(path: string): string
}

/** Makes a machine with cards of these MAC addresses. Skips the test, loudly, where it cannot. */
export function startCloudInitMachine(t: TestContext, macs: readonly string[]): CloudInitMachine | undefined {
  const lacking = whatIsLacking()
  if (lacking) {
    if (process.env['FOCHISTA_NO_SKIP']) throw new Error(lacking)
    t.skip(`NEEDS ${lacking}`)
    return undefined
  }
  makeBase()
  const root = join(cache, `machine-${process.pid}`)
  t.after(() => rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 }))
  // A run that was killed may have left one of the same number.
  rmSync(root, { recursive: true, force: true })
  must('cp', ['-a', '--reflink=auto', base, root])
  for (const name of recorded) {
    const path = join(root, 'usr/local/sbin', name)
    writeFileSync(path, '#!/bin/sh\necho "${0##*/} $*" >> /commands\n')
    chmodSync(path, 0o755)
  }
  writeFileSync(
    join(root, 'etc/cloud/cloud.cfg.d/99-test.cfg'),
    // Only what a Debian without a kernel and without locales needs; all else is as it comes. With fewer sources to choose from
    // cloud-init would not look for a seed at all.
    'datasource_list: [NoCloud, ConfigDrive, None]\nlocale: false\nresize_rootfs: false\nssh_genkeytypes: [ed25519]\n',
  )
  writeFileSync(join(root, 'boot.sh'), bootScript(macs))
  return {
    root,
    boot: (image) => boot(root, image),
    run: (...command) => must('chroot', [root, ...command]),
    shell: (script) => {
      const { status, stdout } = spawnSync(
        'unshare',
        [...inside(root), '-c', `${prelude}{ ${script}\n} 2>&1`],
        {
          encoding: 'utf8',
          timeout: LONGEST_MS,
          killSignal: 'SIGKILL',
        },
      )
      return { status, output: stdout }
    },
    read: (path) => readFileSync(join(root, path), 'utf8'),
  }
}

function whatIsLacking(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'root on Linux, to run a Debian of its own'
  const missing = programs.filter((name) => spawnSync(name, ['--version']).error)
  if (missing.length > 0) return `${missing.join(', ')}, which is not installed`
  const namespaces = spawnSync('unshare', ['--mount', '--uts', '--net', '--pid', '--fork', 'true'])
  return namespaces.status === 0 ? undefined : 'leave to make namespaces'
}

/**
 * A folder with these packages of Debian and all that they need beside what the machine has. Fetched once and kept.
 * @param wanted their names; the same as long as the folder is kept.
 */
export function packagesOfDebian(wanted: readonly string[]): string {
  const folder = join(cache, `debian-${release}-packages-${wanted.join('-')}`)
  if (existsSync(folder)) return folder
  const inside = join(base, 'var/cache/apt/archives')
  const quiet = ['apt-get', '-qq', '-y', '--no-install-recommends', '--download-only']
  fetched('chroot', [base, 'apt-get', '-qq', 'update'])
  fetched('chroot', [base, ...quiet, 'install', ...wanted])
  rmSync(`${folder}.${process.pid}`, { recursive: true, force: true })
  mkdirSync(`${folder}.${process.pid}`)
  for (const name of readdirSync(inside).filter((each) => each.endsWith('.deb')))
    renameSync(join(inside, name), join(`${folder}.${process.pid}`, name))
  renameSync(`${folder}.${process.pid}`, folder)
  return folder
}

/** Runs what fetches from Debian's mirrors, up to three times: one may not answer just then. `before` clears away what an earlier try left. */
function fetched(program: string, args: readonly string[], before: () => void = () => undefined): void {
  for (let tries = 1; ; tries += 1) {
    before()
    try {
      must(program, args)
      return
    } catch (error) {
      if (tries === 3) throw error
    }
  }
}

/** Half a minute the first time; later nothing. */
function makeBase(): void {
  if (existsSync(base)) return
  mkdirSync(cache, { recursive: true, mode: 0o700 })
  const fresh = `${base}.${process.pid}`
  try {
    fetched('debootstrap', ['--variant=minbase', release, fresh], () =>
      rmSync(fresh, { recursive: true, force: true }),
    )
    const packages = 'cloud-init netplan.io iproute2 sudo openssh-client'
    const install = `DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends ${packages} && apt-get clean`
    fetched('chroot', [fresh, 'sh', '-c', install])
    // Whoever is first wins; the copy of the second is as good.
    if (!existsSync(base)) renameSync(fresh, base)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

const namespaces = ['--mount', '--uts', '--net', '--pid', '--fork', '--kill-child']
const inside = (root: string): string[] => [...namespaces, 'chroot', root, 'sh']

const prelude = `export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run || exit 1
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
ip link set lo up
`

/** What systemd's units do at boot, one after the other. */
function bootScript(macs: readonly string[]): string {
  const cards = macs.map(
    (mac, index) =>
      `ip link add ens${18 + index} type veth peer name far${index}; ip link set ens${18 + index} address ${mac}`,
  )
  return `${prelude}${cards.join('\n')}
rm -rf /outcome /commands; mkdir /outcome; touch /commands
if /usr/lib/cloud-init/ds-identify; then
  touch /outcome/enabled
  cloud-init init --local
  cloud-init init
  cloud-init modules --mode=config
  cloud-init modules --mode=final
  cp /run/cloud-init/result.json /outcome/
fi >/outcome/log 2>&1
hostname > /outcome/hostname
ip -o link > /outcome/links
exit 0
`
}

function boot(root: string, image: Uint8Array | undefined): Boot {
  // The kernel here may know no ISO 9660, so the drive's files lie where cloud-init also looks for them.
  const seed = join(root, 'var/lib/cloud/seed/nocloud')
  rmSync(seed, { recursive: true, force: true })
  if (image) {
    mkdirSync(seed, { recursive: true })
    const path = join(tmpdir(), `fochista-seed-${process.pid}.iso`)
    writeFileSync(path, image)
    for (const name of ['user-data', 'meta-data', 'network-config'])
      writeFileSync(join(seed, name), must('isoinfo', ['-J', '-x', `/${name}`, '-i', path]))
    rmSync(path)
  }
  must('unshare', [...inside(root), '/boot.sh'])
  const outcome = (name: string): string => readFileSync(join(root, 'outcome', name), 'utf8').trim()
  const enabled = existsSync(join(root, 'outcome/enabled'))
  const result = enabled ? (JSON.parse(outcome('result.json')) as { v1: { errors: string[] } }) : undefined
  const links = outcome('links').matchAll(/^\d+: ([^:@]+).*link\/ether ([0-9a-f:]+)/gm)
  return {
    enabled,
    hostname: outcome('hostname'),
    errors: result?.v1.errors ?? [],
    commands: readFileSync(join(root, 'commands'), 'utf8').split('\n').filter(Boolean),
    cards: Object.fromEntries([...links].map(([, name = '', mac = '']) => [mac, name])),
  }
}

/** Runs a program to its end and gives what it printed. Throws with its last words if it fails. */
function must(program: string, args: readonly string[]): string {
  const options = {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  } as const
  const { status, stdout, stderr, error } = spawnSync(program, args, options)
  if (error) throw error
  if (status !== 0)
    throw new Error(
      `${program} ${args.join(' ')} ended with ${status}: ${stderr.slice(-2000) || stdout.slice(-2000)}`,
    )
  return stdout
}

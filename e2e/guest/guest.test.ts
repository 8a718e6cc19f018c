import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { kubeletFiles } from '../../packages/controllers/src/bootstrap/kubelet.ts'
import { plainSeed } from '../../packages/controllers/src/test/plain-seed.ts'
import { has } from '../harness.ts'
import { makeDisk } from './disk.ts'
import { startQemu, type Running } from './qemu.ts'

// What the files of a worker do in a guest of its own: Debian's kernel, systemd, udev and growpart in a VM of QEMU, whose disk, cores and
// memory grow while it runs and between two boots. Needs root, debootstrap, mkfs.ext4 and qemu-system-x86_64; the first run fetches some
// 150 MB of packages.

const release = process.env['FOCHISTA_DEBIAN'] || 'bookworm'
const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fochista')
const base = join(cache, `debian-${release}-guest`)
const packages = ['systemd-sysv', 'udev', 'dbus', 'linux-image-cloud-amd64', 'cloud-guest-utils', 'fdisk']
const GIB = 2 ** 30
/** A guest counts in KiB. */
const GIB_IN_KIB = 2 ** 20
/** For a boot by a processor that is emulated, on a machine that does other things. */
const LIMIT_MS = 600_000

/** Stands in for the kubelet: says what it counts when it starts, and runs. */
const kubelet = `#!/bin/sh
echo "kubelet counts $(nproc) $(awk '/MemTotal/ { print $2 }' /proc/meminfo) $(df -k --output=size / | tail -1)" > /dev/ttyS0
exec sleep infinity
`
const unit = '[Service]\nExecStart=/usr/bin/kubelet\n[Install]\nWantedBy=multi-user.target\n'

/** What a kubelet has counted: memory and disk in KiB. */
interface Counted {
  readonly cores: number
  readonly memory: number
  readonly disk: number
}

/** A place for a processor, taken or free. */
interface Slot {
  readonly type: string
  readonly props: object
  readonly 'qom-path'?: string
}

function must(program: string, words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8' })
  assert.equal(status, 0, `${program} ${words.join(' ')}: ${error?.message ?? stderr}`)
}

function makeBase(): void {
  if (existsSync(base)) return
  mkdirSync(cache, { recursive: true })
  const half = `${base}.${process.pid}`
  must('debootstrap', ['--variant=minbase', `--include=${packages.join(',')}`, release, half])
  must('mv', [half, base])
}

function makeRoot(root: string): void {
  must('cp', ['-a', '--reflink=auto', base, root])
  const write = (path: string, content: string | Uint8Array, mode = 0o644): void => {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    chmodSync(file, mode)
  }
  for (const { path, content, permissions } of kubeletFiles(plainSeed.join))
    write(path, content, Number.parseInt(permissions ?? '0644', 8))
  write('/usr/bin/kubelet', kubelet, 0o755)
  write('/etc/systemd/system/kubelet.service', unit)
  write('/etc/fstab', '/dev/sda1 / ext4 defaults 0 1\n')
  must('chroot', [root, 'systemctl', 'enable', 'kubelet.service'])
  // What nothing here needs, and a processor that is emulated takes its time for.
  const idle = ['e2scrub_reap.service', 'getty@tty1.service', 'serial-getty@ttyS0.service', 'apt-daily.timer']
  must('chroot', [root, 'systemctl', 'mask', ...idle])
  must('chroot', [root, 'apt-get', 'clean'])
}

/** Waits until the kubelet has started another time. */
async function counts(vm: Running, times: number): Promise<Counted> {
  const end = Date.now() + LIMIT_MS
  for (;;) {
    const said = vm.lines.flatMap((line) => /kubelet counts (\d+) (\d+) +(\d+)/.exec(line) ?? [])
    if (said.length >= times * 4) {
      const [cores = 0, memory = 0, disk = 0] = said.slice(times * 4 - 3, times * 4).map(Number)
      return { cores, memory, disk }
    }
    assert.ok(
      Date.now() < end,
      `the kubelet has not started ${times} times:\n${vm.lines.slice(-30).join('\n')}`,
    )
    await sleep(100)
  }
}

test('a guest takes in a larger disk, memory and cores while it runs and with a reboot, and its kubelet counts them', async (t) => {
  for (const program of ['debootstrap', 'mkfs.ext4', 'qemu-system-x86_64']) if (!has(t, program)) return
  if (process.getuid?.() !== 0) return t.skip('NEEDS root, to make a Debian')
  makeBase()
  const folder = mkdtempSync(join(tmpdir(), 'fochista-guest-'))
  let vm: Running | undefined
  try {
    const root = join(folder, 'root')
    makeRoot(root)
    for (const name of ['vmlinuz', 'initrd.img']) copyFileSync(join(base, name), join(folder, name))
    const disk = join(folder, 'disk')
    makeDisk(disk, root, 2 * GIB)
    rmSync(root, { recursive: true })
    const seen: Counted[] = []
    const note = (what: string, counted: Counted): Counted => {
      seen.push(counted)
      t.diagnostic(
        `${what}: ${counted.cores} cores, ${counted.memory} KiB of memory, ${counted.disk} KiB of disk`,
      )
      return counted
    }

    vm = await startQemu(folder, { cores: 1, mostCores: 2, memoryMiB: 512 })
    const first = note('at the first boot', await counts(vm, 1))
    await vm.ask('block_resize', { device: 'disk', size: 3 * GIB })
    const grown = note('with a larger disk, while it runs', await counts(vm, 2))
    assert.ok(grown.disk > first.disk + 0.9 * GIB_IN_KIB, 'the file system has not grown with the disk')
    await vm.ask('object-add', { 'qom-type': 'memory-backend-ram', id: 'more', size: GIB / 2 })
    await vm.ask('device_add', { driver: 'pc-dimm', id: 'dimm', memdev: 'more', node: 0 })
    const plugged = note('with memory plugged', await counts(vm, 3))
    assert.ok(plugged.memory > first.memory + 0.45 * GIB_IN_KIB, 'the memory is not put to use')
    const slots = (await vm.ask('query-hotpluggable-cpus')) as Slot[]
    const free = slots.find((slot) => slot['qom-path'] === undefined)
    await vm.ask('device_add', { driver: free?.type, id: 'core', ...free?.props })
    assert.equal(note('with a core plugged', await counts(vm, 4)).cores, 2, 'the core is not put to use')
    assert.equal(new Set(seen.map((one) => JSON.stringify(one))).size, 4)
    await vm.shutdown()
    truncateSync(disk, 4 * GIB)
    vm = await startQemu(folder, { cores: 2, mostCores: 2, memoryMiB: 768 })
    const rebooted = note('rebooted with a larger disk and more memory', await counts(vm, 1))
    assert.ok(rebooted.disk > grown.disk + 0.9 * GIB_IN_KIB, 'the file system has not grown with the reboot')
    assert.ok(rebooted.memory > first.memory + 0.2 * GIB_IN_KIB)
  } finally {
    await vm?.kill()
    rmSync(folder, { recursive: true, force: true })
  }
})

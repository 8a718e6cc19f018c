import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { takeInFiles } from './take-in.ts'

// The script itself, run by this machine's sh, with programs that only write down what they are asked and a /sys of its own.
const folder = mkdtempSync(join(tmpdir(), 'fochista-take-in-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const [bin, sys, run, asked] = ['bin', 'sys', 'run', 'asked'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
  string,
]
for (const path of [bin, run]) mkdirSync(path)
const program = (name: string, body: string): void => {
  writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`)
  chmodSync(join(bin, name), 0o755)
}
for (const name of ['growpart', 'resize2fs', 'xfs_growfs', 'btrfs', 'systemctl'])
  program(name, `echo "${name} $*" >> ${asked}`)
program('findmnt', `cat "${folder}/$2"`)
const mounted = (source: string, type: string, size: string): void => {
  writeFileSync(join(folder, 'SOURCE'), `${source}\n`)
  writeFileSync(join(folder, 'FSTYPE'), `${type}\n`)
  writeFileSync(join(folder, 'SIZE'), `${size}\n`)
}
const device = join(sys, 'devices', 'pci0', 'sda')
mkdirSync(join(device, 'sda1'), { recursive: true })
writeFileSync(join(device, 'sda1', 'partition'), '1\n')
mkdirSync(join(sys, 'class', 'block'), { recursive: true })
symlinkSync(join(device, 'sda1'), join(sys, 'class', 'block', 'sda1'))

const script = String(takeInFiles()[0]?.content).replaceAll('/sys/', `${sys}/`).replaceAll('/run/', `${run}/`)
const file = join(folder, 'take-in')
writeFileSync(file, script)
/** What it asked for. */
function takeIn(word: string): string[] {
  rmSync(asked, { force: true })
  execFileSync('/bin/sh', [file, word], { env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } })
  return existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : []
}

test('before the kubelet starts the partition and its file system grow over the disk', () => {
  mounted('/dev/sda1', 'ext4', '100')
  assert.deepEqual(takeIn('start'), ['growpart /dev/sda 1', 'resize2fs /dev/sda1'])
  mounted('/dev/sda1', 'xfs', '100')
  assert.deepEqual(takeIn('start'), ['growpart /dev/sda 1', 'xfs_growfs /'])
  mounted('/dev/sda1', 'btrfs', '100')
  assert.deepEqual(takeIn('start'), ['growpart /dev/sda 1', 'btrfs filesystem resize max /'])
  mounted('/dev/vdb', 'ext4', '100')
  assert.deepEqual(takeIn('start'), ['resize2fs /dev/vdb'], 'a disk without partitions')
})

test('a kubelet is restarted only where it has counted something else, and not before it has counted', () => {
  mounted('/dev/sda1', 'ext4', '100')
  takeIn('start')
  assert.ok(!takeIn('changed').some((words) => words.startsWith('systemctl')))
  mounted('/dev/sda1', 'ext4', '200')
  assert.deepEqual(takeIn('changed').at(-1), 'systemctl try-restart kubelet.service')
  rmSync(join(run, 'fochista-counted'))
  assert.deepEqual(takeIn('changed'), [])
})

test('where a program or the mount is not known nothing fails', () => {
  mounted('', '', '')
  assert.deepEqual(takeIn('start'), [])
})

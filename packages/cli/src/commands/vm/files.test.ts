import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startLab } from '@fochista/lab'
import { createContext } from '../../context.ts'
import { runLine } from '../../program.ts'
import { testIo, type TestIo } from '../../test-io.ts'
import { connectionFile } from './spice.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 200 })
const folder = await mkdtemp(join(tmpdir(), 'fochista-vm-'))
after(async () => {
  await lab.stop()
  await rm(folder, { recursive: true, force: true })
})

async function run(line: string): Promise<{ code: number; io: TestIo }> {
  const io = testIo()
  const code = await runLine(line.split(' '), io, new AbortController().signal, (given, signal, flags) =>
    createContext(given, signal, flags, { ...lab.environment, HOME: '/nonexistent' }),
  )
  return { code, io }
}

test('the curves of a VM are written as a PNG image', async () => {
  const file = join(folder, 'cpu.png')
  const { code, io } = await run(`vm graph intranet ${file} --of cpu,mem`)
  assert.equal(code, 0, io.stderr)
  const image = await readFile(file)
  assert.deepEqual([...image.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  assert.equal(image.subarray(-8, -4).toString('latin1'), 'IEND')
})

test('a SPICE viewer gets a connection file, with a certificate on one line', async () => {
  const fields = {
    type: 'spice',
    'tls-port': 61_000,
    ca: '-----BEGIN CERTIFICATE-----\nMII=\n',
    title: 'VM 101 - web',
  }
  assert.equal(
    connectionFile(fields),
    '[virt-viewer]\ntype=spice\ntls-port=61000\nca=-----BEGIN CERTIFICATE-----\\nMII=\\n\ntitle=VM 101 - web\n',
  )
  const off = await run('vm spice old-intranet')
  assert.equal(off.code, 1)
  assert.match(
    off.io.stderr,
    /error: 102 \(old-intranet\): VM 102 not running\n {2}start it first: {2}fochista vm start 102/,
  )
})

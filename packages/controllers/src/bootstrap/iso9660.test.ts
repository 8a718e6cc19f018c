import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buildIso } from './iso9660.ts'

const text = (value: string): Uint8Array => Buffer.from(value, 'utf8')
const long = 'x'.repeat(5000)
const files = [
  { name: 'user-data', data: text(long) },
  { name: 'meta-data', data: text('instance-id: a\n') },
  { name: 'network-config', data: text('') },
]
const image = Buffer.from(buildIso({ volume: 'cidata', files }))

interface Entry {
  readonly name: string
  readonly isFolder: boolean
  readonly content: string
}

/** Reads an image's root folder as a guest's kernel would: by the descriptor of the given type, names by Rock Ridge if it is there. */
function readRoot(iso: Buffer, descriptorType: 1 | 2): { volume: string; entries: Entry[] } {
  let at = 16 * 2048
  while (iso[at] !== descriptorType) {
    assert.notEqual(iso[at], 255, 'no such descriptor')
    at += 2048
  }
  assert.equal(iso.toString('latin1', at + 1, at + 6), 'CD001')
  assert.equal(iso.readUInt32LE(at + 80) * 2048, iso.length, 'the descriptor says another size')
  const decode = (bytes: Buffer): string =>
    descriptorType === 2 ? Buffer.from(bytes).swap16().toString('utf16le') : bytes.toString('latin1')
  const volume = decode(iso.subarray(at + 40, at + 72)).trim()
  const folder = iso.readUInt32LE(at + 156 + 2) * 2048
  const entries: Entry[] = []
  for (let record = folder; iso[record]; record += iso[record] ?? 0) {
    assert.equal(iso.readUInt32LE(record + 2), iso.readUInt32BE(record + 6), 'the two byte orders differ')
    const nameLength = iso[record + 32] ?? 0
    const name = iso.subarray(record + 33, record + 33 + nameLength)
    if (nameLength === 1 && (name[0] ?? 0) < 2) continue
    const systemUse = iso.subarray(
      record + 33 + nameLength + (nameLength % 2 === 0 ? 1 : 0),
      record + (iso[record] ?? 0),
    )
    const start = iso.readUInt32LE(record + 2) * 2048
    entries.push({
      name: rockRidgeName(systemUse) ?? decode(name),
      isFolder: ((iso[record + 25] ?? 0) & 2) !== 0,
      content: iso.toString('utf8', start, start + iso.readUInt32LE(record + 10)),
    })
  }
  return { volume, entries }
}

function rockRidgeName(systemUse: Buffer): string | undefined {
  for (let at = 0; at + 4 <= systemUse.length; at += systemUse[at + 2] ?? 0) {
    if (systemUse[at + 2] === 0) return undefined
    if (systemUse.toString('latin1', at, at + 2) === 'NM')
      return systemUse.toString('utf8', at + 5, at + (systemUse[at + 2] ?? 0))
  }
  return undefined
}

const wanted = files
  .map(({ name, data }) => ({ name, isFolder: false, content: Buffer.from(data).toString('utf8') }))
  .sort((a, b) => (a.name < b.name ? -1 : 1))

for (const [names, type] of [
  ['Rock Ridge', 1],
  ['Joliet', 2],
] as const) {
  test(`a reader of ${names} finds label, names and contents`, () => {
    const root = readRoot(image, type)
    assert.equal(root.volume, 'cidata')
    assert.deepEqual(
      root.entries.sort((a, b) => (a.name < b.name ? -1 : 1)),
      wanted,
    )
  })
}

test('the same files give the same bytes', () => {
  assert.ok(image.equals(buildIso({ volume: 'cidata', files })))
})

test('records are in the order of their names, as readers may search them', () => {
  const names = readRoot(image, 2).entries.map(({ name }) => name)
  assert.deepEqual(names, [...names].sort())
})

test('names that one folder cannot hold are refused', () => {
  assert.throws(
    () => buildIso({ volume: 'cidata', files: [{ name: 'x'.repeat(250), data: text('') }] }),
    RangeError,
  )
  const many = Array.from({ length: 40 }, (_, index) => ({ name: `file-${index}`, data: text('') }))
  assert.throws(() => buildIso({ volume: 'cidata', files: many }), RangeError)
})

/** Runs a program over the image. Skips the test, loudly, when the program is not installed. */
function run(t: TestContext, program: string, args: (path: string) => string[]): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'fochista-iso-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'seed.iso')
  writeFileSync(path, image)
  const { error, status, stdout, stderr } = spawnSync(program, args(path), {
    encoding: 'utf8',
    timeout: 120_000,
    // blkid stands where only root's PATH leads by itself.
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` },
  })
  if (error && 'code' in error && error.code === 'ENOENT') {
    if (process.env['FOCHISTA_NO_SKIP']) throw new Error(`${program} is not installed`)
    t.skip(`NEEDS ${program}, which is not installed`)
    return undefined
  }
  assert.equal(status, 0, stderr)
  return stdout
}

for (const [names, flag] of [
  ['Rock Ridge', '-R'],
  ['Joliet', '-J'],
] as const) {
  test(`isoinfo reads a file by its ${names} name`, (t) => {
    const content = run(t, 'isoinfo', (path) => [flag, '-x', '/user-data', '-i', path])
    if (content !== undefined) assert.equal(content, long)
  })
}

test('xorriso lists the files', (t) => {
  const listed = run(t, 'xorriso', (path) => ['-indev', path, '-find', '/', '-type', 'f', '-exec', 'echo'])
  if (listed !== undefined)
    assert.deepEqual(listed.trim().split('\n').sort(), ["'/meta-data'", "'/network-config'", "'/user-data'"])
})

test('7z finds the image whole', (t) => {
  const tested = run(t, '7z', (path) => ['t', path])
  if (tested !== undefined) assert.match(tested, /Everything is Ok/)
})

test('blkid sees the label that cloud-init looks for', (t) => {
  const label = run(t, 'blkid', (path) => ['-p', '-o', 'value', '-s', 'LABEL', path])
  if (label !== undefined) assert.equal(label.trim(), 'cidata')
})

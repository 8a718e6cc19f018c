import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiSchema, type Param } from '../schema/index.ts'
import { parseDrive, parseSize, printDrive, printSize } from './drive.ts'
import { parsePropertyString, printPropertyString, type PropertyValues } from './property-string.ts'

test('a network card is read with its short form, typed, and printed as Proxmox writes it', () => {
  const text = 'virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=42'
  const net = parsePropertyString('net', text)
  assert.deepEqual(net, {
    model: 'virtio',
    macaddr: 'BC:24:11:00:00:01',
    bridge: 'vmbr0',
    firewall: true,
    tag: 42,
  })
  assert.equal(printPropertyString('net', net), text)
  const without: string | undefined = printPropertyString('net', { bridge: 'vmbr0', model: 'virtio' })
  assert.equal(without, 'virtio,bridge=vmbr0')
})

test('booleans come in all four spellings, aliases become the field’s own name, and numbers numbers', () => {
  for (const yes of ['1', 'on', 'yes', 'True']) assert.equal(parsePropertyString('agent', yes).enabled, true)
  for (const no of ['0', 'off', 'no', 'FALSE']) assert.equal(parsePropertyString('agent', no).enabled, false)
  assert.deepEqual(parsePropertyString('agent', '1,freeze-fs-on-backup=0'), {
    enabled: true,
    'freeze-fs': false,
  })
  assert.deepEqual(parsePropertyString('agent', '1,guest-fsfreeze=0'), { enabled: true, 'freeze-fs': false })
  assert.equal(parsePropertyString('scsi', 'a:b,mbps_rd=1.5').mbps_rd, 1.5)
})

test('what the format does not know, and a value that is not of its type, are kept as they came', () => {
  const odd = parsePropertyString(
    'net',
    'virtio=AA:BB:CC:00:00:01,novelty=x=y,tag=many,mtu=0x10,constructor=1',
  )
  assert.deepEqual(odd, {
    model: 'virtio',
    macaddr: 'AA:BB:CC:00:00:01',
    novelty: 'x=y',
    tag: 'many',
    mtu: '0x10',
    constructor: '1',
  })
  assert.deepEqual(parsePropertyString('net', printPropertyString('net', odd)), odd)
})

test('what is no property string is refused', () => {
  const wrong: [string, string, RegExp][] = [
    ['net', 'virtio,model=e1000', /"model" is given twice/],
    ['agent', '1,freeze-fs=1,guest-fsfreeze=0', /"freeze-fs" is given twice/],
    ['ipconfig', 'dhcp', /without a key/],
    ['net', 'virtio,bridge=', /missing/],
    ['net', 'virtio,=x', /missing/],
    ['net', 'virtio,__proto__=x', /is no key/],
    ['nonsense', 'a=b', /is not a format/],
    ['toString', 'a=b', /is not a format/],
  ]
  for (const [format, text, problem] of wrong)
    assert.throws(() => parsePropertyString(format, text), problem, text)
})

test('what has no place in a property string is not printed, and the error does not repeat the value', () => {
  for (const value of ['a,bridge=vmbr9', 'two\nlines', '', ' ']) {
    assert.throws(
      () => printPropertyString('net', { model: 'virtio', bridge: value }),
      (error) =>
        error instanceof TypeError && /"bridge"/.test(error.message) && !error.message.includes('vmbr9'),
    )
  }
  assert.throws(() => printPropertyString('net', { bridge: 'vmbr0' }), /net: "model" is missing/)
  assert.throws(() => printPropertyString('net', { model: 'virtio', 'a,b': 'x' } as never), /is no key/)
})

test('a value with an equals sign does not become a key', () => {
  const drive = { file: '/dev/disk/by-id/x=y', options: { ssd: true } }
  assert.equal(printDrive('scsi', drive), 'file=/dev/disk/by-id/x=y,ssd=1')
  assert.deepEqual(parseDrive('scsi', printDrive('scsi', drive)), drive)
})

test('a drive is its volume and its options', () => {
  assert.deepEqual(parseDrive('virtio', 'local-lvm:vm-100-disk-0,size=32G,iothread=1'), {
    file: 'local-lvm:vm-100-disk-0',
    options: { size: '32G', iothread: true },
  })
  assert.deepEqual(parseDrive('ide', 'volume=none,media=cdrom'), {
    file: 'none',
    options: { media: 'cdrom' },
  })
})

test('sizes are read in every unit and printed in the largest whole one', () => {
  assert.deepEqual(['32G', '4M', '528K', '1.5T', '0', '10GiB', '512'].map(parseSize), [
    32 * 2 ** 30,
    4 * 2 ** 20,
    528 * 1024,
    1.5 * 2 ** 40,
    0,
    10 * 2 ** 30,
    512,
  ])
  for (const none of ['', 'G', '32 G', '-1G', '1P', '1e3']) assert.equal(parseSize(none), undefined)
  for (const size of ['32G', '4M', '528K', '1536G', '0', '513', '2T'])
    assert.equal(printSize(parseSize(size) ?? -1), size)
})

/** Numbers from a seed (mulberry32), so that a failure comes again. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const alphabet = 'abcXYZ0123456789:;/._-+=@%&!()[]{}<>*#~ \'"\\é€'

function randomValue(param: Param, next: () => number): string | number | boolean {
  const below = (limit: number): number => Math.floor(next() * limit)
  if (param.type === 'boolean') return next() < 0.5
  if (param.type === 'integer')
    return (param.min ?? -5) + below(Math.min((param.max ?? 2 ** 40) - (param.min ?? -5) + 1, 2 ** 40))
  if (param.type === 'number') return Math.round(next() * 10_000) / 100
  if (param.enum) return String(param.enum[below(param.enum.length)])
  const text = Array.from({ length: 1 + below(20) }, () => alphabet[below(alphabet.length)]).join('')
  return text.trim() || 'x'
}

test('random values of every format of the schema survive printing and reading', () => {
  const names = Object.keys(apiSchema.formats)
  assert.equal(names.length, 69)
  const next = random(20260430)
  let count = 0
  for (const name of names) {
    const fields = Object.entries(apiSchema.formats[name] ?? {}).filter(
      ([, param]) => param.alias === undefined,
    )
    for (let turn = 0; turn < 60; turn += 1) {
      const values: PropertyValues = {}
      for (const [key, param] of fields)
        if (!param.opt || next() < 0.5) values[key] = randomValue(param, next)
      const text = printPropertyString(name, values)
      assert.deepEqual(parsePropertyString(name, text), values, `${name}: ${text}`)
      assert.equal(printPropertyString(name, parsePropertyString(name, text)), text)
      count += 1
    }
  }
  assert.equal(count, 69 * 60)
})

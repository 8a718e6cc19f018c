import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAddress, parseAddress } from './ip.ts'

const canonical = (text: string): string | undefined => {
  const address = parseAddress(text)
  return address && formatAddress(address)
}

test('an address reads and prints the same, however it was written', () => {
  for (const [given, expected] of [
    ['10.0.0.1', '10.0.0.1'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['fd00::', 'fd00::'],
    ['FD00:0:0:0:0:0:0:0A', 'fd00::a'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['::ffff:10.0.0.1', '::ffff:a00:1'],
    ['10:0:0:0:0:0:0:10', '10::10'],
    ['0:0:0:0:0:0:0:1', '::1'],
  ] as const)
    assert.equal(canonical(given), expected, given)
})

test('what is no address is none', () => {
  for (const text of ['', '10.0.0', '10.0.0.256', ':::', 'fd00::g', '10.0.0.1/24', 'fe80::1%eth0 ', 'host'])
    assert.equal(canonical(text), undefined, text)
})

test('addresses follow each other as numbers do', () => {
  const next = (text: string): string => {
    const { family, value } = parseAddress(text) ?? { family: 4, value: 0n }
    return formatAddress({ family, value: value + 1n })
  }
  assert.equal(next('10.0.0.255'), '10.0.1.0')
  assert.equal(next('fd00::ffff'), 'fd00::1:0')
})

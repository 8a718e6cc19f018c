import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeForm } from './form.ts'
import { decodeJsonBody } from './json-body.ts'

test('a semicolon parts pairs as an ampersand does', () => {
  assert.deepEqual(
    { ...decodeForm('vmid=50;cores=0&name=a', undefined) },
    { vmid: '50', cores: '0', name: 'a' },
  )
})

test('what follows a second raw equals sign is lost', () => {
  assert.deepEqual({ ...decodeForm('net0=virtio=AA,bridge=vmbr0', undefined) }, { net0: 'virtio' })
})

test('plus is a space, escapes are UTF-8, and bad escapes stay', () => {
  assert.deepEqual(
    { ...decodeForm('a=x+y%2Bz&b=%C3%A4&c=%zz&d=%', undefined) },
    { a: 'x y+z', b: 'ä', c: '%zz', d: '%' },
  )
})

test('bytes that are no UTF-8 become replacement characters', () => {
  assert.equal(decodeForm('name=%ff%fe', undefined)['name'], '\ufffd\ufffd')
})

test('a repeated key becomes a list', () => {
  assert.deepEqual(decodeForm('command=ls&command=-l&command=/', undefined)['command'], ['ls', '-l', '/'])
})

test('a key without equals sign is what the caller says: absent, or empty', () => {
  assert.deepEqual(Object.keys(decodeForm('vmid&cores=0', undefined)), ['cores'])
  assert.equal(decodeForm('vmid&cores=0', '')['vmid'], '')
})

test('a JSON body that is none says where the original stops reading', () => {
  const textOf = (body: string): string => {
    try {
      decodeJsonBody(body)
    } catch (error) {
      return (error as Error).message.replace(/ at \/usr.*/, '')
    }
    return 'no error'
  }
  assert.equal(
    textOf('{"vmid":100'),
    ', or } expected while parsing object/hash, at character offset 11 (before "(end of string)")',
  )
  assert.equal(
    textOf(''),
    'malformed JSON string, neither tag, array, object, number, string or atom, at character offset 0 (before "(end of string)")',
  )
  assert.equal(textOf('[1]'), 'Not a HASH reference')
  assert.equal(textOf('nul'), '\'null\' expected, at character offset 0 (before "nul")')
})

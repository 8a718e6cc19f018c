import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readHead, wantsClose } from './request.ts'

const read = (text: string) => readHead(Buffer.from(text, 'latin1'), 0)

test('a head is read only when it is whole', () => {
  assert.equal(read('GET / HTTP/1.1\r\nHost: a\r\n'), undefined)
  const whole = read('GET / HTTP/1.1\r\nHost: a\r\n\r\nrest')
  assert.ok(whole !== undefined && !('bad' in whole))
  assert.equal(whole.head.headers['host'], 'a')
  assert.equal(whole.bodyAt, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.length)
})

test('what is no request of HTTP/1.x is refused in the original words', () => {
  const refusal = (text: string): unknown => {
    const bad = read(text)
    return bad !== undefined && 'bad' in bad ? [bad.status, bad.reason] : bad
  }
  assert.deepEqual(refusal('GET /\r\n\r\n'), [400, 'bad request'])
  assert.deepEqual(refusal('GET / HTTP/2.0\r\n\r\n'), [506, 'http protocol version 2.0 not supported'])
  assert.deepEqual(refusal('GET a@b/ HTTP/1.1\r\n\r\n'), [400, 'invalid url'])
  assert.deepEqual(refusal('GET / HTTP/1.1\r\nno header\r\n\r\n'), [506, 'unable to parse request header'])
})

test('more than 64 header lines or 8 KiB of them are never answered', () => {
  const silent = (text: string): boolean => {
    const bad = read(text)
    return bad !== undefined && 'bad' in bad && bad.silent === true
  }
  const lines = (count: number): string => Array.from({ length: count }, (_, n) => `X-${n}: 1\r\n`).join('')
  assert.equal(silent(`GET / HTTP/1.1\r\n${lines(64)}\r\n`), false)
  assert.equal(silent(`GET / HTTP/1.1\r\n${lines(65)}\r\n`), true)
  assert.equal(silent(`GET / HTTP/1.1\r\nX: ${'x'.repeat(9000)}\r\n\r\n`), true)
  assert.equal(silent(`GET /${'x'.repeat(9000)} HTTP/1.1\r\nHost: a\r\n\r\n`), false)
})

test('HTTP/1.0 closes unless asked to stay, HTTP/1.1 stays unless asked to close', () => {
  const closes = (protocol: string, connection?: string): boolean =>
    wantsClose({
      method: 'GET',
      target: '/',
      protocol,
      headers: connection === undefined ? {} : { connection },
      startedAt: 0,
    })
  assert.equal(closes('HTTP/1.0'), true)
  assert.equal(closes('HTTP/1.0', 'Keep-Alive'), false)
  assert.equal(closes('HTTP/1.1'), false)
  assert.equal(closes('HTTP/1.1', 'close'), true)
})

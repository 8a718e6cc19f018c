import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MultipartReader, type MultipartBody } from './multipart.ts'

const field = (name: string, value: string): string =>
  `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (name: string, content: string): string =>
  `--B\r\nContent-Disposition: form-data; name="${name}"; filename="a.iso"\r\nContent-Type: x/y\r\n\r\n${content}`
const END = '\r\n--B--\r\n'

/** Reads a body that comes in pieces of `size` bytes. */
function read(body: string, size = body.length): MultipartBody {
  const reader = new MultipartReader('B')
  const bytes = Buffer.from(body, 'latin1')
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
  return reader.end()
}

test('fields and file are the same however the body is cut into pieces', () => {
  const content = 'first\r\n--B\r\nsecond'
  const body = field('content', 'iso') + file('filename', content) + END
  for (const size of [1, 2, 7, 64, body.length]) {
    const { params, data } = read(body, size)
    assert.deepEqual(params, { content: 'iso', filename: 'a.iso' })
    assert.equal(Buffer.from(data).toString('latin1'), content)
  }
})

test('an empty file is a file', () => {
  assert.equal(read(field('content', 'iso') + file('filename', '') + END, 3).data.length, 0)
})

test('a field behind the file ends up in the file', () => {
  const { params, data } = read(
    `${file('filename', 'data')}\r\n${field('content', 'iso').slice(0, -2)}${END}`,
  )
  assert.equal(params['content'], undefined)
  assert.match(Buffer.from(data).toString('latin1'), /^data\r\n--B\r\nContent-Disposition/)
})

test('a body without file, without its end, or with a wrong file field fails as the original does', () => {
  assert.throws(() => read(field('content', 'iso') + END), /^Error: upload failed at .* line 1370\.$/)
  assert.throws(() => read(file('filename', 'data')), /upload failed/)
  assert.throws(
    () => read(file('file', 'data') + END),
    /wrong field name 'file' for file upload, expected 'filename'/,
  )
})

test('a field that nobody knows makes an empty 400', () => {
  assert.throws(() => read(field('foo', '1') + file('filename', '') + END), { message: '' })
})

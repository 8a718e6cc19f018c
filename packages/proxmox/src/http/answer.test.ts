import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerReader, BrokenAnswerError, TooLargeError } from './answer.ts'

const bytesOf = (raw: string): Buffer => Buffer.from(raw, 'latin1')

/** What a reader makes of bytes that come in pieces. */
function read(
  pieces: readonly Buffer[],
  maxBytes = 1000,
): { answer: AnswerReader; rest: string | undefined; isWhole: boolean } {
  const answer = new AnswerReader(maxBytes)
  let rest: string | undefined
  for (const piece of pieces)
    if (rest === undefined) rest = answer.push(piece)?.toString('latin1')
    else rest += piece.toString('latin1')
  return { answer, rest, isWhole: rest !== undefined || answer.end() }
}

const answers: readonly {
  readonly what: string
  readonly raw: string
  readonly text: string
  readonly keepsAlive: boolean
  readonly status?: number
}[] = [
  {
    what: 'with a length',
    raw: 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Other:\r\n\r\nhello',
    text: 'hello',
    keepsAlive: true,
  },
  {
    what: 'in chunks, with what may stand at them',
    raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0A \r\n, my world\r\n0\r\nX-Sum: 1\r\n\r\n',
    text: 'hello, my world',
    keepsAlive: true,
  },
  {
    what: 'with neither',
    raw: 'HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\n\r\nhello',
    text: 'hello',
    keepsAlive: false,
  },
  {
    what: 'after interim ones',
    raw: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
    text: 'ok',
    keepsAlive: true,
  },
  { what: 'that has no body', raw: 'HTTP/1.1 204\r\n\r\n', text: '', keepsAlive: true, status: 204 },
  {
    what: 'of an old server',
    raw: 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n',
    text: '',
    keepsAlive: false,
  },
  {
    what: 'that is the last of its connection',
    raw: 'HTTP/1.1 500 no\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
    text: '',
    keepsAlive: false,
    status: 500,
  },
  {
    what: 'that Proxmox relayed: it stays open',
    raw: 'HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n',
    text: '',
    keepsAlive: true,
  },
]

for (const { what, raw, text, keepsAlive, status = 200 } of answers)
  test(`an answer ${what} reads the same wherever its bytes are cut`, () => {
    const whole = bytesOf(raw)
    const cuts = [
      ...Array.from({ length: whole.length + 1 }, (_, at) => [whole.subarray(0, at), whole.subarray(at)]),
      Array.from(whole, (_, at) => whole.subarray(at, at + 1)),
    ]
    for (const pieces of cuts) {
      const { answer, isWhole } = read(pieces)
      assert.ok(isWhole)
      assert.deepEqual([answer.status, answer.text(), answer.keepsAlive], [status, text, keepsAlive])
    }
  })

test('an answer that is cut short is not whole', () => {
  for (const { raw, what } of answers.filter((one) => one.what !== 'with neither'))
    for (let end = 0; end < raw.length; end += 1)
      assert.equal(read([bytesOf(raw.slice(0, end))]).isWhole, false, `${what}, ${end} bytes`)
})

test('what follows an answer is told, for nobody asked for it', () => {
  const lengths = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200'
  assert.equal(read([bytesOf(lengths)]).rest, 'HTTP/1.1 200')
  const chunks = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nmore'
  assert.equal(read([bytesOf(chunks)]).rest, 'more')
})

test('an answer that changes to another protocol ends with its head, whose headers are all there', () => {
  const raw = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nA: 1\r\na: 2\r\n\r\n\u0081'
  const { answer, rest } = read([bytesOf(raw)])
  assert.equal(rest, '\u0081')
  assert.deepEqual(answer.headers(), { upgrade: 'websocket', a: '1, 2' })
})

test('what is no answer, or of which nobody knows where it ends, is refused', () => {
  const ok = 'HTTP/1.1 200 OK\r\n'
  const broken = [
    'SSH-2.0-OpenSSH_9.2p1\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n',
    `${ok}no header\r\n\r\n`,
    `${ok}: no name\r\n\r\n`,
    `${ok}Content-Length : 2\r\n\r\nok`,
    `${ok}X: a\r\n Content-Length: 2\r\n\r\nok`,
    `${ok}X: a\nContent-Length: 2\r\n\r\nok`,
    `${ok}X: a\rContent-Length: 2\r\n\r\nok`,
    `${ok}X: a\0\r\n\r\n`,
    `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    `${ok}Content-Length: 1, 1\r\n\r\n`,
    `${ok}Content-Length: -1\r\n\r\n`,
    `${ok}Content-Length: 0x10\r\n\r\n`,
    `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n`,
    `${ok}Transfer-Encoding: chunked\r\n\r\n-1\r\n`,
    `${ok}Transfer-Encoding: chunked\r\n\r\n2\nok\r\n`,
    `${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n`,
    `${ok}Transfer-Encoding: chunked\r\n\r\nfffffffff\r\n`,
    `${ok}X: ${'x'.repeat(20_000)}`,
    `${ok}X: ${'x'.repeat(20_000)}\r\n\r\n`,
    `${ok}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(20_000)}`,
  ]
  for (const raw of broken)
    assert.throws(() => read([bytesOf(raw)]), BrokenAnswerError, JSON.stringify(raw.slice(0, 80)))
})

test('two lengths end the connection: who counted the other one would begin the next answer elsewhere', () => {
  const raw = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'
  const { answer } = read([bytesOf(raw)])
  assert.deepEqual([answer.text(), answer.keepsAlive], ['ok', false])
})

test('no more of a body is kept than may be, however its length is told', () => {
  const heads = ['Content-Length: 1001\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n3e9\r\n', '\r\n']
  for (const head of heads)
    assert.throws(() => read([bytesOf(`HTTP/1.1 200 OK\r\n${head}${'x'.repeat(1001)}`)]), TooLargeError)
})

test('a body that comes byte by byte is put together as it comes, each byte once', () => {
  const text = Array.from({ length: 5000 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('')
  const chunks = Array.from(text, (one) => `1\r\n${one}\r\n`).join('')
  const answer = new AnswerReader(5000)
  answer.push(bytesOf('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'))
  assert.equal(answer.push(bytesOf(`${chunks}0\r\n\r\n`))?.length, 0)
  assert.equal(answer.text(), text)
})

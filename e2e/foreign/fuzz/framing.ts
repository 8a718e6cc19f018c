import { bytes, head, inParts, WRITES } from './pieces.ts'
import type { Make } from './pieces.ts'

// Requests whose end two readers would see at different places: a second request is hidden in the first one's body.

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: lab\r\n\r\n'

/** Ways to say twice how long a body is. Whoever answers what is hidden has believed the wrong one. */
const BOTH: readonly (readonly string[])[] = [
  ['Content-Length: 4', 'Transfer-Encoding: chunked'],
  ['Transfer-Encoding: chunked', 'Content-Length: 4'],
  ['Content-Length: 4', 'Content-Length: 400'],
  ['Content-Length: 4, 400'],
  ['Content-Length: +4'],
  ['Content-Length: 4 4'],
  ['Content-Length: 0x4'],
  ['Content-Length: 4', 'Transfer-Encoding: xchunked'],
  ['Content-Length: 4', 'Transfer-Encoding: chunked, identity'],
  ['Content-Length: 4', 'Transfer-Encoding: identity, chunked'],
  ['Content-Length: 4', 'Transfer-Encoding:\tchunked'],
  ['Content-Length: 4', 'Transfer-Encoding : chunked'],
  ['Content-Length: 4', 'Transfer-Encoding: "chunked"'],
  ['Content-Length: 4', 'X: y', ' Transfer-Encoding: chunked'],
  ['Content-Length: 4', 'X: y\rTransfer-Encoding: chunked'],
  ['Content-Length: 4', 'X: y\nTransfer-Encoding: chunked'],
]

/** Kinds of cases about where a request ends. */
export const framing: Readonly<Record<string, Make>> = {
  'two lengths': (random, server) => {
    const type = random.pick(['application/json', 'application/x-www-form-urlencoded'])
    const start = head(random, server, random.pick(WRITES), [`Content-Type: ${type}`, ...random.pick(BOTH)])
    // For who counts bytes the body is `0\r\n\r` or longer; for who counts chunks it is over before the hidden request.
    return {
      parts: inParts(random, Buffer.from(`${start}0\r\n\r\n${HIDDEN}`, 'latin1')),
      ending: 'wait',
      hides: true,
    }
  },
  'other line ends': (random, server) => {
    const whole = head(random, server, random.pick(['GET', ...WRITES]), ['Content-Length: 0'])
    const odd = random.pick([
      () => whole.replaceAll('\r\n', '\n'),
      () => whole.replaceAll('\r\n', '\r'),
      () => `\r\n\r\n${whole}`,
      () => `\n${whole}`,
      () => whole.replace('\r\n', '\r\r\n'),
      () => whole.replace('HTTP/1.1', 'HTTP/1.1\u000b'),
      () => `${whole.slice(0, -2)}\u0000\r\n\r\n`,
    ])()
    return { parts: inParts(random, Buffer.from(odd, 'latin1')) }
  },
  chunks: (random, server) => {
    const start = head(random, server, random.pick(WRITES), [
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
      random.pick(['Trailer: X', 'TE: trailers', 'Expect: 100-continue']),
    ])
    const body = Array.from({ length: random.whole(1, 60) }, () => {
      const data = random.pick(['{', '}', '"a":1', ' ', ',', 'x'.repeat(random.whole(1, 2000))])
      const size = data.length.toString(16)
      return `${random.pick([size, `000${size}`, `${size};a=b`, `${size};a="\r`, ` ${size}`])}\r\n${data}\r\n`
    }).join('')
    const trailer = random.pick([
      '',
      'X: y\r\n',
      `X: ${'y'.repeat(random.whole(1, 40_000))}\r\n`,
      'Content-Length: 3\r\n',
    ])
    return { parts: inParts(random, Buffer.from(`${start}${body}0\r\n${trailer}\r\n`, 'latin1')) }
  },
  'nothing more comes': (random, server) => {
    const start = head(random, server, random.pick(['GET', ...WRITES]), ['Content-Length: 10000'])
    const part = random.pick([
      () => Buffer.alloc(0),
      () => Buffer.from([0x16, 3, 1]),
      () => Buffer.from(start.slice(0, random.whole(0, start.length - 1))),
      () => Buffer.from(start + 'x'.repeat(random.whole(0, 9000))),
      () => bytes(random, random.whole(1, 50)),
    ])()
    return { isTls: random() < 0.7, parts: [part], ending: random.pick(['wait', 'end']) }
  },
}

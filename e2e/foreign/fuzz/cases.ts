import type { Random } from '../../chaos/seed.ts'
import { consoles } from './consoles.ts'
import { framing } from './framing.ts'
import { payloads } from './payloads.ts'
import { bodyOf, bytes, ending, head, inParts, METHODS, ODD_HEADERS, pathOf, WRITES } from './pieces.ts'
import type { Case, Make } from './pieces.ts'
import type { Server } from './server.ts'

/** The case that a source of random numbers decides. */
export function makeCase(random: Random, server: Server): Case {
  const [name, make] = random.pick(Object.entries(kindsOf(server)))
  return { name: `${name} at ${server.name}`, isTls: true, ending: ending(random), ...make(random, server) }
}

/** Every kind of case that a server is thrown, by name. */
function kindsOf({ speaks }: Server): Readonly<Record<string, Make>> {
  return { ...KINDS, ...framing, ...payloads[speaks], ...(speaks === 'proxmox' ? consoles : {}) }
}

const KINDS: Readonly<Record<string, Make>> = {
  'no TLS': (random) => ({
    isTls: false,
    parts: [
      random.pick([
        () => bytes(random, random.whole(0, 600)),
        () => Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
        () => Buffer.concat([Buffer.from([0x16, 3, 1, 2, 0, 1]), bytes(random, random.whole(0, 600))]),
        () => Buffer.from([0x16]),
      ])(),
    ],
  }),
  'bad request line': (random, server) => {
    const path = pathOf(random, server)
    const line = random.pick([
      `${random.pick(METHODS)} ${path} HTTP/${random.pick(['0.9', '1.0', '1.1', '1.2', '2.0', 'x', '1.11'])}`,
      `${random.pick(METHODS)} ${path}`,
      `GET  ${path}  HTTP/1.1`,
      `GET ${path.replaceAll('/', '\\')} HTTP/1.1`,
      `GET ${path}\0 HTTP/1.1`,
      `GET https://user:x@other${path} HTTP/1.1`,
      `GET /${'a'.repeat(random.whole(1000, 200_000))} HTTP/1.1`,
      `GET /${'%2e%2e/'.repeat(random.whole(1, 500))} HTTP/1.1`,
      `GET /${'%'.repeat(random.whole(1, 50))} HTTP/1.1`,
      'PRI * HTTP/2.0\r\n\r\nSM',
      `${'A'.repeat(random.whole(1, 20_000))} / HTTP/1.1`,
    ])
    return { parts: inParts(random, Buffer.from(`${line}\r\nHost: lab\r\n\r\n`, 'latin1')) }
  },
  'odd headers': (random, server) => {
    const odd = Array.from({ length: random.whole(1, 4) }, () => random.pick(ODD_HEADERS))
    const whole = head(random, server, random.pick(METHODS), odd)
    return { parts: inParts(random, Buffer.from(whole + random.pick(['', 'x', '{}']), 'latin1')) }
  },
  'huge headers': (random, server) => {
    const huge = random.pick([
      () => [`X-Long: ${'x'.repeat(random.whole(8000, 300_000))}`],
      () => Array.from({ length: random.whole(500, 8000) }, (_, index) => `X-${index}: y`),
      () => [`${'x'.repeat(random.whole(8000, 100_000))}: y`],
      () => [`Cookie: ${'a=b; '.repeat(random.whole(1000, 20_000))}`],
    ])()
    return { parts: [Buffer.from(head(random, server, 'GET', huge))] }
  },
  'bad chunks': (random, server) => {
    const body = bodyOf(random, server)
    const size = body.bytes.length.toString(16)
    const chunks = random.pick([
      `${size}\r\n`,
      `zz\r\n`,
      `-1\r\n`,
      `ffffffffffffffff\r\n`,
      `${size};${'x'.repeat(random.whole(0, 30_000))}\r\n`,
      `${size}\n`,
      `0\r\nTrailer: x\r\nContent-Length: 5\r\n`,
    ])
    const start = head(random, server, random.pick(WRITES), [
      `Content-Type: ${body.type}`,
      'Transfer-Encoding: chunked',
    ])
    const end = random.pick(['\r\n0\r\n\r\n', '\r\n', '', '\r\n0\r\n', '\r\nxx\r\n'])
    return { parts: [Buffer.from(start + chunks), body.bytes, Buffer.from(end)] }
  },
  'half a request': (random, server) => {
    const body = bodyOf(random, server)
    const whole = Buffer.concat([
      Buffer.from(
        head(random, server, random.pick(WRITES), [
          `Content-Type: ${body.type}`,
          `Content-Length: ${body.bytes.length + random.whole(1, 5000)}`,
        ]),
      ),
      body.bytes,
    ])
    return {
      ending: random.pick(['end', 'destroy']),
      parts: inParts(random, whole.subarray(0, random.whole(0, whole.length))),
    }
  },
  'bad body': (random, server) => {
    const body = bodyOf(random, server)
    const start = head(random, server, random.pick(WRITES), [
      `Content-Type: ${body.type}`,
      `Content-Length: ${body.bytes.length}`,
    ])
    return { parts: inParts(random, Buffer.concat([Buffer.from(start), body.bytes])) }
  },
  'too large a body': (random, server) => {
    const size = random.whole(3 * 1024 * 1024, 5 * 1024 * 1024)
    const start = head(random, server, random.pick(WRITES), [
      'Content-Type: application/json',
      `Content-Length: ${size}`,
    ])
    return { parts: [Buffer.from(start), Buffer.alloc(size, random.pick(['x', '[', '{"a":']))] }
  },
  'several at once': (random, server) => {
    const requests = Array.from({ length: random.whole(2, 20) }, () =>
      random() < 0.7 ? head(random, server, 'GET') : head(random, server, 'GET', [random.pick(ODD_HEADERS)]),
    )
    return { parts: inParts(random, Buffer.from(requests.join(''), 'latin1')) }
  },
  'broken WebSocket': (random, server) => {
    const upgrade = head(random, server, 'GET', [
      'Connection: Upgrade',
      'Upgrade: websocket',
      random.pick(['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: x', 'X-None: x']),
      random.pick(['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Key: x', 'X-None: x']),
      random.pick([
        'Sec-WebSocket-Protocol: v4.channel.k8s.io',
        'Sec-WebSocket-Protocol: binary',
        'Sec-WebSocket-Protocol: ,',
      ]),
    ])
    const frame = random.pick([
      () => bytes(random, random.whole(0, 300)),
      () => Buffer.from([0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
      () => Buffer.from([0x81, 0x05, 1, 2, 3, 4, 5]),
      () => Buffer.concat([Buffer.from([0x88, 0xfe, 0x10, 0]), bytes(random, 50)]),
    ])()
    return { parts: [Buffer.from(upgrade), frame] }
  },
}

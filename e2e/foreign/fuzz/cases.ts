import type { Random } from '../../chaos/seed.ts'
import { kubernetesBody, proxmoxBody } from './bodies.ts'
import type { Body } from './bodies.ts'
import type { Server } from './server.ts'

/** What is thrown at a server, and how its client ends. */
export interface Case {
  /** What it is, for the message of a failure. */
  name: string
  /** Whether TLS is spoken at all. */
  isTls: boolean
  /** Sent one after the other. */
  parts: Buffer[]
  /** `end` says that nothing more comes, `destroy` is gone at once, `wait` looks at the answer for a moment. */
  ending: 'end' | 'destroy' | 'wait'
}

const PATHS = {
  kubernetes: [
    '/api/v1/namespaces/default/configmaps',
    '/api/v1/namespaces/default/configmaps/fuzz',
    '/api/v1/namespaces/default/pods',
    '/api/v1/namespaces/default/pods/fuzz/status',
    '/api/v1/namespaces/default/pods/fuzz/log',
    '/api/v1/namespaces/default/serviceaccounts/default/token',
    '/apis/apps/v1/namespaces/default/deployments/fuzz/scale',
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    '/apis/authentication.k8s.io/v1/tokenreviews',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    '/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1',
    '/api/v1/pods?limit=1&continue=e30',
    '/apis',
    '/openapi/v3',
    '/version',
  ],
  proxmox: [
    '/api2/json/version',
    '/api2/json/nodes',
    '/api2/json/cluster/resources',
    '/api2/json/access/ticket',
    '/api2/json/nodes/pve1/qemu',
    '/api2/json/nodes/pve1/qemu/100/config',
    '/api2/json/nodes/pve1/qemu/100/vncwebsocket?port=5900&vncticket=x',
    '/api2/json/nodes/pve1/storage/local/upload',
    '/api2/extjs/nodes/pve1/qemu/100/status/start',
    '/api2/json/nodes/pve1/qemu/100/agent/exec',
  ],
}
const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'BREW',
  '',
  'get',
]
const QUERIES = [
  'labelSelector=a%20in%20(',
  'fieldSelector=metadata.name%3D%5C',
  'limit=-1',
  'limit=99999999999999999999',
  'continue=%ff',
  'resourceVersion=x',
  'timeoutSeconds=1e9',
  'dryRun=All',
  'fieldManager=%00',
  'watch=1&timeoutSeconds=1',
  'a=%',
  '%E0%A4%A',
  'pretty=1&pretty=2',
]
const ACCEPTS = [
  '*/*',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf',
  'application/yaml',
  ';;q=',
  ',,,',
]
const ODD_HEADERS = [
  'No colon at all',
  ': no name',
  'Spaced : x',
  ' Folded: x',
  'Nul\0: x',
  'X-Nul: \0',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 0x10',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: \u000bchunked',
  'Content-Encoding: gzip',
  'Host: other',
  'Expect: 100-continue',
  'Expect: nonsense',
  'Connection: upgrade',
  'Upgrade: h2c',
  'Authorization: Bearer',
  'Authorization: Bearer a.b.c',
  'Authorization: PVEAPIToken=x',
  'Cookie: PVEAuthCookie=%',
  'Impersonate-User: x',
  'Impersonate-Extra-%zz: x',
  'Range: bytes=0-,-1',
  'If-None-Match: "',
]

/** The case that a source of random numbers decides. */
export function makeCase(random: Random, server: Server): Case {
  const [name, make] = random.pick(Object.entries(KINDS))
  return { name: `${name} at ${server.name}`, isTls: true, ending: ending(random), ...make(random, server) }
}

function ending(random: Random): Case['ending'] {
  return random.pick(['wait', 'wait', 'end', 'destroy'])
}

function bytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.whole(0, 255)))
}

function pathOf(random: Random, { speaks }: Server): string {
  const path = random.pick(PATHS[speaks])
  if (random() < 0.5) return path
  return `${path}${path.includes('?') ? '&' : '?'}${random.pick(QUERIES)}`
}

function bodyOf(random: Random, { speaks }: Server): Body {
  return speaks === 'kubernetes' ? kubernetesBody(random) : proxmoxBody(random)
}

/** The beginning of a request as it should be. */
function head(random: Random, server: Server, method: string, more: string[] = []): string {
  return [
    `${method} ${pathOf(random, server)} HTTP/1.1`,
    'Host: lab',
    `Authorization: ${server.authorization}`,
    `Accept: ${random.pick(ACCEPTS)}`,
    ...more,
    '',
    '',
  ].join('\r\n')
}

/** Cut into parts at random places. */
function inParts(random: Random, whole: Buffer): Buffer[] {
  const parts: Buffer[] = []
  let from = 0
  for (let cuts = random.whole(0, 3); cuts > 0 && from < whole.length; cuts--) {
    const to = random.whole(from, whole.length)
    parts.push(whole.subarray(from, to))
    from = to
  }
  return [...parts, whole.subarray(from)]
}

const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE']

type Make = (random: Random, server: Server) => Partial<Case> & Pick<Case, 'parts'>

const KINDS: { [name: string]: Make } = {
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

import type { Random } from '../../chaos/seed.ts'
import { ALIASES, deep } from './bodies.ts'
import { bytes, head, inParts } from './pieces.ts'
import type { Make } from './pieces.ts'

/** A whole request with a body. */
function whole(start: string, body: Buffer, length = body.length): Buffer {
  return Buffer.concat([
    Buffer.from(start.replace('\r\n\r\n', `\r\nContent-Length: ${length}\r\n\r\n`)),
    body,
  ])
}

const NAMESPACE = '/api/v1/namespaces/default'

/** A field of a protobuf message, its length as it is or another one. */
function field(number: number, data: Buffer, length = data.length): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(length), data])
}

function varint(value: number): Buffer {
  const out: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    out.push((left % 128) + (left >= 128 ? 128 : 0))
    if (left < 128) return Buffer.from(out)
  }
}

/** Bytes that a reader of protobuf must give up on, or go deep for. */
function message(random: Random): Buffer {
  return random.pick<() => Buffer>([
    () => field(1, Buffer.from('x'), random.whole(2, 2 ** 40)),
    () => Buffer.alloc(random.whole(1, 30), 0xff),
    () => Buffer.from([random.pick([0x0b, 0x0c, 0x0e, 0x0f]), 1, 2, 3]),
    () =>
      Buffer.concat(
        Array.from({ length: random.whole(1, 400) }, () =>
          field(random.whole(1, 40), bytes(random, random.whole(0, 6))),
        ),
      ),
    () => {
      let nested: Buffer = Buffer.from('x')
      for (let depth = random.whole(10, 3000); depth > 0; depth--) nested = field(random.pick([1, 2]), nested)
      return nested
    },
    () => field(1, field(1, bytes(random, 20))),
    () => bytes(random, random.whole(0, 500)),
  ])()
}

function envelope(random: Random, apiVersion: string, kind: string, raw: Buffer): Buffer {
  const meta = Buffer.concat([field(1, Buffer.from(apiVersion)), field(2, Buffer.from(kind))])
  const magic = random() < 0.9 ? Buffer.from('k8s\0') : bytes(random, 4)
  return Buffer.concat([magic, field(1, meta), field(2, raw), ...(random() < 0.3 ? [message(random)] : [])])
}

const PROTOBUF: readonly (readonly [path: string, apiVersion: string, kind: string])[] = [
  [`${NAMESPACE}/configmaps`, 'v1', 'ConfigMap'],
  [`${NAMESPACE}/pods`, 'v1', 'Pod'],
  [`${NAMESPACE}/serviceaccounts/default/token`, 'authentication.k8s.io/v1', 'TokenRequest'],
  ['/apis/apps/v1/namespaces/default/deployments', 'apps/v1', 'Deployment'],
  ['/apis/apps/v1/namespaces/default/deployments/fuzz/scale', 'autoscaling/v1', 'Scale'],
  [
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    'authorization.k8s.io/v1',
    'SelfSubjectAccessReview',
  ],
  [
    '/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes',
    'kamaji.clastix.io/v1alpha1',
    'TenantControlPlane',
  ],
]

const WATCHED = [
  '/api/v1/pods',
  `${NAMESPACE}/configmaps`,
  '/api/v1/events',
  '/apis/kamaji.clastix.io/v1alpha1/tenantcontrolplanes',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
]

const UPLOAD = '/api2/json/nodes/pve1/storage/local/upload'

/** Kinds of cases about what a server that speaks so reads or sends. */
export const payloads: Readonly<Record<'kubernetes' | 'proxmox', Readonly<Record<string, Make>>>> = {
  kubernetes: {
    'bad protobuf': (random, server) => {
      const [path, apiVersion, kind] = random.pick(PROTOBUF)
      const more = ['Content-Type: application/vnd.kubernetes.protobuf']
      // The tenant that is thrown at is to stay.
      const methods = kind === 'TenantControlPlane' ? ['POST', 'PUT'] : ['POST', 'PUT', 'DELETE']
      const start = head(random, server, random.pick(methods), more, path)
      return { parts: inParts(random, whole(start, envelope(random, apiVersion, kind, message(random)))) }
    },
    'a body without end': (random, server) => {
      const [type, text] = random.pick<readonly [string, () => string]>([
        ['application/yaml', () => ALIASES],
        ['application/apply-patch+yaml', () => ALIASES],
        ['application/yaml', () => `a: ${'['.repeat(random.whole(100, 20_000))}`],
        ['application/yaml', () => `${'- '.repeat(random.whole(100, 5000))}x`],
        ['application/json', () => deep(random)],
        ['application/merge-patch+json', () => deep(random)],
        [
          'application/json-patch+json',
          () =>
            `[${'{"op":"copy","from":"/data","path":"/data/a"},'.repeat(random.whole(1, 60))}{"op":"test","path":"","value":1}]`,
        ],
      ])
      const isPatch = type.includes('patch')
      const path = `${NAMESPACE}/configmaps${isPatch ? '/kube-root-ca.crt?fieldManager=fuzz&dryRun=All' : ''}`
      const start = head(random, server, isPatch ? 'PATCH' : 'POST', [`Content-Type: ${type}`], path)
      return { parts: inParts(random, whole(start, Buffer.from(text()))), ending: 'wait' }
    },
    'an abandoned watch': (random, server) => {
      const options = random.pick([
        '',
        '&resourceVersion=0&allowWatchBookmarks=true',
        '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
        '&timeoutSeconds=3600',
      ])
      const watched = `${random.pick(WATCHED)}?watch=true`
      // Behind a watch that has not ended nothing is read of its connection: where there are more, all are short.
      const paths =
        random() < 0.6
          ? [watched + options]
          : Array.from(
              { length: random.whole(2, 4) },
              () => `${watched}&timeoutSeconds=${random.whole(1, 2)}`,
            )
      const isDeaf = random() < 0.5
      return {
        parts: paths.map((path) => Buffer.from(head(random, server, 'GET', [], path))),
        // Who reads nothing never sees that the server has ended as well.
        ending: random.pick(isDeaf ? ['wait', 'destroy'] : ['wait', 'destroy', 'end']),
        isDeaf,
      }
    },
  },
  proxmox: {
    'a broken upload': (random, server) => {
      const edge = random.pick([
        'b',
        '----fuzz',
        'x'.repeat(70),
        'x'.repeat(9000),
        '',
        '-',
        'a.b*c(d',
        '\u00e9',
      ])
      const said = random.pick([edge, `"${edge}"`, edge.slice(1), `${edge}\t`])
      const line = random.pick(['\r\n', '\n'])
      const field = (name: string, more: string, data: Buffer): Buffer =>
        Buffer.concat([
          Buffer.from(`--${edge}${line}Content-Disposition: form-data; name="${name}"${more}${line}${line}`),
          data,
          Buffer.from(line),
        ])
      const parts = Array.from({ length: random.whole(0, 6) }, () =>
        field(
          random.pick(['content', 'filename', 'checksum', 'nosuch', '', 'x'.repeat(70_000)]),
          random.pick([
            '',
            '; filename="a.iso"',
            '; filename="../../a.iso"',
            '; filename="',
            `; filename="${'a'.repeat(3000)}"`,
          ]),
          random.pick([
            Buffer.from('iso'),
            bytes(random, random.whole(0, 2000)),
            Buffer.from(`${line}--${edge}`),
          ]),
        ),
      )
      const body = Buffer.concat([
        ...parts,
        Buffer.from(random.pick([`--${edge}--${line}`, `--${edge}`, '', '--'])),
      ])
      const start = head(
        random,
        server,
        'POST',
        [`Content-Type: multipart/form-data; boundary=${said}`],
        UPLOAD,
      )
      const cut = random.whole(0, body.length)
      return random.pick([
        () => ({ parts: inParts(random, whole(start, body)) }),
        // Less comes than was said, or more.
        () => ({
          parts: inParts(random, whole(start, body.subarray(0, cut), body.length)),
          ending: random.pick(['end', 'destroy'] as const),
        }),
        () => ({ parts: inParts(random, whole(start, body, cut)) }),
      ])()
    },
  },
}

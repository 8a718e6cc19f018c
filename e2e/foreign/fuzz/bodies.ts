import type { Random } from '../../chaos/seed.ts'

/** A body with the type that it claims to be of. */
export interface Body {
  type: string
  bytes: Buffer
}

/** Texts that have broken parsers before. */
const SPLINTERS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  '\\u12',
  '\\ud800',
  ':',
  ',',
  'null',
  'true',
  '1e999',
  '-',
  '0x10',
  '\u0000',
  '\uFFFD',
  '\n',
  '\r\n',
  '\t',
  '- ',
  '&a ',
  '*a',
  '!!binary ',
  '<<: ',
  '? ',
  '|',
  '>',
  '--- ',
  '%',
  '%zz',
  '&',
  '=',
  '__proto__',
  'constructor',
  'é',
  '𝕏',
]

function noise(random: Random, most: number): Buffer {
  return Buffer.from(Array.from({ length: random.whole(0, most) }, () => random.whole(0, 255)))
}

function splinters(random: Random, most: number): string {
  return Array.from({ length: random.whole(1, most) }, () => random.pick(SPLINTERS)).join('')
}

/** A text with some of its letters changed, left out or said twice. */
function damaged(random: Random, text: string): string {
  let result = text
  for (let times = random.whole(1, 4); times > 0; times--) {
    const at = random.whole(0, result.length)
    const cut = random.whole(0, 6)
    result =
      result.slice(0, at) +
      random.pick(['', splinters(random, 3), result.slice(at, at + 20)]) +
      result.slice(at + cut)
  }
  return result
}

const CONFIG_MAP = JSON.stringify({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    generateName: 'fuzz-',
    labels: { a: 'b' },
    ownerReferences: [{ kind: 'X', name: 'x', uid: 'y' }],
  },
  data: { a: '1' },
})
const POD = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'fuzz' },
  spec: {
    containers: [
      { name: 'c', image: 'i', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '1' } } },
    ],
  },
})
const YAML =
  'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fuzz\n  labels: {a: b}\ndata:\n  a: |\n    b\n'
/** Few lines of YAML that stand for many millions of words. */
export const ALIASES = `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from(
  { length: 8 },
  (_, index) =>
    `${'abcdefghi'[index + 1]}: &${'abcdefghi'[index + 1]} [${Array.from({ length: 9 }, () => `*${'abcdefghi'[index]}`).join(',')}]`,
).join('\n')}\n`
const PATCHES = [
  '[{"op":"add","path":"/data/x","value":1},{"op":"move","from":"/a","path":"/a/b"}]',
  '{"data":{"a":null},"metadata":{"$patch":"delete"}}',
  '{"spec":{"$setElementOrder/containers":[{"name":"c"}],"containers":[{"$patch":"replace"}]}}',
  '[{"op":"test","path":"","value":{}},{"op":"remove","path":"/metadata/-"}]',
]

const JSON_TYPE = 'application/json'
const YAML_TYPE = 'application/yaml'
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
const PATCH_TYPES = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]
const OTHER_TYPES = ['application/cbor', 'text/plain; charset="', ';;;']
const ALL_TYPES = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE, ...PATCH_TYPES, ...OTHER_TYPES]

/** An object that is nested as deep as it is told, whole or without its end. */
export function deep(random: Random): string {
  const depth = random.whole(500, 60_000)
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
  ] as const)
  const nested = open.repeat(depth) + random.pick([`1${close.repeat(depth)}`, ''])
  return random.pick([nested, `{"metadata":{"name":"fuzz"},"data":${nested}}`, `{"spec":${nested}}`])
}

/** A body for the API of Kubernetes: damaged, of another type than it says, deep, or none at all. */
export function kubernetesBody(random: Random): Body {
  const [types, bytes] = random.pick<[string[], () => Buffer | string]>([
    [[JSON_TYPE], () => damaged(random, CONFIG_MAP)],
    [[JSON_TYPE], () => damaged(random, POD)],
    [[JSON_TYPE], () => CONFIG_MAP.replace('"a":"1"', `"__proto__":{"x":1},"a":"${'x'.repeat(3000)}"`)],
    [[JSON_TYPE, YAML_TYPE, ...PATCH_TYPES], () => deep(random)],
    [[JSON_TYPE, ...PATCH_TYPES], () => splinters(random, 40)],
    [[YAML_TYPE, 'application/apply-patch+yaml'], () => damaged(random, YAML)],
    [[YAML_TYPE, 'application/apply-patch+yaml'], () => ALIASES],
    [PATCH_TYPES, () => random.pick(PATCHES)],
    [PATCH_TYPES, () => damaged(random, random.pick(PATCHES))],
    [[PROTOBUF_TYPE], () => Buffer.concat([Buffer.from('k8s\0'), noise(random, 400)])],
    [
      [PROTOBUF_TYPE],
      () =>
        Buffer.concat([
          Buffer.from('k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12', 'latin1'),
          noise(random, 200),
        ]),
    ],
    [[PROTOBUF_TYPE], () => Buffer.concat([Buffer.from('k8s\0\x0a'), Buffer.alloc(12, 0xff)])],
    [[JSON_TYPE], () => Buffer.from(CONFIG_MAP, 'utf16le')],
    [ALL_TYPES, () => noise(random, 4000)],
  ])
  const type = random() < 0.8 ? random.pick(types) : random.pick(ALL_TYPES)
  return { type, bytes: Buffer.from(bytes()) }
}

const FORM = 'cores=2&memory=512&description=x%20y&net0=virtio,bridge=vmbr0&scsi0=local-lvm:1'

/** A body for the API of Proxmox: damaged forms, uploads in parts that do not fit, texts in JSON. */
export function proxmoxBody(random: Random): Body {
  const edge = `----fuzz${random.whole(0, 9)}`
  const part = `--${edge}\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n`
  const file = `--${edge}\r\nContent-Disposition: form-data; name="filename"; filename="../../fuzz.iso"\r\nContent-Type: application/octet-stream\r\n\r\n`
  return random.pick<() => Body>([
    () => ({ type: 'application/x-www-form-urlencoded', bytes: Buffer.from(damaged(random, FORM)) }),
    () => ({ type: 'application/x-www-form-urlencoded', bytes: noise(random, 2000) }),
    () => ({
      type: 'application/x-www-form-urlencoded',
      bytes: Buffer.from(
        Array.from({ length: random.whole(1, 5000) }, (_, index) => `a${index}=%`).join('&'),
      ),
    }),
    () => ({ type: 'application/json', bytes: Buffer.from(damaged(random, '{"cores":2,"memory":"512"}')) }),
    () => ({
      type: `multipart/form-data; boundary=${edge}`,
      bytes: Buffer.concat([Buffer.from(part + file), noise(random, 3000)]),
    }),
    () => ({
      type: `multipart/form-data; boundary=${edge}`,
      bytes: Buffer.concat([
        Buffer.from(damaged(random, part + file)),
        noise(random, 300),
        Buffer.from(`\r\n--${edge}--`),
      ]),
    }),
    () => ({ type: 'multipart/form-data', bytes: Buffer.from(part) }),
    () => ({ type: `multipart/form-data; boundary="${'x'.repeat(5000)}`, bytes: noise(random, 100) }),
  ])()
}

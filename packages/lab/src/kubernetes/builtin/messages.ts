import { messageText } from './generated/messages.ts'

/** A field of a message. */
export interface Field {
  /** Number on the wire. */
  number: number
  /** Name in JSON; `-` marks a raw payload. */
  name: string
  repeated: boolean
  /** A map with string keys; `type` is that of the values. */
  map: boolean
  /** The members of this message stand in the parent in JSON. */
  inline: boolean
  /** Absent differs from zero: the field is on the wire only when it is set. All others are written always. */
  pointer: boolean
  /** `string`, `bytes`, `bool`, `int32`, `int64`, `double`, or the full name of a message. */
  type: string
}

/** A type of the API: its fields in the order JSON shows them. */
export interface Message {
  /** Full name: `k8s.io.api.core.v1.Pod`. */
  name: string
  fields: Field[]
}

const SCALARS: Record<string, string> = {
  s: 'string',
  b: 'bytes',
  t: 'bool',
  i: 'int32',
  l: 'int64',
  d: 'double',
}

/**
 * Reads the compact form. `@n=package` names a package; `#n` starts its messages; then one message a line:
 * `Name|number name type|…` where the type is a letter (s, b, t, i, l, d), a message of the same package, or `n:Message`, with
 * `*` before it for lists, `%` for maps, `+` for inline members and `?` where absent differs from zero.
 */
export function parseMessages(text: string): Message[] {
  const packages = new Map<string, string>()
  const result: Message[] = []
  let home = ''
  for (const line of text.split('\n')) {
    if (line.startsWith('@')) {
      const mark = line.indexOf('=')
      packages.set(line.slice(1, mark), line.slice(mark + 1))
    } else if (line.startsWith('#')) home = packages.get(line.slice(1)) ?? ''
    else {
      const [name, ...fields] = line.split('|').filter((part) => part !== '')
      result.push({
        name: `${home}.${name}`,
        fields: fields.map((field) => parseField(field, home, packages)),
      })
    }
  }
  return result
}

function parseField(text: string, home: string, packages: Map<string, string>): Field {
  const [number, name = '', marked = ''] = text.split(' ')
  const type = marked.replace(/^[*%+?]+/, '')
  const marks = marked.slice(0, marked.length - type.length)
  const colon = type.indexOf(':')
  const full =
    SCALARS[type] ??
    (colon < 0 ? `${home}.${type}` : `${packages.get(type.slice(0, colon))}.${type.slice(colon + 1)}`)
  return {
    number: Number(number),
    name,
    repeated: marks.includes('*'),
    map: marks.includes('%'),
    inline: marks.includes('+'),
    pointer: marks.includes('?'),
    type: full,
  }
}

let known: Map<string, Message> | undefined

/** All messages by full name. Read once, when first asked for. */
export function allMessages(): Map<string, Message> {
  known ??= new Map(parseMessages(messageText).map((message) => [message.name, message]))
  return known
}

/** A message by its full name; undefined when it is not known. */
export function messageNamed(name: string): Message | undefined {
  return allMessages().get(name)
}

const META = 'k8s.io.apimachinery.pkg.apis.meta.v1'

/** Kinds of the API machinery, which stand in every group version. */
const META_KINDS = new Set([
  'DeleteOptions',
  'Status',
  'ListOptions',
  'CreateOptions',
  'UpdateOptions',
  'PatchOptions',
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
])

/** Package of a built-in group version: `k8s.io.api.apps.v1`. */
export function packageOf(group: string, version: string): string {
  switch (group) {
    case '':
      return `k8s.io.api.core.${version}`
    case 'meta.k8s.io':
      return META
    case 'apiextensions.k8s.io':
      return `k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.${version}`
    case 'apiregistration.k8s.io':
      return `k8s.io.kube_aggregator.pkg.apis.apiregistration.${version}`
    default: {
      // rbac.authorization.k8s.io is in api/rbac, flowcontrol.apiserver.k8s.io in api/flowcontrol.
      const first = group.split('.')[0] ?? group
      return `k8s.io.api.${first}.${version}`
    }
  }
}

/** The message of a kind as an object's apiVersion and kind name it; undefined when it is not a built-in one. */
export function messageOfKind(group: string, version: string, kind: string): Message | undefined {
  const own = messageNamed(`${packageOf(group, version)}.${kind}`)
  if (own !== undefined) return own
  return META_KINDS.has(kind) ? messageNamed(`${META}.${kind}`) : undefined
}

/** Fields with those of inline members in their place. */
export function flatFields(message: Message): Field[] {
  return message.fields.flatMap((field) => {
    const inner = field.inline ? messageNamed(field.type) : undefined
    return inner === undefined ? [field] : flatFields(inner)
  })
}

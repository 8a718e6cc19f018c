import { apiSchema, type Call, type Method, type Param } from '@fochista/proxmox/schema'
import fc from 'fast-check'

// Parameters made from the schema, right ones and wrong ones, each with what must be said of it.

/** Texts of the formats that are tried: right ones, and wrong ones. */
const formats: Readonly<Record<string, readonly [right: readonly string[], wrong: readonly string[]]>> = {
  'pve-node': [
    ['pve1', 'n-2'],
    ['-x', 'a b', ''],
  ],
  'pve-configid': [
    ['net0', 'a_b-1'],
    ['1a', '!'],
  ],
  'pve-storage-id': [
    ['local', 'nas.1'],
    ['1x', '-a'],
  ],
  'pve-poolid': [
    ['p1', 'a/b'],
    ['p 1', '/'],
  ],
  'pve-userid': [
    ['root@pam', 'a.b@pve'],
    ['root', 'a b@pam'],
  ],
  'pve-iface': [
    ['vmbr0', 'eth1.5'],
    ['0', 'a b'],
  ],
  'mac-addr': [['BC:24:11:00:00:01'], ['BC:24:11', '01:00:00:00:00:00']],
  'dns-name': [
    ['a.example', 'web-1'],
    ['-a', 'a_b'],
  ],
  ip: [
    ['192.0.2.1', '2001:db8::1'],
    ['192.0.2.256', 'x'],
  ],
  ipv4: [['192.0.2.1'], ['2001:db8::1', '1.2.3']],
  ipv6: [['2001:db8::1'], ['192.0.2.1']],
  CIDR: [
    ['192.0.2.0/24', '2001:db8::/64'],
    ['192.0.2.0', '192.0.2.0/33'],
  ],
  'pve-configid-list': [['net0', 'net0,scsi1'], ['net0,!']],
  'pve-node-list': [['pve1', 'pve1,pve2'], ['pve1,-x']],
  'pve-vmid-list': [
    ['100', '100,101'],
    ['100,x', '1'],
  ],
}

/** A parameter that is tried. */
export interface Tried {
  readonly name: string
  readonly value: string | string[] | undefined
  /** What must be said of it: nothing, these words, or that its form is wrong, which the SDK may leave to Proxmox. */
  readonly problem: string | undefined
  readonly isForm?: boolean
}

/** A value that is right. */
export const right = (name: string, value: string | string[]): Tried => ({ name, value, problem: undefined })

/** Values to try of one parameter; undefined where nobody can tell what is right. */
function valuesOf(name: string, param: Param): fc.Arbitrary<Tried> | undefined {
  const wrong = (value: string | string[], problem: string): Tried => ({ name, value, problem })
  const type = (value: string): Tried => wrong(value, `type check ('${param.type}') failed - got '${value}'`)
  const listOf = (value: string): Tried =>
    wrong([value, value], `type check ('${param.type}') failed - got ARRAY`)
  const { min, max } = param
  switch (param.type) {
    case 'boolean':
      return fc.oneof(
        fc.constantFrom('0', '1').map((value) => right(name, value)),
        fc.constantFrom('yes', '2', '').map(type),
        fc.constant(listOf('1')),
      )
    case 'integer':
    case 'number': {
      if (param.fmt === 'pve-vmid')
        return fc.oneof(
          fc.integer({ min: 100, max: 999_999_999 }).map((value) => right(name, String(value))),
          fc
            .constantFrom('0', '99', '01000')
            .map((value) => wrong(value, 'invalid format - value does not look like a valid VM ID\n')),
          fc.constant(type('web')),
        )
      if (param.fmt !== undefined || param.enum !== undefined) return undefined
      const [low, high] = [Math.ceil(min ?? -1e9), Math.floor(max ?? 1e9)]
      return fc.oneof(
        fc.integer({ min: low, max: Math.max(low, high) }).map((value) => right(name, String(value))),
        fc
          .constantFrom('two', '', '1 ', '0x10', ...(param.type === 'integer' ? ['1.5', '1e3'] : []))
          .map(type),
        ...(param.type === 'number' && min === undefined && max === undefined
          ? [fc.constantFrom('.5', '5.', '1e2', '-0.25').map((value) => right(name, value))]
          : []),
        ...(min === undefined
          ? []
          : [
              fc
                .integer({ min: 1, max: 1000 })
                .map((by) => wrong(String(low - by), `value must have a minimum value of ${min}`)),
            ]),
        ...(max === undefined
          ? []
          : [
              fc
                .integer({ min: 1, max: 1000 })
                .map((by) => wrong(String(high + by), `value must have a maximum value of ${max}`)),
            ]),
      )
    }
    case 'string':
    case undefined:
      return param.type === 'string' || param.enum ? textsOf(name, param, wrong, listOf) : undefined
    default:
      return undefined
  }
}

function textsOf(
  name: string,
  param: Param,
  wrong: (value: string, problem: string) => Tried,
  listOf: (value: string) => Tried,
): fc.Arbitrary<Tried> | undefined {
  const { enum: words, fmt, pat, minLen = 0, maxLen } = param
  const isList = fmt?.endsWith('-list') ?? false
  // Where both are wrong the format is told of, which the SDK leaves to Proxmox.
  if (words && fmt !== undefined) return fc.constantFrom(...words).map((value) => right(name, value))
  if (words)
    return fc.oneof(
      fc.constantFrom(...words).map((value) => right(name, value)),
      fc
        .constantFrom('nosuch', 'NOSUCH', '-')
        .filter((value) => !words.includes(value))
        .map((value) =>
          wrong(value, `value '${value}' does not have a value in the enumeration '${words.join(', ')}'`),
        ),
    )
  if (fmt !== undefined) {
    const known = formats[fmt]
    if (!known || pat !== undefined || maxLen !== undefined || minLen > 0) return undefined
    return fc.oneof(
      fc.constantFrom(...known[0]).map((value) => right(name, value)),
      fc.constantFrom(...known[1]).map((value) => ({ ...wrong(value, 'invalid format - '), isForm: true })),
      isList
        ? fc.constant(right(name, [known[0][0] ?? '', known[0][0] ?? '']))
        : fc.constant(listOf(known[0][0] ?? '')),
    )
  }
  if (pat !== undefined) {
    const pattern = new RegExp(`^(?:${pat})$`, param.patFlags ?? '')
    return fc
      .string({ maxLength: 12 })
      .filter((value) => !pattern.test(value))
      .map((value) => ({
        ...wrong(value, 'value does not match the regex pattern'),
        isForm: true,
      }))
  }
  const most = Math.min(maxLen ?? 40, 5000)
  return fc.oneof(
    fc
      .string({
        minLength: minLen,
        maxLength: Math.max(minLen, Math.min(most, minLen + 40)),
        unit: 'grapheme-ascii',
      })
      .map((value) => right(name, value)),
    fc.constant(listOf('x')),
    ...(maxLen === undefined || maxLen > 5000
      ? []
      : [
          fc
            .integer({ min: 1, max: 9 })
            .map((by) => wrong('x'.repeat(maxLen + by), `value may only be ${maxLen} characters long`)),
        ]),
    ...(minLen > 0
      ? [fc.constant(wrong('x'.repeat(minLen - 1), `value must be at least ${minLen} characters long`))]
      : []),
  )
}

interface Subject {
  readonly method: Method
  readonly template: string
  readonly call: Call
  /** By parameter of the call's own: what may be tried of it. */
  readonly values: readonly (readonly [string, Param, fc.Arbitrary<Tried>])[]
}

/** The names in a path. */
export const inPath = (template: string): string[] =>
  [...template.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name)

/** The calls whose required parameters can all be told right from wrong. */
export const subjects: readonly Subject[] = Object.entries(apiSchema.paths).flatMap(([template, methods]) =>
  (Object.entries(methods) as [Method, Call][]).flatMap(([method, call]) => {
    const own = Object.entries(call.params).filter(([name]) => !inPath(template).includes(name))
    const values = own.flatMap(([name, param]) => {
      const one = name.replace('[n]', String(param.idx?.[1] ?? 0))
      const tried = param.alias === undefined ? valuesOf(one, param) : undefined
      return tried ? [[one, param, tried] as const] : []
    })
    const isWhole = own.every(
      ([name, param]) =>
        param.opt === 1 || param.idx !== undefined || values.some(([known]) => known === name),
    )
    return isWhole ? [{ method, template, call, values }] : []
  }),
)

const valuesAt = (at: number): Subject['values'] => subjects[at]?.values ?? []

/** A call with some of its parameters, right or wrong, and perhaps one that it does not have. */
export const lines = fc.constantFrom(...subjects.keys()).chain((at) =>
  fc
    .tuple(
      fc
        .subarray([...valuesAt(at)], { maxLength: Math.min(6, valuesAt(at).length) })
        .chain((some) => fc.tuple(...some.map(([, , tried]) => tried))),
      // Mostly the required ones are there, so that it is not always they that are missing.
      fc.boolean(),
      fc.option(fc.constantFrom('nosuch', 'no-such', 'net99999', 'scsi01'), { freq: 4, nil: undefined }),
    )
    .map(([tried, isFull, stranger]) => ({ at, tried, isFull, stranger })),
)

/** Values of a path, and of required parameters that a line leaves out. */
export function plain(name: string, param: Param | undefined): string {
  if (param?.enum) return param.enum[0] ?? ''
  if (param?.fmt === 'pve-vmid' || name === 'vmid') return '100'
  if (param?.type === 'integer' || param?.type === 'number') return String(Math.ceil(param.min ?? 1))
  if (param?.type === 'boolean') return '1'
  return formats[param?.fmt ?? '']?.[0][0] ?? 'x'.repeat(Math.max(param?.minLen ?? 0, 2))
}

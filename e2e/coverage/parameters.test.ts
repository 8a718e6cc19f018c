import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiSchema, type Call, type Method, type Param } from '@fochista/proxmox/schema'
import fc from 'fast-check'
import { verifyParams } from '../../packages/lab/src/proxmox/verify/params.ts'
import { checkCall } from '../../packages/proxmox/src/check.ts'
import { ProxmoxApiError } from '../../packages/proxmox/src/errors.ts'

// Parameters made from the schema, right ones and wrong ones: what is expected of them, what the SDK says before it sends them, and
// what the lab answers must be the same. PARAMETERS_RUNS=100000 tries more of them, PARAMETERS_SEED repeats a run.

const RUNS = Number(process.env['PARAMETERS_RUNS'] ?? 1500)
const SEED =
  process.env['PARAMETERS_SEED'] === undefined ? {} : { seed: Number(process.env['PARAMETERS_SEED']) }

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

interface Tried {
  readonly name: string
  readonly value: string | string[] | undefined
  /** What must be said of it: nothing, these words, or that its form is wrong, which the SDK may leave to Proxmox. */
  readonly problem: string | undefined
  readonly isForm?: boolean
}

const right = (name: string, value: string | string[]): Tried => ({ name, value, problem: undefined })
const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties'

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

const inPath = (template: string): string[] =>
  [...template.matchAll(/\{([^}]+)\}/g)].map(([, name = '']) => name)

/** The calls whose required parameters can all be told right from wrong. */
const subjects: readonly Subject[] = Object.entries(apiSchema.paths).flatMap(([template, methods]) =>
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
const lines = fc.constantFrom(...subjects.keys()).chain((at) =>
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
function plain(name: string, param: Param | undefined): string {
  if (param?.enum) return param.enum[0] ?? ''
  if (param?.fmt === 'pve-vmid' || name === 'vmid') return '100'
  if (param?.type === 'integer' || param?.type === 'number') return String(Math.ceil(param.min ?? 1))
  if (param?.type === 'boolean') return '1'
  return formats[param?.fmt ?? '']?.[0][0] ?? 'x'.repeat(Math.max(param?.minLen ?? 0, 2))
}

test('of every parameter the SDK and the lab say what the schema says', () => {
  assert.ok(
    subjects.length > 450,
    `${subjects.length} of ${apiSchema.counts['methods'] ?? 649} calls are tried`,
  )
  fc.assert(
    fc.property(lines, ({ at, tried, isFull, stranger }) => {
      const subject = subjects[at]
      if (!subject) return
      const { method, template, call } = subject
      const given = new Map(tried.map((one) => [one.name, one]))
      if (isFull)
        for (const [name, param] of subject.values)
          if (param.opt !== 1 && param.idx === undefined && param.pat === undefined && !given.has(name))
            given.set(name, right(name, plain(name, param)))
      const params = Object.fromEntries([...given].map(([name, { value }]) => [name, value ?? '']))
      if (stranger !== undefined && !call.params[stranger]) params[stranger] = '1'
      const uri = Object.fromEntries(inPath(template).map((name) => [name, plain(name, call.params[name])]))

      const wanted = expected(call, given, params, uri, stranger)
      const lab = verifyParams(call, { ...params, ...uri }).errors ?? {}
      const sdk = errorsOf(() => checkCall(apiSchema, method, pathOf(template, uri), params))
      for (const name of new Set([...Object.keys(lab), ...Object.keys(sdk), ...Object.keys(wanted)])) {
        // What stands in the path is not what is tried here.
        if (name in uri) continue
        const { text, isForm } = wanted[name] ?? { text: undefined, isForm: false }
        const where = `${method} ${template} ${JSON.stringify(params)}: ${name}`
        if (isForm) {
          assert.ok(lab[name]?.startsWith(text ?? ''), `${where}: the lab says ${lab[name]}`)
          assert.ok(sdk[name] === undefined || sdk[name] === lab[name], `${where}: the SDK says ${sdk[name]}`)
        } else {
          assert.equal(lab[name], text, `${where}: of the lab`)
          assert.equal(sdk[name], text, `${where}: of the SDK`)
        }
      }
    }),
    { numRuns: RUNS, ...SEED },
  )
})

/** What must be said, by parameter. */
function expected(
  call: Call,
  given: ReadonlyMap<string, Tried>,
  params: Readonly<Record<string, unknown>>,
  uri: Readonly<Record<string, string>>,
  stranger: string | undefined,
): Record<string, { text: string; isForm: boolean }> {
  const wanted: Record<string, { text: string; isForm: boolean }> = {}
  const add = (name: string, text: string, isForm = false): void => {
    const before = wanted[name]
    wanted[name] = {
      text: before ? `${before.text}\\n${text}` : text,
      isForm: isForm || (before?.isForm ?? false),
    }
  }
  const isThere = (name: string): boolean => name in params || name in uri
  for (const [name, param] of Object.entries(call.params))
    if (param.opt !== 1 && param.idx === undefined && param.alias === undefined && !isThere(name))
      add(name, 'property is missing and it is not optional')
  for (const [name, { problem, isForm = false }] of given) {
    if (problem !== undefined) add(name, problem, isForm)
    const required = (call.params[name] ?? call.params[name.replace(/\d+$/, '[n]')])?.req
    if (required !== undefined && !isThere(required)) add(required, `missing property required by '${name}'`)
  }
  if (stranger !== undefined && stranger in params && call.extraParams !== 1 && !given.has(stranger))
    add(stranger, UNKNOWN)
  return wanted
}

function errorsOf(check: () => unknown): Readonly<Record<string, string>> {
  try {
    check()
    return {}
  } catch (error) {
    if (error instanceof ProxmoxApiError && error.status === 400) return error.errors
    throw error
  }
}

function pathOf(template: string, uri: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => uri[name] ?? '')
}

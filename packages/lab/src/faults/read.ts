import { PRIVILEGES } from '../proxmox/access/privileges.ts'
import { FaultError } from './spec.ts'
import type { FaultOn, FaultSpec, FaultWhat, FaultWhen } from './spec.ts'

/** Reads a field: returns its value, or throws a FaultError. */
type Read = (field: string, value: unknown) => unknown
interface Fields {
  readonly [name: string]: { readonly read: Read; readonly required?: boolean }
}

/** What goes with a kind of fault. */
interface Kind {
  readonly on: readonly string[]
  /** Fields of `on` of which one must be given. */
  readonly needs?: readonly string[]
  readonly backEnds: readonly string[]
  readonly when: readonly string[]
  readonly what: Fields
}

const COUNTED = ['nth', 'times', 'share', 'seed', 'for']
const REQUEST = ['tenant', 'method', 'path', 'user', 'node', 'vmid', 'storage']
const ALL = ['proxmox', 'kubernetes', 'tenant']
const MOMENT = words('before', 'after')
const request = (what: Fields): Kind => ({ on: REQUEST, backEnds: ALL, when: COUNTED, what })
const task = (what: Fields): Kind => ({
  on: ['task', 'node', 'vmid', 'user'],
  backEnds: ['proxmox'],
  when: COUNTED,
  what,
})
const standing = (backEnds: readonly string[], needs: readonly string[], more: Partial<Kind> = {}): Kind => ({
  on: needs,
  needs,
  backEnds,
  when: ['for'],
  what: {},
  ...more,
})
const token: Kind = { ...standing(ALL, ['user']), on: ['user', 'tenant'] }

const KINDS: Readonly<Record<FaultWhat['kind'], Kind>> = {
  answer: request({
    at: { read: MOMENT },
    status: { read: integer(200, 599), required: true },
    reason: { read: text },
    body: { read: body },
    headers: { read: headers },
  }),
  delay: request({ ms: { read: milliseconds, required: true } }),
  hang: request({ at: { read: MOMENT } }),
  reset: request({ at: { read: words('before', 'during', 'after') } }),
  'task-fails': task({ at: { read: MOMENT }, exit: { read: text, required: true } }),
  'task-hangs': task({ at: { read: MOMENT } }),
  'task-warns': task({ text: { read: text, required: true } }),
  'watch-drops': {
    on: ['tenant', 'path', 'user'],
    backEnds: ['kubernetes', 'tenant'],
    when: COUNTED,
    what: { how: { read: words('reset', 'end', 'expired') }, after: { read: milliseconds } },
  },
  'host-lost': standing(['proxmox'], ['node'], { what: { vms: { read: words('stop', 'run') } } }),
  'host-removed': standing(['proxmox'], ['node'], { what: { vms: { read: words('stop', 'run') } } }),
  'storage-full': standing(['proxmox'], ['storage']),
  'lock-held': standing(['proxmox'], ['vmid', 'storage'], {
    on: ['vmid', 'storage', 'node'],
    what: { lock: { read: words('file', ...configLocks()) } },
  }),
  'token-expired': token,
  'token-revoked': token,
  'token-loses': standing(['proxmox'], ['user'], {
    what: { privilege: { read: words(...PRIVILEGES), required: true }, path: { read: path } },
  }),
  'certificate-expired': { ...standing(ALL, []), on: ['tenant'] },
  'guest-stops': { ...standing(['proxmox'], []), on: ['vmid', 'node'], when: COUNTED },
  'kubelet-stops': { ...standing(['proxmox'], []), on: ['vmid', 'node'], when: COUNTED },
  'clock-offset': standing(['proxmox', 'kubernetes'], [], {
    what: { ms: { read: offset, required: true } },
  }),
  'api-away': { ...standing(ALL, []), on: ['tenant'] },
}

const ON: Readonly<Record<string, Read>> = {
  tenant: pattern(/^[^/\s]+\/[^/\s]+$/, 'it must be namespace/name of a control plane'),
  method: words('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'WATCH'),
  path,
  user: text,
  node: text,
  vmid: integer(1, 999_999_999),
  storage: text,
  task: text,
}

const WHEN: Readonly<Record<string, Read>> = {
  nth: integer(1, Number.MAX_SAFE_INTEGER),
  times: integer(1, Number.MAX_SAFE_INTEGER),
  share: (field, value) => {
    if (typeof value === 'number' && value > 0 && value <= 1) return value
    throw new FaultError(field, value, 'it must be a number greater than 0 and at most 1')
  },
  seed: integer(0, 2 ** 32 - 1),
  for: milliseconds,
}

/**
 * Reads a fault from what was sent.
 * @throws FaultError that names the field, what stands there and what may.
 */
export function readFault(value: unknown): FaultSpec {
  const fault = object('fault', value)
  only('fault', fault, ['on', 'when', 'what'])
  const what = object('what', fault['what'])
  const name = words(...Object.keys(KINDS))('what.kind', what['kind']) as FaultWhat['kind']
  const kind = KINDS[name]
  only('what', what, ['kind', ...Object.keys(kind.what)])
  const read: Record<string, unknown> = { kind: name }
  for (const [field, { read: readField, required = false }] of Object.entries(kind.what)) {
    if (what[field] === undefined && !required) continue
    read[field] = readField(`what.${field}`, what[field])
  }
  return {
    on: readOn(kind, name, fault['on']),
    ...(fault['when'] === undefined ? {} : { when: readWhen(kind, name, fault['when']) }),
    what: read as unknown as FaultWhat,
  }
}

function readOn(kind: Kind, name: string, value: unknown): FaultOn {
  const given = object('on', value)
  const on: Record<string, unknown> = { backEnd: words(...kind.backEnds)('on.backEnd', given['backEnd']) }
  for (const [field, content] of Object.entries(given)) {
    if (field === 'backEnd' || content === undefined) continue
    const fits = kind.on.includes(field) && (field !== 'tenant' || on['backEnd'] === 'tenant')
    if (!fits)
      throw new FaultError(
        `on.${field}`,
        content,
        `what goes with ${name} on ${String(on['backEnd'])}: ${['backEnd', ...kind.on].join(', ')}`,
      )
    on[field] = ON[field]?.(`on.${field}`, content)
  }
  const { needs = [] } = kind
  if (needs.length > 0 && !needs.some((field) => on[field] !== undefined))
    throw new FaultError(needs.map((field) => `on.${field}`).join(' or '), undefined, `${name} must name one`)
  return on as unknown as FaultOn
}

function readWhen(kind: Kind, name: string, value: unknown): FaultWhen {
  const given = object('when', value)
  const when: Record<string, unknown> = {}
  for (const [field, content] of Object.entries(given)) {
    if (content === undefined) continue
    if (!kind.when.includes(field))
      throw new FaultError(`when.${field}`, content, `what goes with ${name}: ${kind.when.join(', ')}`)
    when[field] = WHEN[field]?.(`when.${field}`, content)
  }
  if (when['seed'] !== undefined && when['share'] === undefined)
    throw new FaultError('when.seed', when['seed'], 'it goes with when.share only')
  return when
}

/** What a VM's configuration may say that it is locked for. */
function configLocks(): readonly string[] {
  return ['backup', 'clone', 'create', 'migrate', 'rollback', 'snapshot', 'snapshot-delete', 'suspended']
}

function object(field: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new FaultError(field, value, 'it must be an object')
}

function only(field: string, given: Record<string, unknown>, known: readonly string[]): void {
  for (const name of Object.keys(given))
    if (!known.includes(name))
      throw new FaultError(
        `${field}.${name}`,
        given[name],
        `there is no such field; there are: ${known.join(', ')}`,
      )
}

function text(field: string, value: unknown): string {
  if (typeof value === 'string' && value !== '' && !/[\r\n]/.test(value)) return value
  throw new FaultError(field, value, 'it must be a text of one line that is not empty')
}

function path(field: string, value: unknown): string {
  if (typeof value === 'string' && /^\/\S*$/.test(value)) return value
  throw new FaultError(
    field,
    value,
    'it must be a path that begins with /; {name} and * stand for one part, ** for any number',
  )
}

function pattern(wanted: RegExp, rule: string): Read {
  return (field, value) => {
    if (typeof value === 'string' && wanted.test(value)) return value
    throw new FaultError(field, value, rule)
  }
}

function words(...known: readonly string[]): Read {
  return (field, value) => {
    if (typeof value === 'string' && known.includes(value)) return value
    throw new FaultError(field, value, `it must be one of ${known.join(', ')}`)
  }
}

function integer(min: number, max: number): Read {
  return (field, value) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
    const bound = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
    throw new FaultError(field, value, `it must be a whole number ${bound}`)
  }
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const LONGEST = 2 ** 31 - 1

/** Milliseconds, as a number or as `30s`, `5m`. */
function milliseconds(field: string, value: unknown): number {
  const ms = span(value)
  if (ms !== undefined && ms >= 0 && ms <= LONGEST) return ms
  throw new FaultError(field, value, 'it must be a time like 250ms, 30s, 5m or 1h, at most 24 days')
}

function offset(field: string, value: unknown): number {
  const [sign, amount] =
    typeof value === 'string' && value.startsWith('-') ? [-1, value.slice(1)] : [1, value]
  const ms = span(amount)
  if (ms !== undefined) return sign * ms
  throw new FaultError(field, value, 'it must be a time like 5m or -90s')
}

function span(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return value
  const [, amount, unit = ''] =
    typeof value === 'string' ? (/^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value) ?? []) : []
  return amount === undefined ? undefined : Number(amount) * (UNITS[unit] ?? 1)
}

function body(field: string, value: unknown): unknown {
  if (typeof value === 'string') return value
  return object(field, value)
}

function headers(field: string, value: unknown): unknown {
  const given = object(field, value)
  for (const [name, content] of Object.entries(given))
    if (!/^[\w-]+$/.test(name) || typeof content !== 'string' || /[\r\n]/.test(content))
      throw new FaultError(
        `${field}.${name}`,
        content,
        'it must be a header: a name of letters and dashes, a text of one line',
      )
  return given
}

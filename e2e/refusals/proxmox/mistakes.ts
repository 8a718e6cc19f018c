import { apiSchema, type Param } from '@fochista/proxmox/schema'
import type { Operation } from './operations.ts'
import { rightText } from './right.ts'
import { MISSING, UNKNOWN, wrongFields, wrongValues } from './wrong.ts'

/** Parameters with one thing wrong, and what has to be said of each. */
export interface Mistake {
  /** Kind of mistake, for counts and messages. */
  readonly kind: string
  /** Values beside the path's; lists, objects, booleans and null only in a JSON body. */
  readonly params: Readonly<Record<string, unknown>>
  readonly errors: Readonly<Record<string, string>>
}

const CONFLICT = 'duplicate parameter (already defined in URI) with conflicting values!'
const STRANGER = 'no-such-parameter'

/** Every mistake that an operation's parameters can have, each alone, then several at once; of a JSON body also what JSON adds. */
export function mistakesOf(operation: Operation, isJson: boolean): Mistake[] {
  const { call, inPath } = operation
  const found = Object.entries(call.params).flatMap(([written, param]) =>
    param.alias !== undefined || inPath[written] !== undefined
      ? []
      : [
          ...ofValues(operation, written, param),
          ...ofTypes(operation, written, param, isJson),
          ...ofAbsence(operation, written, param, isJson),
        ],
  )
  if (call.extraParams !== 1)
    found.push(mistake(operation, 'unknown', { [STRANGER]: '1' }, { [STRANGER]: UNKNOWN }))
  for (const name of Object.keys(inPath))
    found.push(mistake(operation, 'twice in path', { [name]: 'other' }, { [name]: CONFLICT }))
  const several = allTogether(found)
  return several ? [...found, several] : found
}

/** A mistake among parameters that are right otherwise. */
function mistake(
  { needed }: Operation,
  kind: string,
  params: Record<string, unknown>,
  errors: Record<string, string>,
): Mistake {
  return { kind, params: { ...needed, ...params }, errors }
}

/** The name that a parameter is given by: `net0` for `net[n]`. */
const nameOf = (written: string, { idx }: Param): string =>
  idx === undefined ? written : written.replace('[n]', String(idx[0]))

/** The parameter that another one cannot be without, unless it is given anyway. */
function beside({ call, needed }: Operation, { req }: Param): Record<string, string> {
  const param = req === undefined ? undefined : call.params[req]
  return req === undefined || param === undefined || needed[req] !== undefined
    ? {}
    : { [req]: rightText(param) }
}

/** The fields' format of a property string; undefined for other parameters. */
function fieldsOf({ fmt }: Param): string | undefined {
  if (fmt === undefined) return undefined
  const same = apiSchema.stringFormats[fmt]?.['same']
  const name = typeof same === 'string' ? same : fmt
  return name.startsWith('#') ? name.slice(1) : undefined
}

function ofValues(operation: Operation, written: string, param: Param): Mistake[] {
  const name = nameOf(written, param)
  const others = beside(operation, param)
  const format = fieldsOf(param)
  const with_ = (kind: string, { value, text }: { value: string; text: string }): Mistake =>
    mistake(operation, kind, { ...others, [name]: value }, { [name]: text })
  return [
    ...(param.type === 'array' ? [] : wrongValues(param).map((wrong) => with_('value', wrong))),
    ...(format === undefined
      ? []
      : wrongFields(format, name).map((wrong) => with_('property string', wrong))),
  ]
}

/** Lists, objects and booleans where a text or a number has to be. */
function ofTypes(operation: Operation, written: string, param: Param, isJson: boolean): Mistake[] {
  const { type, fmt } = param
  if (type === undefined || type === 'any' || type === 'array' || type === 'object') return []
  const name = nameOf(written, param)
  const others = beside(operation, param)
  const failed = (kind: string, value: unknown, got: string): Mistake =>
    mistake(
      operation,
      kind,
      { ...others, [name]: value },
      { [name]: `type check ('${type}') failed - got ${got}` },
    )
  // A list in a text may be given item by item.
  const isList = type === 'string' && fmt?.endsWith('-list') === true
  const right = rightText(param)
  return [
    ...(isList ? [] : [failed('twice', [right, right], 'ARRAY')]),
    ...(isJson ? [failed('JSON object', { a: 1 }, 'HASH')] : []),
    ...(isJson && type !== 'boolean' ? [failed('JSON boolean', true, 'JSON::PP::Boolean')] : []),
  ]
}

/** What is not there, or has a number that there is not. */
function ofAbsence(operation: Operation, written: string, param: Param, isJson: boolean): Mistake[] {
  const { call, needed, inPath } = operation
  const name = nameOf(written, param)
  const { idx, req } = param
  if (idx !== undefined) {
    const numbers = [String(idx[1] + 1), '00'].map((number) => written.replace('[n]', number))
    return numbers
      .filter((each) => call.params[each] === undefined)
      .map((each) => mistake(operation, 'index', { [each]: rightText(param) }, { [each]: UNKNOWN }))
  }
  const { [name]: _, ...others } = needed
  // One that is missing is told of once more by each that needs it.
  const by = Object.keys(others).find((each) => call.params[each]?.req === name)
  const text = by === undefined ? MISSING : `${MISSING}\\nmissing property required by '${by}'`
  const isNeeded = param.opt !== 1
  return [
    ...(isNeeded ? [{ kind: 'missing', params: others, errors: { [name]: text } }] : []),
    ...(isNeeded && isJson
      ? [{ kind: 'JSON null', params: { ...others, [name]: null }, errors: { [name]: text } }]
      : []),
    ...(req !== undefined && needed[req] === undefined && inPath[req] === undefined
      ? [
          mistake(
            operation,
            'needs another',
            { [name]: rightText(param) },
            { [req]: `missing property required by '${name}'` },
          ),
        ]
      : []),
  ]
}

/** A wrong value of each parameter at once: all of them are told of together. */
function allTogether(mistakes: readonly Mistake[]): Mistake | undefined {
  const params: Record<string, unknown> = {}
  const errors: Record<string, string> = {}
  for (const one of mistakes) {
    if (one.kind !== 'value' && one.kind !== 'unknown') continue
    const [[name, text] = ['', '']] = Object.entries(one.errors)
    // What is right beside it must not hide what is wrong.
    for (const [other, value] of Object.entries(one.params)) params[other] ??= value
    if (errors[name] !== undefined) continue
    errors[name] = text
    params[name] = one.params[name]
  }
  return Object.keys(errors).length > 1 ? { kind: 'several', params, errors } : undefined
}

import { apiSchema, type Param } from '@fochista/proxmox/schema'
import { rightText, wrongFields, wrongValues } from './formats.ts'
import type { Operation } from './operations.ts'

/** Parameters with one thing wrong, and what has to be said of each. */
export interface Mistake {
  /** Kind of mistake, for counts and messages. */
  readonly kind: string
  /** Values beside the path's; lists, objects, booleans and null only in a JSON body. */
  readonly params: Readonly<Record<string, unknown>>
  readonly errors: Readonly<Record<string, string>>
}

export const MISSING = 'property is missing and it is not optional'
export const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties'
const CONFLICT = 'duplicate parameter (already defined in URI) with conflicting values!'

/** The name that a parameter is given by: `net0` for `net[n]`. */
const nameOf = (name: string, { idx }: Param): string =>
  idx === undefined ? name : name.replace('[n]', String(idx[0]))

/** The fields' format of a property string; undefined for other parameters. */
function fieldsOf({ fmt }: Param): string | undefined {
  if (fmt === undefined) return undefined
  const same = apiSchema.stringFormats[fmt]?.['same']
  const name = typeof same === 'string' ? same : fmt
  return name.startsWith('#') ? name.slice(1) : undefined
}

/** Every mistake that an operation's parameters can have, each alone, and all kinds that JSON adds. */
export function mistakesOf(operation: Operation, isJson: boolean): Mistake[] {
  const { call, needed, inPath } = operation
  const found: Mistake[] = []
  const add = (kind: string, params: Record<string, unknown>, errors: Record<string, string>): void => {
    found.push({ kind, params: { ...needed, ...params }, errors })
  }
  for (const [written, param] of Object.entries(call.params)) {
    if (param.alias !== undefined || inPath[written] !== undefined) continue
    const name = nameOf(written, param)
    const { type = 'any', fmt, req } = param
    // Beside a parameter that needs another one, the other is given.
    const with_ = req === undefined ? {} : withNeeded(operation, req)
    if (type !== 'array')
      for (const { value, text } of wrongValues(param))
        add('value', { ...with_, [name]: value }, { [name]: text })
    const format = fieldsOf(param)
    if (format !== undefined)
      for (const { value, text } of wrongFields(format, name))
        add('property string', { ...with_, [name]: value }, { [name]: text })
    const isList = type === 'string' && fmt?.endsWith('-list') === true
    if (!isList && type !== 'array' && type !== 'any')
      add(
        'twice',
        { ...with_, [name]: [rightText(param), rightText(param)] },
        { [name]: `type check ('${type}') failed - got ARRAY` },
      )
    if (isJson && type !== 'any' && type !== 'object' && type !== 'array')
      add(
        'JSON object',
        { ...with_, [name]: { a: 1 } },
        { [name]: `type check ('${type}') failed - got HASH` },
      )
    if (isJson && type !== 'boolean' && type !== 'array' && type !== 'any')
      add(
        'JSON boolean',
        { ...with_, [name]: true },
        { [name]: `type check ('${type}') failed - got JSON::PP::Boolean` },
      )
    if (param.idx !== undefined) {
      const over = written.replace('[n]', String(param.idx[1] + 1))
      if (call.params[over] === undefined) add('index', { [over]: rightText(param) }, { [over]: UNKNOWN })
      add(
        'index',
        { [`${name}`.replace(/\d+$/, '00')]: rightText(param) },
        { [name.replace(/\d+$/, '00')]: UNKNOWN },
      )
    } else if (param.opt !== 1) {
      const { [name]: _, ...others } = needed
      found.push({
        kind: 'missing',
        params: others,
        errors: { [name]: MISSING, ...requiring(operation, others, name) },
      })
      if (isJson)
        found.push({ kind: 'JSON null', params: { ...others, [name]: null }, errors: { [name]: MISSING } })
    }
    if (req !== undefined && needed[req] === undefined && inPath[req] === undefined)
      add('needs another', { [name]: rightText(param) }, { [req]: `missing property required by '${name}'` })
  }
  const stranger = 'no-such-parameter'
  if (call.extraParams !== 1) add('unknown', { [stranger]: '1' }, { [stranger]: UNKNOWN })
  for (const name of Object.keys(inPath)) add('twice in path', { [name]: 'other' }, { [name]: CONFLICT })
  const several = allTogether(found)
  if (several) found.push(several)
  return found
}

function withNeeded({ call, needed }: Operation, name: string): Record<string, string> {
  const param = call.params[name]
  return param === undefined || needed[name] !== undefined ? {} : { [name]: rightText(param) }
}

/** What parameters that are there say of one that is missing. */
function requiring(
  { call }: Operation,
  params: Readonly<Record<string, unknown>>,
  missing: string,
): Record<string, string> {
  for (const name of Object.keys(params))
    if (call.params[name]?.req === missing)
      return { [missing]: `${MISSING}\\nmissing property required by '${name}'` }
  return {}
}

/** A wrong value of each parameter at once: all of them are told of together. */
function allTogether(mistakes: readonly Mistake[]): Mistake | undefined {
  const params: Record<string, unknown> = {}
  const errors: Record<string, string> = {}
  for (const mistake of mistakes) {
    const [[name, text] = ['', '']] = Object.entries(mistake.errors)
    if (mistake.kind !== 'value' && mistake.kind !== 'unknown') continue
    for (const [other, value] of Object.entries(mistake.params)) params[other] ??= value
    if (errors[name] !== undefined) continue
    errors[name] = text
    params[name] = mistake.params[name]
  }
  return Object.keys(errors).length > 1 ? { kind: 'several', params, errors } : undefined
}

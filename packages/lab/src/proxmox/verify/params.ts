import type { Call as CallSchema } from '@fochista/proxmox/schema'
import { rawText, type RawParams } from '../http/form.ts'
import { checkObject, indexedParam } from './object.ts'

/** Parameters as handlers get them: text, and lists of text. */
export type Params = Record<string, string | readonly string[]>

/**
 * Brings raw parameters to the types of a call's schema and judges them. Afterwards nobody needs to look again.
 * @returns the parameters, or what is wrong by parameter.
 */
export function verifyParams(
  call: CallSchema,
  raw: RawParams,
): { params: Params; errors?: undefined } | { params?: undefined; errors: Record<string, string> } {
  const values: RawParams = {}
  for (const name in raw) {
    const value = raw[name]
    // A JSON null is an absent parameter.
    if (value === null || value === undefined) continue
    const param = call.params[name] ?? indexedParam(call.params, name)
    if (param?.type === 'array' && !Array.isArray(value)) values[name] = [value]
    else if (param?.type === 'string' && Array.isArray(value) && param.fmt?.endsWith('-list') === true)
      values[name] = value.map(String).join(',')
    else values[name] = value
  }
  const errors: Record<string, string> = {}
  checkObject(call.params, values, call.extraParams === 1, errors, '')
  for (const _ in errors) return { errors }
  const params: Params = {}
  for (const name in values) params[name] = textOf(values[name])
  return { params }
}

function textOf(value: unknown): string | readonly string[] {
  return Array.isArray(value) ? value.map(scalarText) : scalarText(value)
}

function scalarText(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  return rawText(value)
}

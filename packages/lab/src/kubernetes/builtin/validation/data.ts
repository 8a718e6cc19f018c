import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { ApiObject, JsonObject } from '../../resources.ts'
import { equal } from '../../rest/json.ts'
import { goJsonProblem } from './json-problem.ts'
import { member, textOf } from '../defaults/fields.ts'

const KEY = /^[-._a-zA-Z0-9]+$/
const KEY_TEXT =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
const IMMUTABLE = 'field is immutable when `immutable` is set'
const SIZE_LIMIT = 1024 * 1024

function keyProblems(data: JsonObject, field: string): FieldError[] {
  return Object.keys(data).flatMap((key) => {
    const path = `${field}[${key}]`
    if (key.length > 253) return [fieldError.invalid(path, key, 'must be no more than 253 characters')]
    if (!KEY.test(key)) return [fieldError.invalid(path, key, KEY_TEXT)]
    return key === '.' || key === '..' ? [fieldError.invalid(path, key, `must not be '${key}'`)] : []
  })
}

function immutableProblems(object: ApiObject, old: ApiObject | undefined, fields: string[]): FieldError[] {
  if (old?.['immutable'] !== true) return []
  if (object['immutable'] !== true) return [fieldError.forbidden('immutable', IMMUTABLE)]
  return fields
    .filter((field) => !equal(object[field], old[field]))
    .map((field) => fieldError.forbidden(field, IMMUTABLE))
}

/** What is wrong with a ConfigMap. */
export function configMapProblems(object: ApiObject, old?: ApiObject): FieldError[] {
  const data = member(object, 'data') ?? {}
  const binary = member(object, 'binaryData') ?? {}
  const errors = keyProblems(data, 'data')
  for (const key of Object.keys(data))
    if (binary[key] !== undefined)
      errors.push(fieldError.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
  errors.push(...keyProblems(binary, 'binaryData'))
  const size = Object.values({ ...data, ...binary }).reduce<number>(
    (sum, each) => sum + textOf(each).length,
    0,
  )
  if (size > SIZE_LIMIT) errors.push(fieldError.tooLong('[]', SIZE_LIMIT))
  errors.push(...immutableProblems(object, old, ['data', 'binaryData']))
  return errors
}

/** Keys that a type of secret must have. */
const REQUIRED: { [type: string]: string[] } = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
}

const ACCOUNT = 'kubernetes.io/service-account.name'

/** What is wrong with a Secret. */
export function secretProblems(secret: ApiObject, old?: ApiObject): FieldError[] {
  const errors: FieldError[] = []
  const data = member(secret, 'data') ?? {}
  const type = textOf(secret['type'])
  if (old !== undefined && old['type'] !== secret['type'])
    errors.push(fieldError.invalid('type', type, 'field is immutable'))
  errors.push(...keyProblems(data, 'data'))
  const size = Object.values(data).reduce<number>((sum, each) => sum + (textOf(each).length * 3) / 4, 0)
  if (size > SIZE_LIMIT) errors.push(fieldError.tooLong('data', SIZE_LIMIT))
  if (type === 'kubernetes.io/service-account-token') {
    if ((secret.metadata.annotations?.[ACCOUNT] ?? '') === '')
      errors.push(fieldError.required(`metadata.annotations[${ACCOUNT}]`))
  } else if (type === 'kubernetes.io/basic-auth') {
    if (data['username'] === undefined && data['password'] === undefined)
      errors.push(fieldError.required('data[username]'), fieldError.required('data[password]'))
  } else
    for (const key of REQUIRED[type] ?? []) {
      if (data[key] === undefined) errors.push(fieldError.required(`data[${key}]`))
      else if (type.startsWith('kubernetes.io/docker')) {
        const problem = goJsonProblem(Buffer.from(textOf(data[key]), 'base64').toString())
        if (problem !== undefined)
          errors.push(fieldError.invalid(`data[${key}]`, '<secret contents redacted>', problem))
      }
    }
  errors.push(...immutableProblems(secret, old, ['data']))
  return errors
}

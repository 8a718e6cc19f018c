import type { JsonObject } from './resources.ts'
import { groupResource } from './resources.ts'

/** One entry of a Status' details.causes. */
export interface StatusCause {
  reason?: string
  message?: string
  field?: string
}

/** A problem with one field of an object. */
export interface FieldError {
  /** `FieldValueInvalid`, `FieldValueRequired`, ... */
  reason: string
  field: string
  /** Without the field: `Required value`, `Invalid value: "x": ...`. */
  message: string
}

/** An error that becomes a Status body. */
export class StatusError extends Error {
  override name = 'StatusError'
  readonly code: number
  readonly reason: string | undefined
  readonly details: JsonObject | undefined
  /** Seconds for the Retry-After header. */
  readonly retryAfter: number | undefined
  /** ListMeta of the body. */
  readonly metadata: JsonObject
  constructor(
    code: number,
    reason: string | undefined,
    message: string,
    details?: JsonObject,
    metadata: JsonObject = {},
  ) {
    super(message)
    this.metadata = metadata
    this.code = code
    this.reason = reason
    this.details = details
    const retry = details?.['retryAfterSeconds']
    this.retryAfter = typeof retry === 'number' ? retry : undefined
  }

  /** The body of the answer. */
  status(): JsonObject {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.metadata,
      status: 'Failure',
      ...(this.message === '' ? {} : { message: this.message }),
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    }
  }
}

type Named = { group: string; resource: string }

function detailsOf(definition: Named, name?: string): JsonObject {
  return {
    ...(name === undefined || name === '' ? {} : { name }),
    ...(definition.group === '' ? {} : { group: definition.group }),
    kind: definition.resource,
  }
}

/** A path nothing is served at: answered as plain text. */
export class PathNotFound extends Error {
  override name = 'PathNotFound'
}

/** 404 of an object. */
export function notFound(definition: Named, name: string): StatusError {
  return new StatusError(
    404,
    'NotFound',
    `${groupResource(definition)} ${quote(name)} not found`,
    detailsOf(definition, name),
  )
}

/** 404 of a path inside a known group. */
export function noSuchResource(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {})
}

/** 409 of a create. */
export function alreadyExists(definition: Named, name: string, deleting = false): StatusError {
  return new StatusError(
    409,
    'AlreadyExists',
    `${deleting ? 'object is being deleted: ' : ''}${groupResource(definition)} ${quote(name)} already exists`,
    detailsOf(definition, name),
  )
}

/** 409 of a write. */
export function conflict(definition: Named, name: string, text?: string): StatusError {
  const why =
    text ?? 'the object has been modified; please apply your changes to the latest version and try again'
  return new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${groupResource(definition)} ${quote(name)}: ${why}`,
    detailsOf(definition, name),
  )
}

/** 403 of an object or a collection. */
export function forbidden(
  definition: Named,
  name: string | undefined,
  text: string,
  causes?: StatusCause[],
): StatusError {
  const subject =
    name === undefined || name === ''
      ? groupResource(definition)
      : `${groupResource(definition)} ${quote(name)}`
  return new StatusError(403, 'Forbidden', `${subject} is forbidden: ${text}`, {
    ...detailsOf(definition, name),
    ...(causes === undefined ? {} : { causes: causes.map((cause) => ({ ...cause })) }),
  })
}

/** 400 with free text. */
export function badRequest(message: string): StatusError {
  return new StatusError(400, 'BadRequest', message)
}

/** 405. */
export function methodNotAllowed(): StatusError {
  return new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  )
}

/** 410 of a list or watch; `metadata` holds how a list may go on. */
export function expired(message: string, metadata: JsonObject = {}): StatusError {
  return new StatusError(410, 'Expired', message, undefined, metadata)
}

/** 422 with its causes. `definition.kind` is the Kind in the text; pass `resource` as kind where the server does so. */
export function invalid(
  definition: { group: string; kind: string },
  name: string,
  errors: FieldError[],
): StatusError {
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))]
  const kind = definition.group === '' ? definition.kind : `${definition.kind}.${definition.group}`
  const list = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return new StatusError(422, 'Invalid', `${kind} ${quote(name)} is invalid: ${list}`, {
    ...(name === '' ? {} : { name }),
    ...(definition.group === '' ? {} : { group: definition.group }),
    ...(definition.kind === '' ? {} : { kind: definition.kind }),
    causes: errors.map((error) => ({ reason: error.reason, message: error.message, field: error.field })),
  })
}

/** 422 without an object's name: of options and patches. */
export function unprocessable(): StatusError {
  return new StatusError(422, 'Invalid', 'the server rejected our request due to an error in our request', {})
}

/** Go's %q of a string: JSON's quoting but for some control characters. */
export function quote(text: string): string {
  return JSON.stringify(text).replaceAll(/(?<!\\)\\u00(07|0b|[01][0-9a-f]|7f)/g, (_, code: string) =>
    code === '07' ? '\\a' : code === '0b' ? '\\v' : `\\x${code}`,
  )
}

/** Field errors by kind, with the texts of the API machinery. */
export const fieldError = {
  required: (field: string, detail = ''): FieldError => ({
    reason: 'FieldValueRequired',
    field,
    message: detail === '' ? 'Required value' : `Required value: ${detail}`,
  }),
  invalid: (field: string, value: unknown, detail: string): FieldError => ({
    reason: 'FieldValueInvalid',
    field,
    message: `Invalid value${printValue(value)}: ${detail}`,
  }),
  typeInvalid: (field: string, value: unknown, detail: string): FieldError => ({
    reason: 'FieldValueTypeInvalid',
    field,
    message: `Invalid value${printValue(value)}: ${detail}`,
  }),
  notSupported: (field: string, value: unknown, supported: unknown[]): FieldError => ({
    reason: 'FieldValueNotSupported',
    field,
    message: `Unsupported value${printValue(value)}: supported values: ${supported.map((each) => (typeof each === 'string' ? quote(each) : JSON.stringify(each))).join(', ')}`,
  }),
  duplicate: (field: string, value: unknown): FieldError => ({
    reason: 'FieldValueDuplicate',
    field,
    message: `Duplicate value${printValue(value)}`,
  }),
  forbidden: (field: string, detail: string): FieldError => ({
    reason: 'FieldValueForbidden',
    field,
    message: `Forbidden: ${detail}`,
  }),
  notFound: (field: string, value: unknown): FieldError => ({
    reason: 'FieldValueNotFound',
    field,
    message: `Not found${printValue(value)}`,
  }),
  tooLong: (field: string, max: number): FieldError => ({
    reason: 'FieldValueTooLong',
    field,
    message: `Too long: may not be more than ${max} bytes`,
  }),
  tooMany: (field: string, actual: number, max: number): FieldError => ({
    reason: 'FieldValueTooMany',
    field,
    message: `Too many: ${actual}: must have at most ${max} items`,
  }),
} as const

function printValue(value: unknown): string {
  if (value === undefined) return ''
  if (typeof value === 'string') return `: ${quote(value)}`
  return `: ${JSON.stringify(value)}`
}

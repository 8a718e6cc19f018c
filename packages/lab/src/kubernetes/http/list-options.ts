import type { FieldError } from '../errors.ts'
import { badRequest, fieldError, invalid } from '../errors.ts'

/** What the query of a list or a watch asks for, besides its selectors. */
export interface ListOptions {
  /** Most objects of a page; 0 for all. */
  limit: number
  /** Seconds a watch lasts; 0 for as long as the server likes. */
  timeoutSeconds: number
  /** Token of the page before, or `''`. */
  continue: string
  resourceVersion: string
  /** `Exact`, `NotOlderThan` or `''`. */
  match: string
  /** Whether a watch begins with what is there; undefined when the client did not say. */
  sendInitialEvents: boolean | undefined
}

/** A flag of a query as Go reads it: everything is true but `false` and `0`. Undefined when it is not there. */
export function flag(text: string | null): boolean | undefined {
  return text === null ? undefined : text !== '0' && text.toLowerCase() !== 'false'
}

/** Reads and checks the options of a list or a watch. Throws BadRequest and Invalid. */
export function listOptions(query: URLSearchParams, isWatch: boolean): ListOptions {
  const options: ListOptions = {
    limit: integer(query, 'limit'),
    timeoutSeconds: integer(query, 'timeoutSeconds'),
    continue: query.get('continue') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    match: query.get('resourceVersionMatch') ?? '',
    sendInitialEvents: flag(query.get('sendInitialEvents')),
  }
  const errors = isWatch ? watchProblems(options) : listProblems(options)
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', errors)
  return options
}

function integer(query: URLSearchParams, name: string): number {
  const text = query.get(name)
  if (text === null || text === '') return 0
  if (!/^[+-]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  if (!Number.isSafeInteger(Number(text)))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`)
  return Number(text)
}

const MATCH = 'resourceVersionMatch'

function listProblems(options: ListOptions): FieldError[] {
  const { match, resourceVersion, sendInitialEvents } = options
  const errors: FieldError[] = []
  if (match !== '') {
    if (resourceVersion === '')
      errors.push(
        fieldError.forbidden(MATCH, 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
      )
    if (options.continue !== '')
      errors.push(fieldError.forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'))
    if (match !== 'Exact' && match !== 'NotOlderThan')
      errors.push(fieldError.notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && resourceVersion === '0')
      errors.push(
        fieldError.forbidden(MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
      )
  }
  if (sendInitialEvents !== undefined)
    errors.push(fieldError.forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return errors
}

function watchProblems(options: ListOptions): FieldError[] {
  const { match, sendInitialEvents } = options
  const errors: FieldError[] = []
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan')
    errors.push(
      fieldError.forbidden(MATCH, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
    )
  if (match !== '') {
    if (sendInitialEvents === undefined)
      errors.push(
        fieldError.forbidden(
          MATCH,
          'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
        ),
      )
    if (match !== 'NotOlderThan') errors.push(fieldError.notSupported(MATCH, match, ['NotOlderThan']))
  }
  if (options.continue !== '')
    errors.push(fieldError.forbidden(MATCH, 'resourceVersionMatch is forbidden when continue is provided'))
  return errors
}

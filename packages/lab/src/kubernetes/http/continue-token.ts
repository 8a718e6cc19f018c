import type { StatusError } from '../errors.ts'
import { badRequest } from '../errors.ts'
import type { ApiObject } from '../resources.ts'
import { goJsonError } from './go-json.ts'

const VERSION = 'meta.k8s.io/v1'

/** Where a list goes on. */
export interface Start {
  /** Revision of the list's first page; -1 for the newest. */
  revision: number
  /** What comes after is greater than this: an object's place below the list's, `/name` or `/namespace/name`, and a NUL. */
  after: string
}

/** An object's place below that of a list: of one namespace, or of all. */
function placeOf(object: ApiObject, namespace: string | undefined): string {
  const { namespace: own, name = '' } = object.metadata
  return namespace !== undefined || own === undefined ? `/${name}` : `/${own}/${name}`
}

/** The token with which a list of a namespace (or of all) goes on after an object. */
export function continueAfter(
  revision: number,
  last: ApiObject | undefined,
  namespace: string | undefined,
): string {
  return makeToken({ revision, after: last === undefined ? '' : `${placeOf(last, namespace)}\u0000` })
}

/** A token that goes on at the same place with whatever is there now. */
export function inconsistent({ after }: Start): string {
  return makeToken({ revision: -1, after })
}

function makeToken({ revision, after }: Start): string {
  return Buffer.from(JSON.stringify({ v: VERSION, rv: revision, start: after })).toString('base64url')
}

/** Reads a token. Throws BadRequest with the API server's texts. */
export function readToken(token: string): Start {
  const refuse = (why: string): StatusError =>
    badRequest(`invalid continue token: continue key is not valid: ${why}`)
  const odd = token.search(/[^\w-]/)
  if (odd >= 0) throw refuse(`illegal base64 data at input byte ${odd}`)
  const text = Buffer.from(token, 'base64url').toString()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw refuse(goJsonError(text))
  }
  const { v, rv, start } = (value ?? {}) as { v?: unknown; rv?: unknown; start?: unknown }
  if (v !== VERSION)
    throw refuse(`server does not recognize this encoded version ${typeof v === 'string' ? v : ''}`)
  if (typeof rv !== 'number' || rv === 0)
    throw refuse(`incorrect encoded start resourceVersion (version ${VERSION})`)
  if (typeof start !== 'string' || start === '') throw refuse(`encoded start key empty (version ${VERSION})`)
  const after = start.startsWith('/') ? start : `/${start}`
  if (after === '/' || /\/(\.{0,2})(\/|$)/.test(after)) throw refuse(start)
  return { revision: rv, after }
}

/** Index of the first object after a place; the objects are in the order of their places. */
export function firstAfter(
  objects: readonly ApiObject[],
  after: string,
  namespace: string | undefined,
): number {
  let low = 0
  let high = objects.length
  while (low < high) {
    const middle = (low + high) >> 1
    const object = objects[middle]
    if (object !== undefined && placeOf(object, namespace) < after) low = middle + 1
    else high = middle
  }
  return low
}

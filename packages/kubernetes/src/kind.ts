import type { KubernetesObject, ObjectRef } from './objects.ts'

/** How a kind is named in the API. `T` is the type of its objects; it exists for the compiler only. */
export interface Kind<T extends KubernetesObject = KubernetesObject> {
  /** `v1` or `group/version`. */
  readonly apiVersion: string
  readonly kind: string
  /** Name in paths, lower case. */
  readonly plural: string
  readonly namespaced: boolean
  readonly '~object'?: T
}

/** Describes a kind for typed calls. */
export function defineKind<T extends KubernetesObject>(kind: {
  apiVersion: string
  kind: string
  plural: string
  namespaced: boolean
}): Kind<T> {
  return Object.freeze({ ...kind })
}

/** API group of a kind; empty for core kinds. */
export function groupOf(kind: { apiVersion: string }): string {
  const slash = kind.apiVersion.indexOf('/')
  return slash < 0 ? '' : kind.apiVersion.slice(0, slash)
}

/** Root of a group version: `/api/v1`, `/apis/apps/v1`. */
export function groupVersionPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}

/** Path of a kind's collection, in one namespace or (without) in all. */
export function collectionPath(kind: Kind, namespace?: string): string {
  const scope = kind.namespaced && namespace ? `/namespaces/${segment('namespace', namespace)}` : ''
  return `${groupVersionPath(kind.apiVersion)}${scope}/${kind.plural}`
}

/**
 * Path of one object. Throws a TypeError when a namespaced kind is asked for without a namespace: the same path without it would
 * name something else.
 */
export function objectPath(kind: Kind, ref: ObjectRef, subresource?: string): string {
  if (kind.namespaced && !ref.namespace) throw new TypeError(`${kind.kind} "${ref.name}" needs a namespace`)
  const tail = subresource ? `/${subresource}` : ''
  return `${collectionPath(kind, ref.namespace)}/${segment('name', ref.name)}${tail}`
}

/** One path segment. `.` and `..` survive percent-encoding and would walk up the path, so they are refused. */
function segment(what: string, value: string): string {
  if (value === '' || value === '.' || value === '..')
    throw new TypeError(`${what} ${JSON.stringify(value)} is not allowed`)
  return encodeURIComponent(value).replaceAll('%3A', ':')
}

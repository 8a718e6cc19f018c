import { flag } from './list-options.ts'

/** What a path means. */
export interface RequestInfo {
  /** Whether the path is one of resources (`/api/v1/...`, `/apis/g/v/...`). */
  isResource: boolean
  group: string
  version: string
  namespace?: string
  resource: string
  name?: string
  subresource?: string
  /** RBAC verb: get, list, watch, create, update, patch, delete, deletecollection; lower-case method for other paths. */
  verb: string
  /** Whether the path is one of the old /watch/ ones. */
  legacyWatch: boolean
}

const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

/** Reads a path and its query. `path` is not decoded. Throws URIError on broken escapes. */
export function requestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const none: RequestInfo = {
    isResource: false,
    group: '',
    version: '',
    resource: '',
    verb: method.toLowerCase(),
    legacyWatch: false,
  }
  // Paths are taken apart after their escapes are resolved: a `%2F` parts them too.
  let parts = decodeURIComponent(path).split('/').slice(1)
  if (parts.at(-1) === '') parts.pop()
  let group: string
  let version: string
  if (parts[0] === 'api' && parts.length >= 3) {
    group = ''
    version = parts[1] ?? ''
    parts = parts.slice(2)
  } else if (parts[0] === 'apis' && parts.length >= 4) {
    group = parts[1] ?? ''
    version = parts[2] ?? ''
    parts = parts.slice(3)
  } else return none
  let legacyWatch = false
  if (parts[0] === 'watch') {
    legacyWatch = true
    parts = parts.slice(1)
  }
  let namespace: string | undefined
  if (parts[0] === 'namespaces' && parts.length > 1) {
    const isNamespaceItself =
      parts.length === 2 || (parts.length === 3 && NAMESPACE_SUBRESOURCES.has(parts[2] ?? ''))
    namespace = parts[1]
    if (!isNamespaceItself) parts = parts.slice(2)
  }
  const [resource = '', name, subresource] = parts
  if (resource === '') return none
  const info: RequestInfo = { isResource: true, group, version, resource, verb: '', legacyWatch }
  if (namespace !== undefined) info.namespace = namespace
  if (name !== undefined) info.name = name
  // What comes behind proxy is a path of its own.
  if (subresource !== undefined)
    info.subresource = subresource === 'proxy' ? subresource : parts.slice(2).join('/')
  info.verb = verbOf(method, info, query)
  return info
}

function verbOf(method: string, info: RequestInfo, query: URLSearchParams): string {
  const watching = flag(query.get('watch')) === true || info.legacyWatch
  if (method === 'GET' || method === 'HEAD') {
    if (info.name === undefined) {
      return watching ? 'watch' : 'list'
    }
    return info.legacyWatch ? 'watch' : 'get'
  }
  if (method === 'POST') return 'create'
  if (method === 'PUT') return 'update'
  if (method === 'PATCH') return 'patch'
  if (method === 'DELETE') return info.name === undefined ? 'deletecollection' : 'delete'
  return method.toLowerCase()
}

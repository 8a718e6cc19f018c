import type { CallOptions } from './client-types.ts'
import { isNotFound, ManifestError, orUndefined } from './errors.ts'
import { defineKind, groupVersionPath } from './kind.ts'
import type { Kind } from './kind.ts'

type ResourceList = { resources?: { name: string; kind: string; namespaced: boolean }[] }

/** Finds out how kinds are served. A group version is asked for once, and again when a kind is not in what is known of it. */
export function createDiscovery(get: (path: string, call: CallOptions) => Promise<unknown>): {
  resolve(object: { apiVersion: string; kind: string }, call: CallOptions): Promise<Kind>
} {
  const known = new Map<string, Map<string, Kind>>()
  const load = async (apiVersion: string, call: CallOptions): Promise<Map<string, Kind>> => {
    const list = (await orUndefined(isNotFound, get(groupVersionPath(apiVersion), call))) as
      | ResourceList
      | string
      | undefined
    const kinds = new Map<string, Kind>()
    if (list && typeof list === 'object') {
      for (const { name, kind, namespaced } of list.resources ?? []) {
        if (!name.includes('/')) kinds.set(kind, defineKind({ apiVersion, kind, plural: name, namespaced }))
      }
    }
    known.set(apiVersion, kinds)
    return kinds
  }
  return {
    async resolve({ apiVersion, kind }, call) {
      const found = known.get(apiVersion)?.get(kind) ?? (await load(apiVersion, call)).get(kind)
      if (!found)
        throw new ManifestError(
          `the cluster knows no kind ${kind} in ${apiVersion}; is its CustomResourceDefinition installed?`,
        )
      return found
    },
  }
}

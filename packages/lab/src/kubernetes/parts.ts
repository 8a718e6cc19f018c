import type {
  ApiObject,
  Json,
  JsonObject,
  RequestContext,
  ResourceDefinition,
  ResourceRegistry,
} from './resources.ts'
import type { ApiServerOptions } from './api.ts'
import type { BuiltinRules } from './rest/core.ts'
import type { Storage } from './store/storage.ts'
import { plainDiscovery } from './http/plain-discovery.ts'
import { fallbackResources } from './fallback.ts'

/** Options of a Table. */
export interface TableOptions {
  includeObject: 'None' | 'Metadata' | 'Object'
  now: number
}

/** Kinds every server has. */
export function builtinDefinitions(_registry: ResourceRegistry): ResourceDefinition[] {
  return fallbackResources()
}

/** Rules of built-in kinds. */
export function builtinRules(
  _registry: ResourceRegistry,
  _storage: Storage,
  _options: ApiServerOptions,
): BuiltinRules {
  return { defaults: () => {}, validate: () => [] }
}

/** Whether a media type is Kubernetes' protobuf. */
export function isProtobuf(type: string): boolean {
  return type === 'application/vnd.kubernetes.protobuf'
}

/** The object in a protobuf body. */
export function decodeProtobuf(_data: Uint8Array): JsonObject {
  throw new Error('protobuf is not there yet')
}

/** Answers a discovery path; false when the path is none. */
export function handleDiscovery(ctx: RequestContext, registry: ResourceRegistry): boolean {
  return plainDiscovery(ctx, registry)
}

/** Answers an OpenAPI path; false when the path is none. */
export function handleOpenApi(_ctx: RequestContext, _registry: ResourceRegistry): boolean {
  return false
}

/** A Table of objects, without the list's metadata. */
export function toTable(
  _definition: ResourceDefinition,
  objects: ApiObject[],
  _options: TableOptions,
): { columnDefinitions: Json; rows: Json[] } {
  return {
    columnDefinitions: [{ name: 'Name', type: 'string', format: 'name', description: '', priority: 0 }],
    rows: objects.map((object) => ({
      cells: [object.metadata.name ?? ''],
      object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
    })),
  }
}

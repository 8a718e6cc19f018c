import type { IncomingMessage, ServerResponse } from 'node:http'

/** Any JSON value, as decoded from a request or kept in the store. */
export type Json = null | boolean | number | string | Json[] | JsonObject

/** A JSON object. */
export interface JsonObject {
  [key: string]: Json | undefined
}

/** An owner reference as in ObjectMeta. */
export interface OwnerReference extends JsonObject {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

/** ObjectMeta as the store keeps it. */
export interface ObjectMeta extends JsonObject {
  name?: string
  generateName?: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string | null
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: { [key: string]: string }
  annotations?: { [key: string]: string }
  finalizers?: string[]
  ownerReferences?: OwnerReference[]
  managedFields?: JsonObject[]
}

/** An object of the API. Objects that come out of the store are frozen by convention: never change them, copy them. */
export interface ApiObject extends JsonObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
}

/** A structural schema: JSON schema as in a CustomResourceDefinition, or as published for a built-in kind. */
export interface Schema {
  type?: string
  description?: string
  format?: string
  title?: string
  properties?: { [name: string]: Schema }
  additionalProperties?: Schema | boolean
  items?: Schema
  required?: string[]
  enum?: Json[]
  default?: Json
  nullable?: boolean
  pattern?: string
  minimum?: number
  maximum?: number
  exclusiveMinimum?: boolean
  exclusiveMaximum?: boolean
  multipleOf?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  minProperties?: number
  maxProperties?: number
  uniqueItems?: boolean
  allOf?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  not?: Schema
  example?: Json
  externalDocs?: Json
  /** Name of a message in the published OpenAPI document, resolved by `ResourceRegistry.resolve`. */
  $ref?: string
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-int-or-string'?: boolean
  'x-kubernetes-embedded-resource'?: boolean
  'x-kubernetes-list-type'?: string
  'x-kubernetes-list-map-keys'?: string[]
  'x-kubernetes-map-type'?: string
  'x-kubernetes-patch-strategy'?: string
  'x-kubernetes-patch-merge-key'?: string
  'x-kubernetes-validations'?: ValidationRule[]
  [extension: string]: unknown
}

/** A CEL rule of `x-kubernetes-validations`. */
export interface ValidationRule {
  rule: string
  message?: string
  messageExpression?: string
  reason?: string
  fieldPath?: string
  optionalOldSelf?: boolean
}

/** A printer column of a CustomResourceDefinition version. */
export interface PrinterColumn {
  name: string
  type: string
  format?: string
  description?: string
  priority?: number
  jsonPath: string
}

/** A subresource such as `status` or `token`. */
export interface Subresource {
  /** Last part of the path: `status`, `scale`, `log`. */
  name: string
  /** Kind it answers with. */
  kind: string
  /** Group of that kind when it is not the parent's: `autoscaling` for scale. */
  group?: string
  /** Version of that kind when it is not the parent's. */
  version?: string
  /** Verbs as in discovery: get, patch, update, create. */
  verbs: string[]
}

/** Where the number of replicas is in a custom resource, as in `spec.versions[].subresources.scale`. */
export interface ScalePaths {
  specReplicasPath: string
  statusReplicasPath: string
  labelSelectorPath?: string
}

/** One kind in one served version. A kind served in two versions has two definitions, which share the storage. */
export interface ResourceDefinition {
  /** API group, `''` for the core one. */
  group: string
  version: string
  /** Plural, lower case: the part of the path. */
  resource: string
  singular: string
  kind: string
  /** Default: `<kind>List`. */
  listKind: string
  namespaced: boolean
  shortNames?: string[]
  categories?: string[]
  /** Verbs in the order discovery shows them. */
  verbs: string[]
  subresources?: Subresource[]
  /** Structural schema; of built-in kinds with merge keys (`x-kubernetes-patch-merge-key`, `x-kubernetes-list-map-keys`). */
  schema?: Schema
  printerColumns?: PrinterColumn[]
  /** Comes from a CustomResourceDefinition. Built-in when absent. */
  crd?: boolean
  /** CRD only: the definition is being deleted, and takes no new objects. */
  terminating?: boolean
  /** CRD only: the version objects are kept in. Default: this one. */
  storageVersion?: string
  /** CRD only: paths of the scale subresource. */
  scale?: ScalePaths
  /** CRD only: JSON paths that field selectors may name besides the metadata. */
  selectableFields?: string[]
  /** Warning sent with every answer of a deprecated version. */
  deprecationWarning?: string
  /** Storage key when two groups show the same objects (`events`): `{group, resource}` of the one that stores. */
  storedAs?: { group: string; resource: string }
}

/** Name of a resource: what a path addresses. */
export interface GroupVersionResource {
  group: string
  version: string
  resource: string
}

/** `v1` or `apps/v1`. */
export function apiVersionOf(definition: { group: string; version: string }): string {
  return definition.group === '' ? definition.version : `${definition.group}/${definition.version}`
}

/** `pods` or `tenantcontrolplanes.kamaji.clastix.io`: the resource's name in error texts. */
export function groupResource(definition: { group: string; resource: string }): string {
  return definition.group === '' ? definition.resource : `${definition.resource}.${definition.group}`
}

/** All kinds a server knows, built-in and custom, with what changes them. */
export class ResourceRegistry {
  readonly #byPath = new Map<string, ResourceDefinition>()
  readonly #listeners = new Set<() => void>()
  /** Named schemas that `$ref`s point at (built-in kinds). */
  readonly schemas = new Map<string, Schema>()
  /** Group versions that another server should answer for, by its APIServices. Replaced, never changed. */
  remotes: readonly { group: string; version: string }[] = []
  /** Counts changes: cheap key for caches of discovery and OpenAPI documents. */
  revision = 0

  /** Adds a kind, or replaces the one at the same path. */
  add(definition: ResourceDefinition): void {
    this.#byPath.set(pathKey(definition), definition)
    this.#changed()
  }

  /** Takes a kind away; nothing happens when it is not there. */
  remove(gvr: GroupVersionResource): void {
    if (this.#byPath.delete(pathKey(gvr))) this.#changed()
  }

  /** Every kind, in the order they were added. */
  all(): ResourceDefinition[] {
    return [...this.#byPath.values()]
  }

  /** The kind at a path. */
  find(group: string, version: string, resource: string): ResourceDefinition | undefined {
    return this.#byPath.get(pathKey({ group, version, resource }))
  }

  /** The kind with a name as in an object's apiVersion and kind. */
  findKind(group: string, version: string, kind: string): ResourceDefinition | undefined {
    for (const definition of this.#byPath.values())
      if (definition.kind === kind && definition.group === group && definition.version === version)
        return definition
    return undefined
  }

  /** Group names in the order they were first added; `''` is the core group. */
  groups(): string[] {
    return [...new Set(this.all().map((definition) => definition.group))]
  }

  /** Served versions of a group, in the order they were first added. */
  versions(group: string): string[] {
    return [
      ...new Set(
        this.all()
          .filter((definition) => definition.group === group)
          .map((definition) => definition.version),
      ),
    ]
  }

  /** Kinds of a group version. */
  inVersion(group: string, version: string): ResourceDefinition[] {
    return this.all().filter((definition) => definition.group === group && definition.version === version)
  }

  /** Follows `$ref` to the schema meant; a schema without one is returned as it is. */
  resolve(schema: Schema | undefined): Schema | undefined {
    let current = schema
    for (let depth = 0; current?.$ref !== undefined && depth < 16; depth++) {
      const name = current.$ref.slice(current.$ref.lastIndexOf('/') + 1)
      current = this.schemas.get(name)
    }
    return current
  }

  /** Calls back after each change of the set. Returns what ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #changed(): void {
    this.revision++
    for (const listener of this.#listeners) listener()
  }
}

function pathKey(gvr: GroupVersionResource): string {
  return `${gvr.group}/${gvr.version}/${gvr.resource}`
}

/** Who asks. */
export interface UserInfo {
  username: string
  uid?: string
  groups: string[]
  extra?: { [key: string]: string[] }
}

/** What a handler of one HTTP request gets. */
export interface RequestContext {
  request: IncomingMessage
  response: ServerResponse
  /** Upper case. */
  method: string
  /** Path without the query, not decoded. */
  path: string
  query: URLSearchParams
  user: UserInfo
  /** `host:port` as discovery shows it. */
  serverAddress: string
  gitVersion: string
  /** Sends a whole answer with the common headers; the body is sent as it is. */
  send(status: number, contentType: string, body: string | Uint8Array, headers?: Record<string, string>): void
}

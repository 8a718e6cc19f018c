import type { LabClock } from '../../clock.ts'
import type { OutsideCalls } from '../admission/calls.ts'
import type { WebhookServer } from '../admission/webhooks.ts'
import type { Admission } from '../api.ts'
import type { FieldError } from '../errors.ts'
import type {
  ApiObject,
  GroupVersionResource,
  JsonObject,
  ResourceDefinition,
  ResourceRegistry,
  Schema,
  UserInfo,
} from '../resources.ts'
import { toNewEvent } from '../builtin/events.ts'
import { apiVersionOf } from '../resources.ts'
import { applyDefaults } from '../schema/defaults.ts'
import { prune } from '../schema/prune.ts'
import { copy } from './json.ts'
import type { ObjectKey, Storage } from '../store/storage.ts'

/** What built-in kinds do beyond the generic rules: written per kind in `builtin/`. */
export interface BuiltinRules {
  /** Fills defaults in, in place. `old` on updates. */
  defaults(definition: ResourceDefinition, object: ApiObject, old?: ApiObject): void
  validate(
    definition: ResourceDefinition,
    object: ApiObject,
    old?: ApiObject,
    subresource?: string,
  ): FieldError[]
  /** What a client is told besides of what it wrote. */
  warnings(definition: ResourceDefinition, object: ApiObject): string[]
}

/** What a write knows about its request. */
export interface WriteContext {
  user: UserInfo
  /** Manager's name for managedFields. */
  manager: string
  dryRun: boolean
  fieldValidation: 'Ignore' | 'Warn' | 'Strict'
  /** Texts for Warning headers. */
  warnings: string[]
  subresource?: string
  /** A patch without resourceVersion may not conflict; a PUT of some kinds needs one. */
  patch?: boolean
  /** What the request asked for besides the object, as webhooks see it: `fieldManager`, `dryRun`. */
  options?: JsonObject
  /** Answers of webhooks outside the lab; without it they are not asked. */
  outside?: OutsideCalls
  /** Admission has been asked, as part of what this write belongs to. */
  admitted?: boolean
  /** Who manages what is worked out already: the object says it. */
  keepManagedFields?: boolean
}

/** The parts that serve one API server. */
export interface Core {
  readonly storage: Storage
  readonly registry: ResourceRegistry
  readonly clock: LabClock
  readonly builtin: BuiltinRules
  readonly admissions: Admission[]
  /** Webhook servers in this process, by the URL that configurations name. */
  readonly webhookServers: Map<string, WebhookServer>
  /** Hooks that come before all others: quota, service account names, bootstrap rules. */
  readonly caPem: string
}

/** Now, as metadata has it: UTC, whole seconds. */
export function timestamp(core: Core): string {
  return new Date(core.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
}

/** Where objects of a kind are kept. */
export function bucketOf(definition: ResourceDefinition): string {
  const stored = definition.storedAs ?? definition
  return `${stored.group}/${stored.resource}`
}

/** Key of an object of a kind. */
export function keyOf(
  definition: ResourceDefinition,
  namespace: string | undefined,
  name: string,
): ObjectKey {
  return { bucket: bucketOf(definition), namespace: definition.namespaced ? (namespace ?? '') : '', name }
}

const shown = new WeakMap<ResourceDefinition, WeakMap<ApiObject, ApiObject>>()

/** The stored object as this version shows it: custom objects are pruned to its schema and get its defaults. */
export function inVersion(definition: ResourceDefinition, stored: ApiObject): ApiObject {
  const apiVersion = apiVersionOf(definition)
  if (definition.storedAs !== undefined) return toNewEvent(stored)
  if (definition.crd !== true) {
    if (stored.apiVersion === apiVersion && stored.kind === definition.kind) return stored
    return { ...stored, apiVersion, kind: definition.kind }
  }
  let known = shown.get(definition)
  if (known === undefined) shown.set(definition, (known = new WeakMap()))
  let object = known.get(stored)
  if (object === undefined) {
    const { metadata, ...rest } = stored
    const content: ApiObject = { ...copy(rest as JsonObject), metadata: {} }
    content.apiVersion = apiVersion
    if (definition.schema !== undefined) {
      if (stored.apiVersion !== apiVersion) prune(content, definition.schema, true)
      applyDefaults(content, definition.schema, true)
    }
    const { apiVersion: version, kind, metadata: _, ...fields } = content
    object = { apiVersion: version, kind, metadata, ...fields }
    known.set(stored, object)
  }
  return object
}

/** Schema of a kind with its root resolved. */
export function schemaOf(core: Core, definition: ResourceDefinition): Schema | undefined {
  return core.registry.resolve(definition.schema)
}

/** Path of a kind for admission. */
export function gvrOf(definition: ResourceDefinition): GroupVersionResource {
  return { group: definition.group, version: definition.version, resource: definition.resource }
}

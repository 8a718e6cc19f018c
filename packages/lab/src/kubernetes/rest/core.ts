import type { LabClock } from '../../clock.ts'
import type { Admission, AdmissionRequest } from '../api.ts'
import { AdmissionDenied } from '../api.ts'
import { StatusError } from '../errors.ts'
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
import { apiVersionOf } from '../resources.ts'
import { applyDefaults } from '../schema/defaults.ts'
import { prune } from '../schema/prune.ts'
import { copy } from './json.ts'
import type { ObjectKey, Storage } from '../store/storage.ts'

/** What built-in kinds do beyond the generic rules: written per kind in `builtin/`. */
export interface BuiltinRules {
  /** Fills defaults in, in place. `old` on updates. */
  defaults(definition: ResourceDefinition, object: ApiObject, old?: ApiObject): void
  validate(definition: ResourceDefinition, object: ApiObject, old?: ApiObject): FieldError[]
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
  /** Status part survives a create (in-process restores, Nodes). */
  keepManagedFields?: boolean
}

/** The parts that serve one API server. */
export interface Core {
  readonly storage: Storage
  readonly registry: ResourceRegistry
  readonly clock: LabClock
  readonly builtin: BuiltinRules
  readonly admissions: Admission[]
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

/** Runs the mutating hooks; returns the object as they leave it. */
export function mutate(core: Core, request: AdmissionRequest): ApiObject | undefined {
  let object = request.object
  for (const admission of core.admissions) {
    const asked: AdmissionRequest = { ...request, object }
    if (admission.mutate === undefined || admission.matches?.(asked) === false) continue
    object = denied(admission, () => admission.mutate?.(asked)) ?? object
  }
  return object
}

/** Runs the validating hooks. */
export function validateAdmission(core: Core, request: AdmissionRequest): void {
  for (const admission of core.admissions) {
    if (admission.validate === undefined || admission.matches?.(request) === false) continue
    denied(admission, () => admission.validate?.(request))
  }
}

function denied<T>(admission: Admission, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (error instanceof AdmissionDenied) {
      const text =
        error.message === ''
          ? 'denied the request without explanation'
          : `denied the request: ${error.message}`
      throw new StatusError(
        error.code,
        error.reason,
        `admission webhook ${JSON.stringify(admission.name)} ${text}`,
      )
    }
    throw error
  }
}

import { randomBytes, randomUUID } from 'node:crypto'
import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { ApiObject, ObjectMeta, ResourceDefinition } from '../resources.ts'
import {
  labelValueProblems,
  objectNameProblems,
  pathSegmentProblems,
  qualifiedNameProblems,
} from '../schema/names.ts'
import { METADATA_FIELDS } from '../schema/prune.ts'
import { equal } from './json.ts'

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789'
const ANNOTATIONS_LIMIT = 256 * 1024

/** A name from a generateName: cut to 58 characters, five more at random. */
export function generateName(base: string): string {
  const letters = [...randomBytes(5)].map((byte) => SUFFIX_LETTERS[byte % SUFFIX_LETTERS.length] ?? 'x')
  return base.slice(0, 58) + letters.join('')
}

/** Fills in what the server alone decides at creation. */
export function stampNew(meta: ObjectMeta, now: string): void {
  meta.uid = randomUUID()
  meta.creationTimestamp = now
  delete meta.deletionTimestamp
  delete meta.deletionGracePeriodSeconds
  delete meta['selfLink']
}

/** Takes over from the stored object what an update cannot change. */
export function keepSystemFields(meta: ObjectMeta, old: ObjectMeta): void {
  const kept = [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
  ] as const
  for (const field of kept) {
    if (old[field] === undefined) delete meta[field]
    else Object.assign(meta, { [field]: old[field] })
  }
  meta.name = old.name
  if (old.namespace === undefined) delete meta.namespace
  else meta.namespace = old.namespace
  if (old.generateName !== undefined) meta.generateName ??= old.generateName
  delete meta['selfLink']
}

/** What an update says of its own that the server alone decides: told twice, for it is looked at twice. */
export function fixedFieldProblems(sent: ObjectMeta, old: ObjectMeta): FieldError[] {
  return (['deletionTimestamp', 'deletionGracePeriodSeconds'] as const).flatMap((field) => {
    const value = sent[field]
    if (value === undefined || value === null || value === old[field]) return []
    const error = fieldError.invalid(`metadata.${field}`, value, 'field is immutable')
    return [error, error]
  })
}

/** Puts metadata into the order the API server prints, and drops what is empty. */
export function tidyMetadata(meta: ObjectMeta): ObjectMeta {
  const result: ObjectMeta = {}
  for (const field of METADATA_FIELDS) {
    const value = meta[field]
    // Nobody sees a selfLink any more, though it may be sent.
    if (field === 'selfLink' || value === undefined || value === null || value === '') continue
    if (Array.isArray(value) && value.length === 0) continue
    if (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0) continue
    result[field] = value
  }
  return result
}

/** Checks name, labels, annotations, finalizers and owner references. */
export function validateMetadata(
  definition: ResourceDefinition,
  object: ApiObject,
  old?: ApiObject,
): FieldError[] {
  const meta = object.metadata
  const errors: FieldError[] = []
  const name = meta.name ?? ''
  if (old === undefined) {
    if (meta.generateName !== undefined && meta.generateName !== '') {
      const base = meta.generateName.replace(/-+$/, 'a')
      for (const problem of nameProblems(definition, base))
        errors.push(fieldError.invalid('metadata.generateName', meta.generateName, problem))
    }
    if (name === '') errors.push(fieldError.required('metadata.name', 'name or generateName is required'))
    else
      for (const problem of nameProblems(definition, name))
        errors.push(fieldError.invalid('metadata.name', name, problem))
  }
  for (const [key, value] of Object.entries(meta.labels ?? {})) {
    for (const problem of qualifiedNameProblems(key))
      errors.push(
        fieldError.invalid(
          'metadata.labels',
          key,
          problem.replace(/^a qualified name must/, 'a valid label key must'),
        ),
      )
    for (const problem of labelValueProblems(value))
      errors.push(fieldError.invalid('metadata.labels', value, problem))
  }
  let size = 0
  for (const [key, value] of Object.entries(meta.annotations ?? {})) {
    size += key.length + value.length
    for (const problem of qualifiedNameProblems(key.toLowerCase()))
      errors.push(fieldError.invalid('metadata.annotations', key, problem))
  }
  if (size > ANNOTATIONS_LIMIT) errors.push(fieldError.tooLong('metadata.annotations', ANNOTATIONS_LIMIT))
  // On updates of custom objects owners are checked in three places, and what is wrong is told three times.
  const times = old !== undefined && definition.crd === true ? 3 : 1
  const owners = Array.from({ length: times }, () => meta.ownerReferences ?? []).flat()
  owners.forEach((owner) => {
    for (const part of ['apiVersion', 'kind', 'name', 'uid'] as const)
      if (owner[part] === undefined || owner[part] === '')
        errors.push(
          part === 'apiVersion'
            ? fieldError.invalid('metadata.ownerReferences.apiVersion', '', 'version must not be empty')
            : fieldError.invalid(`metadata.ownerReferences.${part}`, '', 'must not be empty'),
        )
  })
  const controllers = (meta.ownerReferences ?? []).filter((owner) => owner.controller === true)
  if (controllers.length > 1)
    errors.push(
      fieldError.invalid(
        'metadata.ownerReferences',
        meta.ownerReferences,
        `Only one reference can have Controller set to true. Found "true" in references for ${controllers[0]?.kind}/${controllers[0]?.name} and ${controllers[1]?.kind}/${controllers[1]?.name}`,
      ),
    )
  for (const finalizer of meta.finalizers ?? []) {
    for (const problem of qualifiedNameProblems(finalizer))
      errors.push(fieldError.invalid('metadata.finalizers', finalizer, problem))
  }
  const set = meta.finalizers ?? []
  set.forEach((finalizer, index) => {
    // The check of built-in kinds; custom kinds get a warning instead.
    if (definition.crd === true || qualifiedNameProblems(finalizer).length > 0) return
    if (!finalizer.includes('/') && !['orphan', 'foregroundDeletion', 'kubernetes'].includes(finalizer))
      errors.push(
        fieldError.invalid(
          `metadata.finalizers[${index}]`,
          finalizer,
          'name is neither a standard finalizer name nor is it fully qualified',
        ),
      )
  })
  if (set.includes('orphan') && set.includes('foregroundDeletion'))
    errors.push(
      fieldError.invalid(
        'metadata.finalizers',
        set,
        'finalizer orphan and foregroundDeletion cannot be both set',
      ),
    )
  if (old?.metadata.deletionTimestamp !== undefined) {
    const known = new Set(old.metadata.finalizers ?? [])
    const added = (meta.finalizers ?? []).filter((each) => !known.has(each))
    if (added.length > 0) {
      const found = added.map((each) => JSON.stringify(each)).join(', ')
      const error = fieldError.forbidden(
        'metadata.finalizers',
        `no new finalizers can be added if the object is being deleted, found new finalizers []string{${found}}`,
      )
      // The API server checks metadata twice on updates, and says so twice.
      errors.push(error, error)
    }
  }
  return errors
}

function nameProblems(definition: ResourceDefinition, name: string): string[] {
  // Old clients name events as they like.
  return definition.group === '' && definition.resource === 'events'
    ? pathSegmentProblems(name)
    : objectNameProblems(definition, name)
}

/** Whether two states differ outside metadata (and outside status, when that has its own subresource). */
export function specChanged(object: ApiObject, old: ApiObject, ignoreStatus: boolean): boolean {
  for (const key of new Set([...Object.keys(object), ...Object.keys(old)])) {
    if (key === 'metadata' || key === 'apiVersion' || key === 'kind') continue
    if (key === 'status' && ignoreStatus) continue
    if (!equal(object[key], old[key])) return true
  }
  return false
}

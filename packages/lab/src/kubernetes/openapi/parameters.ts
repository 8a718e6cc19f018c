import type { JsonObject } from '../resources.ts'

function parameter(name: string, description: string, type = 'string'): JsonObject {
  return { name, in: 'query', description, schema: { type, uniqueItems: true } }
}

const DRY_RUN = parameter('dryRun', 'All: the request is checked in full and nothing is kept.')
const FIELD_MANAGER = parameter(
  'fieldManager',
  'Name under which the fields written are recorded. Required for apply.',
)
const FIELD_VALIDATION = parameter(
  'fieldValidation',
  'What happens to unknown and duplicate fields. Ignore: they are dropped. Warn: they are dropped with a warning each. Strict: the request is refused.',
)

/** Of writes. */
export const WRITE = [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION]
/** Of patches. */
export const PATCH = [
  ...WRITE,
  parameter('force', 'Apply only: takes fields over from other managers.', 'boolean'),
]
/** Of the deletion of one object. */
export const DELETE = [
  DRY_RUN,
  parameter('gracePeriodSeconds', 'Time the object has to end.', 'integer'),
  parameter(
    'ignoreStoreReadErrorWithClusterBreakingPotential',
    'Deletes even what can no longer be read. It breaks what relies on an orderly end.',
    'boolean',
  ),
  parameter(
    'orphanDependents',
    'Older than propagationPolicy: whether dependents are left alone.',
    'boolean',
  ),
  parameter('propagationPolicy', 'What happens to dependents: Orphan, Background or Foreground.'),
]
/** Whether the answer is written for people. */
export const PRETTY = parameter('pretty', 'The answer is written for people.')
/** State that a read shows. */
export const RESOURCE_VERSION = parameter('resourceVersion', 'State that the answer is to show.')
/** Of lists and watches. */
export const LIST = [
  parameter('allowWatchBookmarks', 'Watches may get events that carry only a resourceVersion.', 'boolean'),
  parameter('continue', 'Where a list in pages goes on, as the page before says.'),
  parameter('fieldSelector', 'Only objects whose fields match.'),
  parameter('labelSelector', 'Only objects whose labels match.'),
  parameter('limit', 'Most objects of one page.', 'integer'),
  RESOURCE_VERSION,
  parameter('resourceVersionMatch', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  parameter('sendInitialEvents', 'The watch begins with what is there.', 'boolean'),
  parameter('shardSelector', 'Only a share of the objects, by the hash of a field.'),
  parameter('timeoutSeconds', 'How long a watch lasts at most.', 'integer'),
  parameter('watch', 'Changes are sent as they happen.', 'boolean'),
]

/** Sorted by name, as they are where several sets stand together. */
export function byName(parameters: JsonObject[]): JsonObject[] {
  const nameOf = (each: JsonObject): string => String(each['name'] as string)
  return parameters.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

/** Of the deletion of a collection of a built-in kind. */
export const DELETE_COLLECTION = byName([
  ...DELETE,
  ...LIST.filter(({ name }) => name !== 'allowWatchBookmarks' && name !== 'watch'),
])

/** A parameter that is a part of the path. */
export function inPath(name: string, description: string): JsonObject {
  return { name, in: 'path', description, required: true, schema: { type: 'string', uniqueItems: true } }
}

import type { Json, JsonObject, ResourceDefinition, Subresource } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'

/** Name of the schema of a kind and of its list, as references. */
export interface SchemaNames {
  kind: string
  list: string
}

const PATCHES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]

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
const FORCE = parameter('force', 'Apply only: takes fields over from other managers.', 'boolean')
const LIST = [
  parameter('allowWatchBookmarks', 'Watches may get events that carry only a resourceVersion.', 'boolean'),
  parameter('continue', 'Where a list in pages goes on, as the page before says.'),
  parameter('fieldSelector', 'Only objects whose fields match.'),
  parameter('labelSelector', 'Only objects whose labels match.'),
  parameter('limit', 'Most objects of one page.', 'integer'),
  parameter('resourceVersion', 'State that the answer is to show.'),
  parameter('resourceVersionMatch', 'How resourceVersion is meant: Exact or NotOlderThan.'),
  parameter('sendInitialEvents', 'The watch begins with what is there.', 'boolean'),
  parameter('timeoutSeconds', 'How long a watch lasts at most.', 'integer'),
  parameter('watch', 'Changes are sent as they happen.', 'boolean'),
]
const DELETE = [
  DRY_RUN,
  parameter('gracePeriodSeconds', 'Time the object has to end.', 'integer'),
  parameter('propagationPolicy', 'What happens to dependents: Orphan, Background or Foreground.'),
]
const PRETTY = parameter('pretty', 'The answer is written for people.')

function inPath(name: string, description: string): JsonObject {
  return { name, in: 'path', description, required: true, schema: { type: 'string', uniqueItems: true } }
}

function content(schema: string, types: string[]): JsonObject {
  const value = { schema: { $ref: `#/components/schemas/${schema}` } }
  return Object.fromEntries(types.map((type) => [type, value]))
}

/** `fochistaDev` of `fochista.dev`, `coordination` of `coordination.k8s.io`: the group in names of operations. */
function groupWord(group: string): string {
  if (group === '') return 'core'
  const parts = group.replace(/(\.authorization|\.apiserver)?\.k8s\.io$/, '').split('.')
  return parts.map((part, index) => (index === 0 ? part : capital(part))).join('')
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** Makes the path items of one kind. */
class KindPaths {
  readonly #definition: ResourceDefinition
  readonly #names: SchemaNames
  readonly #word: string

  constructor(definition: ResourceDefinition, names: SchemaNames) {
    this.#definition = definition
    this.#names = names
    this.#word = groupWord(definition.group)
  }

  operation(verb: string, action: string, schema: string, extra: JsonObject = {}): JsonObject {
    const { group, version, kind } = this.#definition
    const scope = this.#definition.namespaced ? 'Namespaced' : ''
    const types = ['application/json', 'application/yaml']
    return {
      tags: [`${this.#word}_${version}`],
      operationId: `${verb}${capital(this.#word)}${capital(version)}${scope}${kind}`,
      responses: { '200': { description: 'OK', content: content(schema, types) } },
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': { group, version, kind },
      ...extra,
    }
  }

  body(): JsonObject {
    return { requestBody: { content: content(this.#names.kind, ['*/*']), required: true } }
  }

  collection(): JsonObject {
    const { verbs } = this.#definition
    const item: JsonObject = { parameters: this.#parameters(false) }
    const status = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'
    if (verbs.includes('list'))
      item['get'] = this.operation('list', 'list', this.#names.list, { parameters: LIST })
    if (verbs.includes('create'))
      item['post'] = this.operation('create', 'post', this.#names.kind, {
        parameters: [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION],
        ...this.body(),
      })
    if (verbs.includes('deletecollection'))
      item['delete'] = this.operation('deleteCollection', 'deletecollection', status, {
        parameters: [...DELETE, ...LIST],
      })
    return item
  }

  item(verbs: string[], suffix = ''): JsonObject {
    const { kind, list } = this.#names
    const item: JsonObject = { parameters: this.#parameters(true) }
    const name = (verb: string): JsonObject => ({
      operationId: `${this.operation(verb, '', list)['operationId'] as string}${suffix}`,
    })
    if (verbs.includes('get')) item['get'] = { ...this.operation('read', 'get', kind), ...name('read') }
    if (verbs.includes('update'))
      item['put'] = {
        ...this.operation('replace', 'put', kind, {
          parameters: [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION],
          ...this.body(),
        }),
        ...name('replace'),
      }
    if (verbs.includes('delete'))
      item['delete'] = {
        ...this.operation('delete', 'delete', 'io.k8s.apimachinery.pkg.apis.meta.v1.Status', {
          parameters: DELETE,
        }),
        ...name('delete'),
      }
    if (verbs.includes('patch'))
      item['patch'] = {
        ...this.operation('patch', 'patch', kind, {
          parameters: [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION, FORCE],
          requestBody: {
            content: content(
              'io.k8s.apimachinery.pkg.apis.meta.v1.Patch',
              this.#definition.crd === true ? PATCHES.slice(0, 3) : PATCHES,
            ),
            required: true,
          },
        }),
        ...name('patch'),
      }
    return item
  }

  #parameters(named: boolean): Json[] {
    const { kind, namespaced } = this.#definition
    return [
      ...(named ? [inPath('name', `Name of the ${kind}.`)] : []),
      ...(namespaced ? [inPath('namespace', 'Namespace of the object.')] : []),
      PRETTY,
    ]
  }
}

/** Subresources that are written and read as their parent. */
function ownKind(definition: ResourceDefinition, subresource: Subresource): boolean {
  return subresource.kind === definition.kind && subresource.verbs.includes('patch')
}

/** The path items of a kind: its collections, its objects, and the subresources that have its own kind. */
export function pathsOf(definition: ResourceDefinition, names: SchemaNames): { [path: string]: JsonObject } {
  const root = `${definition.group === '' ? '/api' : '/apis'}/${apiVersionOf(definition)}`
  const maker = new KindPaths(definition, names)
  const result: { [path: string]: JsonObject } = {}
  const base = definition.namespaced
    ? `${root}/namespaces/{namespace}/${definition.resource}`
    : `${root}/${definition.resource}`
  if (definition.namespaced && definition.verbs.includes('list')) {
    const { get } = maker.collection()
    result[`${root}/${definition.resource}`] = { get, parameters: [PRETTY] }
  }
  result[base] = maker.collection()
  if (definition.verbs.includes('get')) result[`${base}/{name}`] = maker.item(definition.verbs)
  for (const subresource of definition.subresources ?? [])
    if (ownKind(definition, subresource))
      result[`${base}/{name}/${subresource.name}`] = maker.item(subresource.verbs, capital(subresource.name))
  return result
}

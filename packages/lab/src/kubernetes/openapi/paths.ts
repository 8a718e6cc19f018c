import type { Json, JsonObject, ResourceDefinition, Subresource } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import * as parameters from './parameters.ts'

/** Name of the schema of a kind and of its list, as references. */
export interface SchemaNames {
  kind: string
  list: string
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const TEXTS = ['application/json', 'application/yaml']
const PACKED = ['application/json', 'application/vnd.kubernetes.protobuf', 'application/yaml']
const STREAMED = PACKED.flatMap((type) => (type.endsWith('yaml') ? [type] : [type, `${type};stream=watch`]))
const PATCHES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]
/** What the codes of answers are called. */
const ANSWERS: { [code: string]: string } = { '200': 'OK', '201': 'Created', '202': 'Accepted' }

function content(schema: string, types: readonly string[]): JsonObject {
  const value = { schema: { $ref: `#/components/schemas/${schema}` } }
  return Object.fromEntries(types.map((type) => [type, value]))
}

function responses(schema: string, types: readonly string[], codes: readonly string[]): JsonObject {
  return {
    ...Object.fromEntries(
      codes.map((code) => [code, { description: ANSWERS[code] ?? '', content: content(schema, types) }]),
    ),
    '401': { description: 'Unauthorized' },
  }
}

/** `fochistaDev` of `fochista.dev`, `coordination` of `coordination.k8s.io`: the group in names of operations. */
export function groupWord(group: string): string {
  if (group === '') return 'core'
  const parts = group.replace(/\.k8s\.io$/, '').split('.')
  return parts.map((part, index) => (index === 0 ? part : capital(part))).join('')
}

/** A word with its first letter large. */
export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

/** The path item of a page that tells what there is: a group version's kinds, a group's versions. */
export function informationItem(
  tag: string,
  description: string,
  operationId: string,
  schema: string,
  types: readonly string[] = PACKED,
): JsonObject {
  return { get: { tags: [tag], description, operationId, responses: responses(schema, types, ['200']) } }
}

/** Makes the path items of one kind. */
class KindPaths {
  readonly #definition: ResourceDefinition
  readonly #names: SchemaNames
  readonly #word: string
  readonly #types: readonly string[]
  /** What a write's body may be written as. */
  readonly #bodies: readonly string[]
  readonly #isCustom: boolean

  constructor(definition: ResourceDefinition, names: SchemaNames) {
    this.#definition = definition
    this.#names = names
    this.#word = groupWord(definition.group)
    this.#isCustom = definition.crd === true
    this.#types = this.#isCustom ? TEXTS : PACKED
    this.#bodies = this.#isCustom ? TEXTS : ['*/*']
  }

  #operation(
    verb: string,
    action: string,
    description: string,
    answer: { schema: string; codes?: readonly string[]; types?: readonly string[] },
    extra: JsonObject = {},
    names: { collection?: string; suffix?: string; scoped?: boolean } = {},
  ): JsonObject {
    const { group, version, kind, namespaced } = this.#definition
    const scope = namespaced && names.scoped !== false ? 'Namespaced' : ''
    return {
      tags: [`${this.#word}_${version}`],
      description,
      operationId: `${verb}${capital(this.#word)}${capital(version)}${names.collection ?? ''}${scope}${kind}${names.suffix ?? ''}`,
      ...extra,
      responses: responses(answer.schema, answer.types ?? this.#types, answer.codes ?? ['200']),
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': { group, version, kind },
    }
  }

  #body(schema: string, isRequired = true): JsonObject {
    return {
      requestBody: { content: content(schema, this.#bodies), ...(isRequired ? { required: true } : {}) },
    }
  }

  #list(forAll: boolean): JsonObject {
    const { kind } = this.#definition
    return this.#operation(
      'list',
      'list',
      this.#isCustom ? `list objects of kind ${kind}` : `list or watch objects of kind ${kind}`,
      { schema: this.#names.list, types: this.#isCustom ? TEXTS : STREAMED },
      forAll ? {} : { parameters: parameters.LIST },
      forAll ? { scoped: false, suffix: 'ForAllNamespaces' } : {},
    )
  }

  /** The list of all namespaces. */
  everywhere(): JsonObject {
    return {
      get: this.#list(true),
      parameters: parameters.byName([...parameters.LIST, parameters.PRETTY]),
    }
  }

  collection(): JsonObject {
    const { verbs, kind } = this.#definition
    const item: JsonObject = { parameters: this.#own(false) }
    if (verbs.includes('list')) item['get'] = this.#list(false)
    if (verbs.includes('create'))
      item['post'] = this.#operation(
        'create',
        'post',
        `create ${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`,
        { schema: this.#names.kind, codes: ['200', '201', '202'] },
        { parameters: parameters.WRITE, ...this.#body(this.#names.kind) },
      )
    if (verbs.includes('deletecollection'))
      item['delete'] = this.#operation(
        'delete',
        'deletecollection',
        `delete collection of ${kind}`,
        { schema: `${META}.Status` },
        this.#isCustom
          ? { parameters: parameters.LIST }
          : {
              parameters: parameters.DELETE_COLLECTION,
              ...this.#body(`${META}.DeleteOptions`, false),
            },
        { collection: 'Collection' },
      )
    return item
  }

  /** An object, or a part of it that is written and read as `schema`. */
  item(verbs: readonly string[], part = '', schema: string = this.#names.kind): JsonObject {
    const { kind } = this.#definition
    const item: JsonObject = { parameters: this.#own(true) }
    const of = part === '' ? 'the specified' : `${part} of the specified`
    const names = { suffix: capital(part) }
    if (verbs.includes('get'))
      item['get'] = this.#operation(
        'read',
        'get',
        `read ${of} ${kind}`,
        { schema },
        this.#isCustom ? { parameters: [parameters.RESOURCE_VERSION] } : {},
        names,
      )
    if (verbs.includes('update'))
      item['put'] = this.#operation(
        'replace',
        'put',
        `replace ${of} ${kind}`,
        { schema, codes: ['200', '201'] },
        { parameters: parameters.WRITE, ...this.#body(schema) },
        names,
      )
    if (verbs.includes('create') && part !== '')
      item['post'] = this.#operation(
        'create',
        'post',
        `create ${part} of ${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`,
        { schema, codes: ['200', '201', '202'] },
        { parameters: parameters.WRITE, ...this.#body(schema) },
        names,
      )
    if (verbs.includes('delete') && part === '')
      item['delete'] = this.#operation(
        'delete',
        'delete',
        `delete ${/^[AEIOU]/.test(kind) ? 'an' : 'a'} ${kind}`,
        { schema: `${META}.Status`, codes: ['200', '202'] },
        { parameters: parameters.DELETE, ...this.#body(`${META}.DeleteOptions`, false) },
      )
    if (verbs.includes('patch'))
      item['patch'] = this.#operation(
        'patch',
        'patch',
        `partially update ${of} ${kind}`,
        { schema, codes: this.#isCustom ? ['200'] : ['200', '201'] },
        {
          parameters: parameters.PATCH,
          requestBody: {
            content: content(`${META}.Patch`, this.#isCustom ? PATCHES.slice(0, 3) : PATCHES),
            required: true,
          },
        },
        names,
      )
    return item
  }

  /** The old path of a watch, on a list or on one object. */
  watch(scope: 'everywhere' | 'list' | 'object'): JsonObject {
    const { kind } = this.#definition
    const old = "deprecated: use the 'watch' parameter with a list operation instead"
    const [suffix, description] =
      scope === 'object'
        ? [
            '',
            `watch changes to an object of kind ${kind}. ${old}, filtered to a single item with the 'fieldSelector' parameter.`,
          ]
        : [
            scope === 'list' ? 'List' : 'ListForAllNamespaces',
            `watch individual changes to a list of ${kind}. ${old}.`,
          ]
    return {
      get: this.#operation(
        'watch',
        scope === 'object' ? 'watch' : 'watchlist',
        description,
        { schema: `${META}.WatchEvent`, types: STREAMED },
        {},
        { suffix, scoped: scope !== 'everywhere' },
      ),
      parameters: parameters.byName([
        ...parameters.LIST,
        ...(scope === 'everywhere' ? [parameters.PRETTY] : this.#own(scope === 'object')),
      ]),
    }
  }

  #own(named: boolean): JsonObject[] {
    const { kind, namespaced } = this.#definition
    return [
      ...(named ? [parameters.inPath('name', `name of the ${kind}`)] : []),
      ...(namespaced ? [parameters.inPath('namespace', 'Namespace of the object.')] : []),
      parameters.PRETTY,
    ]
  }
}

/** Parts of objects that are no objects themselves: they stream, or lead elsewhere. */
const NO_OBJECTS = new Set(['log', 'exec', 'attach', 'portforward', 'proxy'])

/** The path items of a kind: its collections, its objects, and the parts of objects that are objects. */
export function pathsOf(
  definition: ResourceDefinition,
  names: SchemaNames,
  schemaOfPart: (part: Subresource) => string | undefined,
): { [path: string]: JsonObject } {
  const { namespaced, resource, verbs } = definition
  const root = `${definition.group === '' ? '/api' : '/apis'}/${apiVersionOf(definition)}`
  const maker = new KindPaths(definition, names)
  const result: { [path: string]: Json } = {}
  const below = namespaced ? `namespaces/{namespace}/${resource}` : resource
  const base = `${root}/${below}`
  if (namespaced && verbs.includes('list')) result[`${root}/${resource}`] = maker.everywhere()
  result[base] = maker.collection()
  if (verbs.includes('get')) result[`${base}/{name}`] = maker.item(verbs)
  for (const part of definition.subresources ?? []) {
    if (NO_OBJECTS.has(part.name)) continue
    const schema = part.kind === definition.kind ? names.kind : schemaOfPart(part)
    if (schema !== undefined)
      result[`${base}/{name}/${part.name}`] = maker.item(part.verbs, part.name, schema)
  }
  if (definition.crd !== true && verbs.includes('watch')) {
    if (namespaced) result[`${root}/watch/${resource}`] = maker.watch('everywhere')
    result[`${root}/watch/${below}`] = maker.watch('list')
    result[`${root}/watch/${below}/{name}`] = maker.watch('object')
  }
  return result as { [path: string]: JsonObject }
}

import { messageOfKind } from '../builtin/messages.ts'
import { messageOf, schemaName } from '../builtin/schemas.ts'
import type {
  Json,
  JsonObject,
  ResourceDefinition,
  ResourceRegistry,
  Schema,
  Subresource,
} from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import { isObject } from '../rest/json.ts'
import { capital, groupWord, informationItem, pathsOf } from './paths.ts'
import type { SchemaNames } from './paths.ts'

const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'
const LIST_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta'
const PATCH = 'io.k8s.apimachinery.pkg.apis.meta.v1.Patch'
const RESOURCE_LIST = 'io.k8s.apimachinery.pkg.apis.meta.v1.APIResourceList'
const STATUS = 'io.k8s.apimachinery.pkg.apis.meta.v1.Status'

const API_VERSION: Schema = {
  description: 'Group and version of the schema this object is written in.',
  type: 'string',
}
const KIND: Schema = {
  description: 'The kind of the object, in CamelCase. It cannot be changed.',
  type: 'string',
}

function metadata(name: string): Schema {
  return {
    description: 'Metadata that every object has: its name, labels and owners.',
    allOf: [{ $ref: `#/components/schemas/${name}` }],
  }
}

/** Schema names of a kind: those of the message of a built-in one, else the group reversed with version and kind. */
export function namesOf(definition: ResourceDefinition): SchemaNames {
  const message = definition.crd === true ? undefined : messageOf(definition)
  if (message !== undefined)
    return { kind: schemaName(message.name), list: `${schemaName(message.name)}List` }
  const home =
    definition.crd === true
      ? definition.group.split('.').toReversed().join('.')
      : `io.k8s.api.${definition.group.split('.')[0] ?? ''}`
  const kind = `${home}.${definition.version}.${definition.kind}`
  return { kind, list: `${home}.${definition.version}.${definition.listKind}` }
}

/** The published schema of a kind: what it declares, with apiVersion, kind and metadata. */
function kindSchema(definition: ResourceDefinition): Schema {
  const { group, version, kind } = definition
  const own: Schema =
    definition.schema === undefined || definition.schema.$ref !== undefined
      ? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
      : definition.schema
  const { selectableFields } = definition
  return {
    ...published(own),
    properties: {
      ...published(own).properties,
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: metadata(OBJECT_META),
    },
    'x-kubernetes-group-version-kind': [{ group, kind, version }],
    ...(selectableFields === undefined
      ? {}
      : {
          'x-kubernetes-selectable-fields': selectableFields.map((path) => ({
            fieldPath: path.replace(/^\./, ''),
          })),
        }),
  }
}

/** A schema as it is published: what its extensions mean is said in words that every reader of schemas knows. */
function published(schema: Schema): Schema {
  const { properties, items, additionalProperties } = schema
  const result: Schema = { ...schema }
  if (properties !== undefined)
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [name, published(each)]),
    )
  if (items !== undefined) result.items = published(items)
  if (typeof additionalProperties === 'object') result.additionalProperties = published(additionalProperties)
  if (schema['x-kubernetes-int-or-string'] === true)
    result.anyOf ??= [{ type: 'integer' }, { type: 'string' }]
  if (schema['x-kubernetes-embedded-resource'] === true) {
    result.properties = {
      ...result.properties,
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: metadata(OBJECT_META),
    }
    result.required = ['kind', 'apiVersion', ...(schema.required ?? [])]
  }
  return result
}

function listSchema(definition: ResourceDefinition, names: SchemaNames): Schema {
  const { group, version, listKind } = definition
  return {
    description: `${listKind} is a list of ${definition.kind}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: API_VERSION,
      items: { type: 'array', items: { $ref: `#/components/schemas/${names.kind}` } },
      kind: KIND,
      metadata: metadata(LIST_META),
    },
    'x-kubernetes-group-version-kind': [{ group, kind: listKind, version }],
  }
}

/** Adds the names of all schemas that a value refers to. */
function references(value: Json | undefined, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) references(item, found)
  else if (isObject(value))
    for (const key in value) {
      const member = value[key]
      if (key === '$ref' && typeof member === 'string') found.add(member.slice(member.lastIndexOf('/') + 1))
      else references(member, found)
    }
}

/** The schema of a part of an object that is of another kind: `Scale`. Undefined when its fields are not known. */
function schemaOfPart(definition: ResourceDefinition, part: Subresource): string | undefined {
  const message = messageOfKind(part.group ?? definition.group, part.version ?? definition.version, part.kind)
  return message === undefined ? undefined : schemaName(message.name)
}

/** The OpenAPI 3 document of the kinds of one group version, of a server of a version: `1.36`. */
export function openApiDocument(
  definitions: ResourceDefinition[],
  registry: ResourceRegistry,
  version: string,
): JsonObject {
  const schemas = new Map<string, Schema>()
  const paths: { [path: string]: JsonObject } = {}
  const custom = definitions.some((definition) => definition.crd === true)
  const [first] = definitions
  if (first !== undefined && !custom) {
    const word = groupWord(first.group)
    const root = `${first.group === '' ? '/api' : '/apis'}/${apiVersionOf(first)}/`
    paths[root] = informationItem(
      `${word}_${first.version}`,
      'get available resources',
      `get${capital(word)}${capital(first.version)}APIResources`,
      RESOURCE_LIST,
    )
  }
  for (const definition of definitions) {
    const names = namesOf(definition)
    Object.assign(
      paths,
      pathsOf(definition, names, (part) => schemaOfPart(definition, part)),
    )
    if (registry.schemas.has(names.kind) && definition.crd !== true) continue
    schemas.set(names.kind, kindSchema(definition))
    schemas.set(names.list, listSchema(definition, names))
  }
  const wanted = new Set<string>([PATCH, STATUS])
  references(paths, wanted)
  for (const schema of schemas.values()) references(schema as unknown as Json, wanted)
  // A set grows while it is walked: what a schema refers to is walked too.
  for (const name of wanted) {
    const schema = schemas.get(name) ?? registry.schemas.get(name)
    if (schema === undefined) continue
    schemas.set(name, schema)
    references(schema as unknown as Json, wanted)
  }
  for (const definition of definitions) {
    const names = namesOf(definition)
    if (!schemas.has(names.list) && definition.verbs.includes('list'))
      schemas.set(names.list, listSchema(definition, names))
  }
  return {
    openapi: '3.0.0',
    info: custom ? { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' } : { title: 'Kubernetes', version },
    paths,
    components: {
      schemas: Object.fromEntries(
        [...schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ) as unknown as JsonObject,
      securitySchemes: {
        BearerToken: { type: 'apiKey', name: 'authorization', in: 'header', description: 'Bearer token.' },
      },
    },
  }
}

import type { Json, JsonObject, ResourceRegistry } from '../resources.ts'
import { isObject } from '../rest/json.ts'
import { groupsInOrder } from '../discovery/plain.ts'
import { capital, groupWord, informationItem } from './paths.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const INFO = 'io.k8s.apimachinery.pkg.version.Info'
const JSON_ONLY = ['application/json']

/** What the build of a server says of itself, each a text; those that a build of one version only need not say. */
const BUILD = [
  'buildDate',
  'compiler',
  'gitCommit',
  'gitTreeState',
  'gitVersion',
  'goVersion',
  'major',
  'minor',
  'platform',
]
const EMULATION = ['emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor']

/** Schema of the answer of /version. */
const VERSION_INFO: JsonObject = {
  description: 'Which version a server is, and how it was built.',
  type: 'object',
  required: [
    'major',
    'minor',
    'gitVersion',
    'gitCommit',
    'gitTreeState',
    'buildDate',
    'goVersion',
    'compiler',
    'platform',
  ],
  properties: {
    ...Object.fromEntries(BUILD.map((name) => [name, { type: 'string', default: '' }])),
    ...Object.fromEntries(EMULATION.map((name) => [name, { type: 'string' }])),
  },
}

/** Names of the documents that tell of no kinds: `api`, `apis/apps`, `version`. */
export function informationNames(registry: ResourceRegistry): string[] {
  const custom = new Set(registry.all().flatMap(({ crd, group }) => (crd === true ? [group] : [])))
  const groups = groupsInOrder(registry).filter(
    (group) => !custom.has(group) && registry.groups().includes(group),
  )
  return [
    '.well-known/openid-configuration',
    'api',
    'apis',
    ...groups.map((group) => `apis/${group}`),
    'openid/v1/jwks',
    'version',
  ]
}

/** The OpenAPI 3 document with such a name; undefined when there is none. */
export function informationDocument(
  name: string,
  registry: ResourceRegistry,
  version: string,
): JsonObject | undefined {
  if (!informationNames(registry).includes(name)) return undefined
  const schemas: { [name: string]: Json } = {}
  const wanted = (schema: string): string => {
    const found = schema === INFO ? VERSION_INFO : registry.schemas.get(schema)
    if (found !== undefined && schemas[schema] === undefined) {
      schemas[schema] = found as unknown as Json
      for (const each of referencesOf(found as unknown as Json)) wanted(each)
    }
    return schema
  }
  const paths: { [path: string]: Json } = { [`/${name}/`]: itemOf(name, wanted) }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version },
    paths,
    components: {
      ...(Object.keys(schemas).length === 0 ? {} : { schemas }),
      securitySchemes: {
        BearerToken: { type: 'apiKey', name: 'authorization', in: 'header', description: 'Bearer token.' },
      },
    },
  }
}

function itemOf(name: string, wanted: (schema: string) => string): JsonObject {
  switch (name) {
    case 'version':
      return informationItem(
        'version',
        'get the version information for this server',
        'getCodeVersion',
        wanted(INFO),
        JSON_ONLY,
      )
    case 'api':
      return informationItem(
        'core',
        'get available API versions',
        'getCoreAPIVersions',
        wanted(`${META}.APIVersions`),
      )
    case 'apis':
      return informationItem(
        'apis',
        'get available API versions',
        'getAPIVersions',
        wanted(`${META}.APIGroupList`),
      )
    case '.well-known/openid-configuration':
      return text(
        'WellKnown',
        "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
        'getServiceAccountIssuerOpenIDConfiguration',
        'application/json',
      )
    case 'openid/v1/jwks':
      return text(
        'openid',
        'get service account issuer OpenID JSON Web Key Set (contains public token verification keys)',
        'getServiceAccountIssuerOpenIDKeyset',
        'application/jwk-set+json',
      )
    default: {
      const word = groupWord(name.slice('apis/'.length))
      return informationItem(
        word,
        'get information of a group',
        `get${capital(word)}APIGroup`,
        wanted(`${META}.APIGroup`),
      )
    }
  }
}

function text(tag: string, description: string, operationId: string, type: string): JsonObject {
  const responses = {
    '200': { description: 'OK', content: { [type]: { schema: { type: 'string' } } } },
    '401': { description: 'Unauthorized' },
  }
  return { get: { tags: [tag], description, operationId, responses } }
}

function referencesOf(value: Json | undefined): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesOf)
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([key, member]) =>
    key === '$ref' && typeof member === 'string'
      ? [member.slice(member.lastIndexOf('/') + 1)]
      : referencesOf(member),
  )
}

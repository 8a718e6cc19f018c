import type { StoreEvent } from './api.ts'
import { conditionOf } from './crd-conditions.ts'
import { acceptNames } from './crd-names.ts'
import type {
  ApiObject,
  Json,
  JsonObject,
  PrinterColumn,
  ResourceDefinition,
  ScalePaths,
  Schema,
} from './resources.ts'
import { at, isObject } from './rest/json.ts'
import type { Core } from './rest/core.ts'

/** Where CustomResourceDefinitions are kept. */
export const CRD_BUCKET = 'apiextensions.k8s.io/customresourcedefinitions'

const VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

function list(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

/** The definitions a CRD's served versions make. */
export function definitionsOf(crd: JsonObject): ResourceDefinition[] {
  const spec = isObject(crd['spec']) ? crd['spec'] : {}
  const names = isObject(spec['names']) ? spec['names'] : {}
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isObject) : []
  const storage = text(versions.find((version) => version['storage'] === true)?.['name'])
  const kind = text(names['kind'])
  return versions
    .filter((version) => version['served'] === true)
    .map((version): ResourceDefinition => {
      const subresources = isObject(version['subresources']) ? version['subresources'] : {}
      const scale = subresources['scale']
      const schema = at(version, ['schema', 'openAPIV3Schema'])
      const columns = version['additionalPrinterColumns']
      const selectable = version['selectableFields']
      const deprecated = version['deprecated'] === true
      const group = text(spec['group'])
      const name = text(version['name'])
      return {
        group,
        version: name,
        resource: text(names['plural']),
        singular: text(names['singular']) || kind.toLowerCase(),
        kind,
        listKind: text(names['listKind']) || `${kind}List`,
        namespaced: spec['scope'] === 'Namespaced',
        shortNames: list(names['shortNames']),
        categories: list(names['categories']),
        verbs: VERBS,
        subresources: [
          ...(isObject(subresources['status'])
            ? [{ name: 'status', kind, verbs: ['get', 'patch', 'update'] }]
            : []),
          ...(isObject(scale)
            ? [
                {
                  name: 'scale',
                  kind: 'Scale',
                  group: 'autoscaling',
                  version: 'v1',
                  verbs: ['get', 'patch', 'update'],
                },
              ]
            : []),
        ],
        schema: isObject(schema) ? (schema as unknown as Schema) : undefined,
        printerColumns: Array.isArray(columns) ? (columns as unknown as PrinterColumn[]) : undefined,
        crd: true,
        storageVersion: storage,
        scale: isObject(scale) ? (scale as unknown as ScalePaths) : undefined,
        selectableFields: Array.isArray(selectable)
          ? selectable.flatMap((each) => (isObject(each) ? [text(each['jsonPath'])] : []))
          : undefined,
        deprecationWarning: deprecated
          ? text(version['deprecationWarning']) || `${group}/${name} ${kind} is deprecated`
          : undefined,
      }
    })
}

/** Order of versions: stable before beta before alpha, the higher first. */
export function compareVersions(a: string, b: string): number {
  const read = (version: string): [number, number, number] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
    if (match === null) return [-1, 0, 0]
    return [match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0, Number(match[1]), Number(match[3] ?? 0)]
  }
  const left = read(a)
  const right = read(b)
  for (const index of [0, 1, 2] as const) if (left[index] !== right[index]) return right[index] - left[index]
  return a < b ? -1 : a > b ? 1 : 0
}

/** What a CRD makes the registry hold. */
interface Served {
  /** Its spec, as text: only another one makes other definitions. */
  spec: string
  definitions: ResourceDefinition[]
}

/** Keeps the registry in step with the CRDs in the store. */
export function serveCrds(core: Core): void {
  const served = new Map<string, Served>()
  core.storage.tap((key, event) => {
    if (key.bucket !== CRD_BUCKET) return
    register(core, served, key.name, event)
  })
}

function register(core: Core, served: Map<string, Served>, name: string, event: StoreEvent): void {
  const before = served.get(name)
  const crd = event.object
  const spec = JSON.stringify(crd['spec'])
  const isGoing = crd.metadata.deletionTimestamp !== undefined
  if (event.type !== 'DELETED' && before?.spec === spec) {
    if (!isGoing || before.definitions[0]?.terminating === true) return
    const going = before.definitions.map((definition) => ({ ...definition, terminating: true }))
    for (const definition of going) core.registry.add(definition)
    served.set(name, { spec, definitions: going })
    return
  }
  for (const definition of before?.definitions ?? []) core.registry.remove(definition)
  served.delete(name)
  if (event.type === 'DELETED') return
  // One whose names are taken is not served; any other is from the moment it is stored.
  const isServed = conditionOf(crd, 'Established')?.['status'] === 'True'
  const others = core.storage.list(CRD_BUCKET).filter((each) => each.metadata.name !== name)
  if (!isServed && acceptNames(crd, others).conflict !== undefined) return
  const definitions = definitionsOf(crd).toSorted((a, b) => compareVersions(a.version, b.version))
  served.set(name, { spec, definitions })
  for (const definition of definitions) core.registry.add(definition)
}

/** Status of a CRD that nothing has looked at yet. */
export function newCrdStatus(crd: ApiObject): JsonObject {
  const spec = isObject(crd['spec']) ? crd['spec'] : {}
  const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isObject) : []
  const storage = versions.find((version) => version['storage'] === true)
  return {
    conditions: null,
    acceptedNames: { plural: '', kind: '' },
    storedVersions: storage === undefined ? [] : [text(storage['name'])],
  }
}

/** Fills a CRD's defaults in, in place. */
export function defaultCrd(crd: ApiObject): void {
  const spec = crd['spec']
  if (!isObject(spec)) return
  const names = spec['names']
  if (isObject(names)) {
    const kind = text(names['kind'])
    if (text(names['singular']) === '') names['singular'] = kind.toLowerCase()
    if (text(names['listKind']) === '') names['listKind'] = `${kind}List`
  }
  spec['conversion'] ??= { strategy: 'None' }
  const service = at(spec, ['conversion', 'webhook', 'clientConfig', 'service'])
  if (isObject(service)) service['port'] ??= 443
}

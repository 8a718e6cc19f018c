import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinResources, registerSchemas } from '../builtin/index.ts'
import { readFields } from '../protobuf/wire.ts'
import type { JsonObject, ResourceDefinition, Schema } from '../resources.ts'
import { ResourceRegistry } from '../resources.ts'
import { openApi } from './handle.ts'

function registryOf(extra: ResourceDefinition[] = []): ResourceRegistry {
  const registry = new ResourceRegistry()
  registerSchemas(registry, builtinResources)
  for (const definition of [...builtinResources, ...extra]) registry.add(definition)
  return registry
}

function ask(target: string, registry = registryOf(), headers: Record<string, string> = {}) {
  const url = new URL(target, 'https://server')
  return openApi(
    {
      method: 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers,
      serverAddress: 'x:1',
      gitVersion: 'v1.36.3',
    },
    registry,
  )
}

interface Document {
  paths: { [path: string]: JsonObject & { patch?: { parameters: { name: string }[] } & JsonObject } }
  components: { schemas: { [name: string]: Schema } }
}

function document(name: string, registry = registryOf()): Document {
  return JSON.parse(String(ask(`/openapi/v3/${name}`, registry)?.body ?? '{}')) as Document
}

const machine: ResourceDefinition = {
  group: 'fochista.dev',
  version: 'v1',
  resource: 'machines',
  singular: 'machine',
  kind: 'Machine',
  listKind: 'MachineList',
  namespaced: true,
  verbs: ['get', 'list', 'patch'],
  crd: true,
  schema: {
    description: 'A test kind.',
    type: 'object',
    required: ['spec'],
    properties: {
      metadata: { type: 'object' },
      spec: { type: 'object', properties: { size: { type: 'string', enum: ['small', 'large'] } } },
    },
  },
}

test('every document of the index is found at its address', () => {
  const registry = registryOf([machine])
  const { paths } = JSON.parse(String(ask('/openapi/v3', registry)?.body ?? '')) as {
    paths: { [name: string]: { serverRelativeURL: string } }
  }
  assert.ok(paths['api/v1'] !== undefined && paths['apis/apps/v1'] !== undefined)
  assert.ok(paths['apis/fochista.dev/v1'] !== undefined)
  for (const { serverRelativeURL } of Object.values(paths)) {
    const answer = ask(serverRelativeURL, registry)
    assert.equal(answer?.status, 200, serverRelativeURL)
    assert.equal(answer.headers?.['Cache-Control'], 'public, immutable')
  }
})

test('no document refers to a schema it does not hold', () => {
  const registry = registryOf([machine])
  for (const name of ['api/v1', 'apis/apps/v1', 'apis/resource.k8s.io/v1', 'apis/fochista.dev/v1']) {
    const text = String(ask(`/openapi/v3/${name}`, registry)?.body ?? '')
    const { schemas } = (JSON.parse(text) as Document).components
    for (const [, wanted = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(schemas[wanted] !== undefined, `${name}: ${wanted}`)
  }
})

test('a patch operation offers server-side validation, which kubectl looks for', () => {
  const patch =
    document('apis/apps/v1').paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.patch
  assert.deepEqual(patch?.['x-kubernetes-group-version-kind'], {
    group: 'apps',
    version: 'v1',
    kind: 'Deployment',
  })
  assert.deepEqual(
    patch?.parameters.map(({ name }) => name),
    ['dryRun', 'fieldManager', 'fieldValidation', 'force'],
  )
})

test('lists that merge by key say so', () => {
  const { schemas } = document('apis/apps/v1').components
  const containers = schemas['io.k8s.api.core.v1.PodSpec']?.properties?.['containers']
  assert.equal(containers?.['x-kubernetes-patch-strategy'], 'merge')
  assert.equal(containers?.['x-kubernetes-patch-merge-key'], 'name')
  const ports = schemas['io.k8s.api.core.v1.Container']?.properties?.['ports']
  assert.deepEqual(ports?.['x-kubernetes-list-map-keys'], ['containerPort', 'protocol'])
})

test('a custom kind is published with its fields and the metadata of all objects', () => {
  const { schemas } = document('apis/fochista.dev/v1', registryOf([machine])).components
  const schema = schemas['dev.fochista.v1.Machine']
  assert.equal(schema?.description, 'A test kind.')
  assert.deepEqual(schema?.properties?.['spec']?.properties?.['size']?.enum, ['small', 'large'])
  assert.deepEqual(schema?.properties?.['metadata']?.allOf, [
    { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
  ])
  assert.deepEqual(schema?.['x-kubernetes-group-version-kind'], [
    { group: 'fochista.dev', kind: 'Machine', version: 'v1' },
  ])
})

test('a wrong hash leads to the right one, the right tag to 304, and the unknown to 404', () => {
  const wrong = ask('/openapi/v3/apis/coordination.k8s.io/v1?hash=0123ABCD')
  assert.equal(wrong?.status, 301)
  const right = wrong.headers?.['Location'] ?? ''
  assert.equal(ask(right)?.status, 200)
  const tag = wrong.headers?.['Etag'] ?? ''
  assert.equal(ask(right, registryOf(), { 'if-none-match': tag })?.status, 304)
  assert.equal(ask('/openapi/v3/apis/nosuch.example.com/v1')?.status, 404)
  assert.equal(ask('/openapi/v3/')?.status, 404)
})

test('version 3 is there in protobuf too, by the name of its media type with an @ or without', () => {
  const registry = registryOf([machine])
  const path = '/openapi/v3/apis/fochista.dev/v1'
  const version = 'application/com.github.proto-openapi.spec.v3'
  const packed = ask(path, registry, { accept: `${version}@v1.0+protobuf,application/json` })
  assert.equal(packed?.contentType, `${version}.v1.0+protobuf`)
  const fields = readFields(packed.body as Uint8Array)
  assert.deepEqual(
    fields.map(({ number }) => number),
    [1, 2, 4, 5],
  )
  const names = readFields(fields[2]?.bytes ?? new Uint8Array()).map(({ bytes }) =>
    Buffer.from(readFields(bytes)[0]?.bytes ?? []).toString(),
  )
  assert.deepEqual(names, Object.keys(document('apis/fochista.dev/v1', registry).paths))
  assert.equal(ask(path, registry, { accept: `${version}.v1.0+protobuf` })?.status, 200)
})

test('version 2 tells the same, as JSON and as the message that older clients read', () => {
  const registry = registryOf([machine])
  const json = ask('/openapi/v2', registry)
  const { swagger, definitions, paths } = JSON.parse(String(json?.body)) as {
    swagger: string
    definitions: { [name: string]: Schema }
    paths: { [path: string]: { patch: { parameters: { name: string; type?: string }[] } } }
  }
  assert.equal(swagger, '2.0')
  assert.equal(
    definitions['io.k8s.api.core.v1.Pod']?.properties?.['metadata']?.$ref,
    '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
  )
  assert.deepEqual(definitions['dev.fochista.v1.Machine']?.['x-kubernetes-group-version-kind'], [
    { group: 'fochista.dev', kind: 'Machine', version: 'v1' },
  ])
  const { parameters } = paths['/apis/fochista.dev/v1/namespaces/{namespace}/machines/{name}']?.patch ?? {}
  assert.ok(parameters?.some(({ name, type }) => name === 'dryRun' && type === 'string'))
  assert.equal(JSON.stringify(definitions).includes('#/components/'), false)
  assert.equal(definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString']?.type, 'string')

  const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
  const packed = ask('/openapi/v2', registry, { accept })
  assert.equal(packed?.contentType, 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
  const fields = readFields(packed.body as Uint8Array)
  assert.deepEqual(
    fields.map(({ number }) => number),
    [1, 2, 8, 9],
  )
  const names = readFields(fields[3]?.bytes ?? new Uint8Array()).map(({ bytes }) =>
    Buffer.from(readFields(bytes)[0]?.bytes ?? []).toString(),
  )
  assert.deepEqual(names, Object.keys(definitions))

  const tag = { 'if-none-match': json?.headers?.['Etag'] ?? '' }
  assert.equal(ask('/openapi/v2', registry, tag)?.status, 304)
  assert.equal(ask('/openapi/v2', registry, { accept: 'application/yaml' })?.status, 406)
})

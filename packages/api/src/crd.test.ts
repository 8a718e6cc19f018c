import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { crds, definitions } from './crd.ts'
import { nodePoolManifest } from './manifests/node-pool.ts'
import { tenantControlPlaneManifest } from './manifests/tenant-control-plane.ts'
import { nodePoolKind } from './resources/node-pool.ts'
import { validate } from './validate.ts'

/** Keywords that a structural schema may hold; the API server refuses or drops others. */
const structural = new Set([
  'type',
  'description',
  'format',
  'properties',
  'items',
  'required',
  'anyOf',
  'x-kubernetes-int-or-string',
  'maxProperties',
  'enum',
  'default',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'additionalProperties',
  'x-kubernetes-validations',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
])

function visit(
  schema: Record<string, unknown>,
  path: string,
  see: (schema: Record<string, unknown>, path: string) => void,
): void {
  see(schema, path)
  for (const [name, property] of Object.entries(
    (schema['properties'] ?? {}) as Record<string, Record<string, unknown>>,
  ))
    visit(property, `${path}.${name}`, see)
  if (schema['items']) visit(schema['items'] as Record<string, unknown>, `${path}[]`, see)
}

for (const crd of crds) {
  const [version] = crd.spec['versions'] as { schema: { openAPIV3Schema: Record<string, unknown> } }[]
  assert.ok(version)
  test(`${crd.metadata.name} is structural, and every field says what it is for`, () => {
    visit(version.schema.openAPIV3Schema, '', (schema, path) => {
      for (const keyword of Object.keys(schema)) assert.ok(structural.has(keyword), `${path}: ${keyword}`)
      // A count or percentage is the one thing that may be of two types, and then it must say so in just these words.
      if (schema['x-kubernetes-int-or-string'])
        assert.deepEqual(schema['anyOf'], [{ type: 'integer' }, { type: 'string' }], path)
      else assert.ok(typeof schema['type'] === 'string' && !schema['anyOf'], `${path} has no type`)
      if (path.startsWith('.spec') && !path.endsWith(']'))
        assert.ok(schema['description'], `${path} has no description`)
    })
  })
  test(`${crd.metadata.name}.yaml is what the schemas say`, () => {
    const file = join(import.meta.dirname, '..', 'crds', `${crd.metadata.name}.yaml`)
    assert.deepEqual(parse(readFileSync(file, 'utf8')), JSON.parse(JSON.stringify(crd)))
  })
}

test('there are four kinds', () => {
  assert.deepEqual(
    definitions.map(({ kind }) => kind),
    ['ProxmoxCluster', 'MachineClass', 'NodePool', 'Machine'],
  )
})

test('validation names the field, its value and the rule', () => {
  const pool = nodePoolManifest({ name: 'workers', clusterName: 'a', replicas: -1, memory: 'much' })
  assert.deepEqual(
    validate(nodePoolKind, pool)
      .map(({ field, value }) => ({ field, value }))
      .sort((a, b) => a.field.localeCompare(b.field)),
    [
      { field: 'spec.memory', value: 'much' },
      { field: 'spec.replicas', value: -1 },
    ],
  )
  assert.deepEqual(validate(nodePoolKind, nodePoolManifest({ name: 'workers', clusterName: 'a' })), [])
})

test('the control plane from flags is that of the example file', () => {
  const example = parse(
    readFileSync(join(import.meta.dirname, '..', '..', '..', 'examples', 'tenant-test.yaml'), 'utf8'),
  ) as object
  assert.deepEqual(tenantControlPlaneManifest({ name: 'tenant-test', version: 'v1.30.0' }), example)
})

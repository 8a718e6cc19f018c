import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { kamajiCrds, tenantControlPlaneCrd } from './crds.ts'
import { DataStore, KubeconfigGenerator, TenantControlPlane } from './kinds.ts'

const shared =
  process.env['FOCHISTA_RECORDINGS'] ?? join(import.meta.dirname, '..', '..', '..', '..', 'shared')
const kamaji = join(shared, 'kamaji')
const skip = existsSync(kamaji) ? false : 'NEEDS the facts of Kamaji (FOCHISTA_RECORDINGS)'

type Schema = {
  properties?: Record<string, Schema>
  items?: Schema
  additionalProperties?: Schema | boolean
  'x-kubernetes-preserve-unknown-fields'?: boolean
}
const schemaOf = tenantControlPlaneCrd.spec.versions[0]?.schema.openAPIV3Schema as Schema

test('the kinds are named as their definitions name them', () => {
  for (const [index, kind] of [TenantControlPlane, DataStore, KubeconfigGenerator].entries()) {
    const { spec } = kamajiCrds[index] as (typeof kamajiCrds)[number]
    assert.deepEqual(
      [kind.apiVersion, kind.kind, kind.plural, kind.namespaced],
      [
        `${spec.group}/${spec.versions[0]?.name}`,
        spec.names.kind,
        spec.names.plural,
        spec.scope === 'Namespaced',
      ],
    )
  }
})

test('the compact definitions are the pinned ones, whole', { skip }, () => {
  for (const crd of kamajiCrds) {
    const pinned: unknown = parse(readFileSync(join(kamaji, 'crds', `${crd.spec.names.plural}.yaml`), 'utf8'))
    assert.deepEqual(crd, pinned)
  }
})

/** Paths in an object that its schema does not declare. */
function undeclared(value: unknown, schema: Schema | undefined, path: string): string[] {
  if (value === null || typeof value !== 'object' || schema?.['x-kubernetes-preserve-unknown-fields'])
    return []
  if (Array.isArray(value)) return value.flatMap((item) => undeclared(item, schema?.items, `${path}[]`))
  return Object.entries(value).flatMap(([name, child]) => {
    const other = typeof schema?.additionalProperties === 'object' ? schema.additionalProperties : undefined
    const own = schema?.properties?.[name] ?? other
    return own ? undeclared(child, own, `${path}.${name}`) : [`${path}.${name}`]
  })
}

test('a recorded control plane has no field that the types do not know', { skip }, () => {
  const text = readFileSync(join(kamaji, 'transcripts-kamaji', 'objects', 'seed.json'), 'utf8')
  const [recorded] = (JSON.parse(text) as { tenantcontrolplanes: { spec: object; status: object }[] })
    .tenantcontrolplanes
  assert.ok(recorded)
  assert.deepEqual(undeclared(recorded.spec, schemaOf.properties?.['spec'], 'spec'), [])
  assert.deepEqual(undeclared(recorded.status, schemaOf.properties?.['status'], 'status'), [])
})

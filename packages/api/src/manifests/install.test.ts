import assert from 'node:assert/strict'
import { test } from 'node:test'
import { installManifests, type Manifest } from './install.ts'

const installation = '11111111-2222-3333-4444-555555555555'
interface Rule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
}
const rulesOf = (manifests: Manifest[], name: string): Rule[] =>
  manifests
    .filter(({ kind, metadata }) => kind.endsWith('Role') && metadata.name === name)
    .flatMap((role) => role['rules'] as Rule[])
const verbsOn = (rules: Rule[], resource: string): string[] =>
  [
    ...new Set(rules.filter(({ resources }) => resources.includes(resource)).flatMap(({ verbs }) => verbs)),
  ].sort()

test('the namespace comes before what lives in it, and roles before their bindings', () => {
  const kinds = installManifests({ installation }).map(({ kind }) => kind)
  assert.equal(kinds[0], 'Namespace')
  assert.ok(kinds.lastIndexOf('CustomResourceDefinition') < kinds.indexOf('ClusterRole'))
  assert.ok(kinds.indexOf('Role') < kinds.indexOf('RoleBinding'))
})

test('nothing of ours may list Secrets', () => {
  for (const { rules = [], metadata } of installManifests({ installation }) as (Manifest & {
    rules?: Rule[]
  })[])
    for (const { resources, verbs } of rules)
      if (resources.includes('secrets') || resources.includes('*'))
        assert.ok(!verbs.some((verb) => ['list', 'watch', '*'].includes(verb)), metadata.name)
})

test('tenants see and delete Machines and never write them', () => {
  const manifests = installManifests({ installation })
  assert.deepEqual(verbsOn(rulesOf(manifests, 'fochista-tenant-admin'), 'machines'), [
    'delete',
    'get',
    'list',
    'watch',
  ])
  assert.deepEqual(verbsOn(rulesOf(manifests, 'fochista-tenant-viewer'), 'machines'), [
    'get',
    'list',
    'watch',
  ])
  assert.deepEqual(verbsOn(rulesOf(manifests, 'fochista-tenant-admin'), 'proxmoxclusters'), [])
})

test('control planes are read and never written by the controllers', () => {
  const rules = rulesOf(installManifests({ installation }), 'fochista-controllers')
  assert.deepEqual(verbsOn(rules, 'tenantcontrolplanes'), ['get', 'list', 'watch'])
})

test('with namespaces given, tenants’ Secrets are read in those only', () => {
  const bindings = (namespaces?: string[]) =>
    installManifests({ installation, namespaces })
      .filter(({ kind, metadata }) => kind.endsWith('Binding') && metadata.name === 'fochista-tenant-secrets')
      .map(({ kind, metadata }) => [kind, metadata.namespace])
  assert.deepEqual(bindings(), [['ClusterRoleBinding', undefined]])
  assert.deepEqual(bindings(['team-a', 'team-b']), [
    ['RoleBinding', 'team-a'],
    ['RoleBinding', 'team-b'],
  ])
})

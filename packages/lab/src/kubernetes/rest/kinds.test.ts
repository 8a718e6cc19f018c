import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { items, member } from '../builtin/defaults/fields.ts'
import { eventually } from '../../test-eventually.ts'
import { testHost } from '../controllers/test-host.ts'
import { StatusError } from '../errors.ts'
import type { ApiObject, GroupVersionResource, JsonObject } from '../resources.ts'

const v1 = (group: string, resource: string): GroupVersionResource => ({ group, version: 'v1', resource })
const pods = v1('', 'pods')
const configMaps = v1('', 'configmaps')
const deployments = v1('apps', 'deployments')
const roles = v1('rbac.authorization.k8s.io', 'clusterroles')
const namespaces = v1('', 'namespaces')

function host(context: TestContext): ReturnType<typeof testHost> {
  const made = testHost()
  context.after(() => made.stop())
  return made
}

function pod(name: string, resources: JsonObject = {}): ApiObject {
  return {
    metadata: { name, namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i', resources }] },
  }
}

function container(object: ApiObject | undefined): JsonObject {
  return items(member(object, 'spec'), 'containers')[0] ?? {}
}

test('a limit range fills in what a pod leaves out, and refuses what is too much', (context) => {
  const { store } = host(context)
  store.create(v1('', 'limitranges'), {
    metadata: { name: 'lr', namespace: 'default' },
    spec: { limits: [{ type: 'Container', default: { cpu: '200m' }, max: { cpu: '1' } }] },
  })
  const made = store.create(pods, pod('a'))
  assert.deepEqual(container(made)['resources'], { limits: { cpu: '200m' }, requests: { cpu: '200m' } })
  assert.equal(
    made.metadata.annotations?.['kubernetes.io/limit-ranger'],
    'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
  )
  assert.throws(
    () => store.create(pods, pod('b', { limits: { cpu: '2' } })),
    /^StatusError: pods "b" is forbidden: maximum cpu usage per Container is 1, but limit is 2$/,
  )
})

test('an event is one object under both its APIs', (context) => {
  const { store } = host(context)
  store.create(v1('', 'events'), {
    metadata: { name: 'e', namespace: 'default' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    message: 'started',
    count: 2,
  })
  const shown = store.get(v1('events.k8s.io', 'events'), 'default', 'e')
  assert.equal(shown?.['note'], 'started')
  assert.equal(shown['deprecatedCount'], 2)
  assert.deepEqual(shown['regarding'], { kind: 'Pod', name: 'p', namespace: 'default' })
  assert.equal(shown['message'], undefined)
})

test('ephemeral containers are added by their own door, and stay', (context) => {
  const { store } = host(context)
  const made = store.create(pods, pod('a'))
  const add = (names: string[]): ApiObject =>
    store.update(
      pods,
      { metadata: made.metadata, spec: { ephemeralContainers: names.map((name) => ({ name, image: 'x' })) } },
      { subresource: 'ephemeralcontainers' },
    )
  delete made.metadata.resourceVersion
  const spec = member(add(['d']), 'spec')
  assert.equal(items(spec, 'ephemeralContainers')[0]?.['name'], 'd')
  assert.equal(items(spec, 'containers')[0]?.['name'], 'c')
  assert.throws(() => add([]), /existing ephemeral containers "d" may not be removed/)
})

test('replicas that are applied through scale conflict with who has them', (context) => {
  const { store } = host(context)
  store.create(deployments, {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
    },
  })
  const ref = { namespace: 'default', name: 'web' }
  const apply = (force: boolean): ApiObject =>
    store.patch(
      deployments,
      ref,
      { metadata: { name: 'web' }, spec: { replicas: 5 } },
      { type: 'apply', subresource: 'scale', fieldManager: 'me', force },
    )
  assert.throws(
    () => apply(false),
    (error) => error instanceof StatusError && error.message.endsWith('using autoscaling/v1: .spec.replicas'),
  )
  apply(true)
  const managers = store.get(deployments, 'default', 'web')?.metadata.managedFields ?? []
  const mine = managers.find((each) => each['manager'] === 'me')
  assert.deepEqual(mine?.['fieldsV1'], { 'f:spec': { 'f:replicas': {} } })
})

test('a role that aggregates others has their rules', async (context) => {
  const { store } = host(context)
  const rule = { apiGroups: ['x'], resources: ['y'], verbs: ['get'] }
  store.create(roles, { metadata: { name: 'part', labels: { whole: 'yes' } }, rules: [rule] })
  store.create(roles, {
    metadata: { name: 'whole' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { whole: 'yes' } }] },
  })
  const rules = (): unknown => store.get(roles, undefined, 'whole')?.['rules']
  await eventually('the rules are there', () => Array.isArray(rules()))
  assert.deepEqual(rules(), [rule])
})

test('a namespace that goes says what holds it, and goes with the last finalizer', async (context) => {
  const { store } = host(context)
  store.create(namespaces, { metadata: { name: 'n' } })
  store.create(configMaps, { metadata: { name: 'held', namespace: 'n', finalizers: ['a.b/c'] } })
  store.delete(namespaces, { name: 'n' })
  const told = (): string =>
    JSON.stringify(member(store.get(namespaces, undefined, 'n'), 'status')?.['conditions'] ?? [])
  await eventually('it says what is left', () =>
    told().includes('Some content in the namespace has finalizers remaining: a.b/c in 1 resource instances'),
  )
  store.patch(configMaps, { namespace: 'n', name: 'held' }, { metadata: { finalizers: null } })
  await eventually('it is gone', () => store.get(namespaces, undefined, 'n') === undefined)
})

test('an applied list has what is new after what was there, and none twice', (context) => {
  const { store } = host(context)
  const ref = { namespace: 'default', name: 'web' }
  const apply = (manager: string, containers: JsonObject[]): ApiObject =>
    store.patch(
      deployments,
      ref,
      {
        metadata: { name: 'web' },
        spec: {
          selector: { matchLabels: { a: 'b' } },
          template: { metadata: { labels: { a: 'b' } }, spec: { containers } },
        },
      },
      { type: 'apply', fieldManager: manager },
    )
  apply('one', [{ name: 'a', image: 'i' }])
  const both = apply('two', [{ name: 'b', image: 'i' }])
  const template = member(member(both, 'spec'), 'template')
  const names = items(member(template, 'spec'), 'containers').map((each) => each['name'])
  assert.deepEqual(names, ['a', 'b'])
  assert.throws(
    () => apply('two', [{ name: 'b' }, { name: 'b' }]),
    /spec\.template\.spec\.containers: duplicate entries for key \[name="b"\]$/,
  )
})

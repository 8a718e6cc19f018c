import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createLabClock } from '../clock.ts'
import type { ApiServer } from './api.ts'
import type { ApiObject, JsonObject } from './resources.ts'
import { at } from './rest/json.ts'
import { createApiServer } from './server.ts'
import { selfSigned } from './test-certificate.ts'
import { eventually } from '../test-eventually.ts'

const CRDS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
const GADGETS = { group: 't.dev', version: 'v1', resource: 'gadgets' }

let api: ApiServer
before(async () => {
  api = createApiServer({ tls: await selfSigned(), clock: createLabClock() })
})
after(() => api.close())

function crd(plural: string, kind: string, shortNames: string[] = []): ApiObject {
  return {
    metadata: { name: `${plural}.t.dev` },
    spec: {
      group: 't.dev',
      scope: 'Namespaced',
      names: { plural, kind, ...(shortNames.length === 0 ? {} : { shortNames }) },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  }
}

function conditions(name: string): { [type: string]: string } {
  const list = at(api.store.get(CRDS, undefined, `${name}.t.dev`) ?? { metadata: {} }, [
    'status',
    'conditions',
  ])
  return Object.fromEntries(
    ((Array.isArray(list) ? list : []) as JsonObject[]).map(({ type, status, reason }) => [
      String(type as string),
      `${status as string} ${reason as string}`,
    ]),
  )
}

test('names that another CRD of the group has are not accepted, until it leaves them', async () => {
  api.store.create(CRDS, crd('gadgets', 'Gadget', ['gd']))
  await eventually(
    'gadgets is established',
    () => conditions('gadgets')['Established'] === 'True InitialNamesAccepted',
  )
  api.store.create(CRDS, crd('widgets', 'Widget', ['gd']))
  api.store.create(CRDS, crd('others', 'Gadget'))
  await eventually('others is judged', () => conditions('others')['NamesAccepted'] !== undefined)
  assert.deepEqual(conditions('widgets'), {
    NamesAccepted: 'False ShortNamesConflict',
    Established: 'False NotAccepted',
  })
  assert.deepEqual(conditions('others'), {
    NamesAccepted: 'False ListKindConflict',
    Established: 'False NotAccepted',
  })
  assert.equal(api.registry.find('t.dev', 'v1', 'widgets'), undefined, 'it is served')
  api.store.delete(CRDS, { name: 'gadgets.t.dev' })
  await eventually(
    'widgets is established',
    () => conditions('widgets')['Established'] === 'True InitialNamesAccepted',
  )
  assert.notEqual(api.registry.find('t.dev', 'v1', 'widgets'), undefined, 'it is not served')
  await eventually('others has its names', () => conditions('others')['NamesAccepted'] === 'True NoConflicts')
})

test('a CRD that is deleted stays until its objects are gone, and says so', async () => {
  await eventually('gadgets is gone', () => api.store.get(CRDS, undefined, 'gadgets.t.dev') === undefined)
  api.store.delete(CRDS, { name: 'others.t.dev' })
  await eventually('others is gone', () => api.store.get(CRDS, undefined, 'others.t.dev') === undefined)
  api.store.create(CRDS, crd('gadgets', 'Gadget'))
  api.store.create(GADGETS, { metadata: { name: 'held', namespace: 'default', finalizers: ['t.dev/hold'] } })
  const marked = api.store.delete(CRDS, { name: 'gadgets.t.dev' })
  assert.deepEqual(marked.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io'])
  assert.equal(marked.metadata.deletionGracePeriodSeconds, undefined)
  await eventually(
    'gadgets is terminating',
    () => conditions('gadgets')['Terminating'] === 'True InstanceDeletionInProgress',
  )
  assert.equal(api.registry.find('t.dev', 'v1', 'gadgets')?.terminating, true)
  assert.notEqual(
    api.store.get(GADGETS, 'default', 'held')?.metadata.deletionTimestamp,
    undefined,
    'its object is not being deleted',
  )
  api.store.patch(GADGETS, { namespace: 'default', name: 'held' }, { metadata: { finalizers: null } })
  await eventually('gadgets is gone', () => api.store.get(CRDS, undefined, 'gadgets.t.dev') === undefined)
  assert.equal(api.registry.find('t.dev', 'v1', 'gadgets'), undefined)
})

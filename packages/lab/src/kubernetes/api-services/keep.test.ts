import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiObject } from '../resources.ts'
import { at } from '../rest/json.ts'
import { startTestApi } from '../test-api.ts'
import { eventually } from '../../test-eventually.ts'

const SERVICES = { group: 'apiregistration.k8s.io', version: 'v1', resource: 'apiservices' }

const { api, ask } = await startTestApi()

function available(name: string): unknown {
  const conditions = at(api.store.get(SERVICES, undefined, name) ?? { metadata: {} }, [
    'status',
    'conditions',
  ])
  return Array.isArray(conditions) ? conditions[0] : undefined
}

const remote = (spec: object = {}): ApiObject => ({
  metadata: { name: 'v1.ext.dev' },
  spec: {
    group: 'ext.dev',
    version: 'v1',
    groupPriorityMinimum: 100,
    versionPriority: 10,
    service: { namespace: 'default', name: 'nosuch', port: 443 },
    ...spec,
  },
})

test('a server has an APIService for each group version of its own, available from the first moment', () => {
  assert.match(JSON.stringify(available('v1.apps')), /"status":"True".*"reason":"Local"/)
  assert.match(JSON.stringify(available('v1.')), /"status":"True"/)
})

test('a custom group version gets one, and loses it with its CRD', async () => {
  api.registerCrd({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.t.dev' },
    spec: {
      group: 't.dev',
      scope: 'Cluster',
      names: { plural: 'gadgets', kind: 'Gadget' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  })
  await eventually('there is an APIService', () => available('v1.t.dev') !== undefined)
  const crds = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
  api.store.delete(crds, { name: 'gadgets.t.dev' })
  await eventually('it is gone', () => available('v1.t.dev') === undefined)
})

test('an APIService must be named after its group version, and not be insecure with a CA', () => {
  assert.throws(
    () => api.store.create(SERVICES, { ...remote(), metadata: { name: 'wrong' } }),
    /metadata\.name: Invalid value: "wrong": must be `spec\.version\+"\."\+spec\.group`: "v1\.ext\.dev"/,
  )
  assert.throws(
    () => api.store.create(SERVICES, remote({ insecureSkipTLSVerify: true, caBundle: 'eA==' })),
    /spec\.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present/,
  )
})

test('the group of another server is discovered, is not available, and answers 503', async () => {
  api.store.create(SERVICES, remote())
  await eventually('no Service is found', () =>
    JSON.stringify(available('v1.ext.dev') ?? '').includes('ServiceNotFound'),
  )
  assert.equal((await ask('/apis/ext.dev')).status, 200)
  assert.match((await ask('/apis')).text, /"ext\.dev\/v1"/)
  const { status, text } = await ask('/apis/ext.dev/v1/things')
  assert.deepEqual({ status, text }, { status: 503, text: 'service unavailable\n' })
  api.store.delete(SERVICES, { name: 'v1.ext.dev' })
  assert.equal((await ask('/apis/ext.dev/v1/things')).status, 404)
})

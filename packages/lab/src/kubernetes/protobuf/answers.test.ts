import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startTestApi } from '../test-api.ts'
import { decodeProtobuf } from './decode.ts'
import { readFields } from './wire.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const HOME = '/api/v1/namespaces/default'

const { api, ask: askFor } = await startTestApi()
api.store.create(
  { group: '', version: 'v1', resource: 'configmaps' },
  { metadata: { name: 'c', namespace: 'default' }, data: { a: '1' } },
)
api.registerCrd({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.t.dev' },
  spec: {
    group: 't.dev',
    scope: 'Cluster',
    names: { plural: 'gadgets', kind: 'Gadget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
})

/** Asks for something in one of some forms; of a stream what is there when `enough` says so. */
const ask = (path: string, accept: string, enough?: (data: Buffer) => boolean) =>
  askFor(path, { accept, ...(enough === undefined ? {} : { enough }) })

test('an object, a list and an error are in protobuf when it is the first that is accepted', async () => {
  const object = await ask(`${HOME}/configmaps/c`, `${PROTOBUF},application/json`)
  assert.equal(object.type, PROTOBUF)
  assert.deepEqual(decodeProtobuf(object.data)['data'], { a: '1' })
  const list = await ask(`${HOME}/configmaps?fieldSelector=metadata.name%3Dc`, PROTOBUF)
  const { kind, items } = decodeProtobuf(list.data) as { kind: string; items: { data: object }[] }
  assert.deepEqual([kind, items.map(({ data }) => data)], ['ConfigMapList', [{ a: '1' }]])
  const missing = await ask(`${HOME}/configmaps/nosuch`, PROTOBUF)
  assert.deepEqual([missing.status, missing.type], [404, PROTOBUF])
  assert.equal(decodeProtobuf(missing.data)['message'], 'configmaps "nosuch" not found')
  assert.equal((await ask(`${HOME}/configmaps/c`, `application/json,${PROTOBUF}`)).type, 'application/json')
})

test('metadata alone is there in protobuf for every kind; Tables are not, nor custom objects', async () => {
  const metadata = `${PROTOBUF};as=PartialObjectMetadata;v=v1;g=meta.k8s.io`
  assert.equal(
    decodeProtobuf((await ask(`${HOME}/configmaps/c`, metadata)).data)['kind'],
    'PartialObjectMetadata',
  )
  const table = await ask(`${HOME}/configmaps`, `${PROTOBUF};as=Table;v=v1;g=meta.k8s.io`)
  assert.deepEqual([table.status, table.type], [406, 'application/json'])
  const custom = await ask('/apis/t.dev/v1/gadgets', PROTOBUF)
  assert.deepEqual([custom.status, custom.type], [406, PROTOBUF])
  assert.equal((await ask('/apis/t.dev/v1/gadgets', `${PROTOBUF}, */*`)).type, 'application/json')
})

test('a watch sends frames: a length, then an event with the object in its envelope', async () => {
  const path = `${HOME}/configmaps?watch=true&fieldSelector=metadata.name%3Dc`
  const { type, data } = await ask(
    path,
    PROTOBUF,
    (read) => read.length >= 4 && read.length >= 4 + read.readUInt32BE(0),
  )
  assert.equal(type, `${PROTOBUF};stream=watch`)
  const event = readFields(data.subarray(4, 4 + data.readUInt32BE(0)))
  assert.equal(Buffer.from(event[0]?.bytes ?? []).toString(), 'ADDED')
  const raw = readFields(event[1]?.bytes ?? new Uint8Array(0))[0]?.bytes ?? new Uint8Array(0)
  assert.deepEqual(decodeProtobuf(raw)['data'], { a: '1' })
})

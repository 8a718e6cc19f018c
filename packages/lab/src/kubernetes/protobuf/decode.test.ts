import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeProtobuf } from './decode.ts'

const decode = (hex: string): unknown => decodeProtobuf(Buffer.from(hex, 'hex'))
const decode64 = (base64: string): unknown => decodeProtobuf(Buffer.from(base64, 'base64'))

test('a namespace as kubectl sends it has its name and nothing that was not set', () => {
  assert.deepEqual(
    decode(
      '6b3873000a0f0a0276311209' +
        '4e616d657370616365121a0a120a026e3212001a0022002a0032003800420012001a020a001a002200',
    ),
    { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'n2' }, spec: {}, status: {} },
  )
})

test('the data of a secret are base64, as in JSON', () => {
  assert.deepEqual(
    decode(
      '6b3873000a0c0a0276311206' +
        '536563726574121e0a120a02737812001a0022002a0032003800420012060a01611201621a001a002200',
    ),
    { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'sx' }, data: { a: 'Yg==' } },
  )
})

test('delete options come in the core version and in that of the API machinery', () => {
  const options = { propagationPolicy: 'Background' }
  assert.deepEqual(decode64('azhzAAoTCgJ2MRINRGVsZXRlT3B0aW9ucxIMIgpCYWNrZ3JvdW5k'), {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    ...options,
  })
  assert.deepEqual(decode64('azhzAAofCg5tZXRhLms4cy5pby92MRINRGVsZXRlT3B0aW9ucxIMIgpCYWNrZ3JvdW5k'), {
    kind: 'DeleteOptions',
    apiVersion: 'meta.k8s.io/v1',
    ...options,
  })
})

test('an access review of kubectl auth can-i keeps its attributes', () => {
  assert.deepEqual(
    decode64(
      'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSGQoAEhUKEwoCcGISA2dldBoAIgAqBHBvZHM=',
    ),
    {
      kind: 'SelfSubjectAccessReview',
      apiVersion: 'authorization.k8s.io/v1',
      metadata: {},
      spec: { resourceAttributes: { namespace: 'pb', verb: 'get', resource: 'pods' } },
    },
  )
})

test('a token request keeps its expiry', () => {
  assert.deepEqual(decode64('azhzAAooChhhdXRoZW50aWNhdGlvbi5rOHMuaW8vdjESDFRva2VuUmVxdWVzdBIHCgASAyDYBA=='), {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {},
    spec: { expirationSeconds: 600 },
  })
})

test('a scale of a custom kind decodes', () => {
  assert.deepEqual(decode64('azhzAAoXCg5hdXRvc2NhbGluZy92MRIFU2NhbGUSDQoHCgFtGgJwYhICCAI='), {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name: 'm', namespace: 'pb' },
    spec: { replicas: 2 },
  })
})

test('an unknown field number is passed over, and an empty type takes what the path says', () => {
  assert.deepEqual(decode64('azhzAAoPCgJ2MRIJQ29uZmlnTWFwEhIKBAoCZTESBgoBYRIBYpoGAXg='), {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'e1' },
    data: { a: 'b' },
  })
  assert.deepEqual(
    decodeProtobuf(Buffer.from('azhzAAoECgASABIOCgQKAnAzEgYKAWESATE=', 'base64'), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
    }),
    { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'p3' }, data: { a: '1' } },
  )
})

test('bytes that are no message are refused with the words of the API server', () => {
  assert.throws(() => decode64('azhzAAoPCgJ2MRIJQ29uZmlnTWFwEg0KAwoBZRIGCgFh'), /^WireError: unexpected EOF$/)
  assert.throws(() => decode64('azhzAA=='), /empty body/)
  assert.throws(() => decode('616263640a'), /does not appear to be a protobuf message/)
  assert.throws(() => decode64('azhzAAoPCgJ2MRIJQ29uZmlnTWFwEgP///8='), /unexpected EOF/)
})

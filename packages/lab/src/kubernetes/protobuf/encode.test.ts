import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinResources } from '../builtin/index.ts'
import { messageOfKind } from '../builtin/messages.ts'
import { decodeProtobuf } from './decode.ts'
import { encodeEvent, encodeProtobuf } from './encode.ts'

const encode = (object: Parameters<typeof encodeProtobuf>[0]): string =>
  Buffer.from(encodeProtobuf(object) ?? []).toString('base64')

test('fields without a pointer are written though they are empty, in the order of their numbers', () => {
  // As recorded from an API server.
  assert.equal(
    encode({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'configmaps "nosuch" not found',
      reason: 'NotFound',
      details: { name: 'nosuch', kind: 'configmaps' },
      code: 404,
    }),
    'azhzAAoMCgJ2MRIGU3RhdHVzElkKBgoAEgAaABIHRmFpbHVyZRodY29uZmlnbWFwcyAibm9zdWNoIiBub3QgZm91bmQiCE5vdEZvdW5kKhoKBm5vc3VjaBIAGgpjb25maWdtYXBzKAAyADCUAxoAIgA=',
  )
  assert.equal(
    encode({
      kind: 'DeploymentList',
      apiVersion: 'apps/v1',
      metadata: { resourceVersion: '1981' },
      items: [],
    }),
    'azhzAAoZCgdhcHBzL3YxEg5EZXBsb3ltZW50TGlzdBIMCgoKABIEMTk4MRoAGgAiAA==',
  )
})

test('an object comes back as it was: pointers to zero, quantities, times, raw JSON, schemas and unions', () => {
  const objects = [
    {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: { name: 'd', creationTimestamp: '2026-11-25T19:00:00Z', labels: { b: '2', a: '1' } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { a: '1' } },
        template: {
          metadata: {},
          spec: {
            volumes: [{ name: 'v', hostPath: { path: '/x' } }],
            containers: [
              {
                name: 'c',
                image: 'i',
                resources: { requests: { cpu: '100m' } },
                livenessProbe: { httpGet: { path: '/', port: 'web' }, initialDelaySeconds: 1 },
              },
            ],
            tolerations: [{ key: 'k', tolerationSeconds: 0 }],
          },
        },
        strategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: '25%' } },
      },
      status: {},
    },
    {
      kind: 'Lease',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: { name: 'l' },
      spec: { renewTime: '2026-11-25T19:00:00.123456Z', leaseTransitions: 0 },
    },
    {
      kind: 'CustomResourceDefinition',
      apiVersion: 'apiextensions.k8s.io/v1',
      metadata: { name: 'x' },
      spec: {
        group: 'g',
        names: { plural: 'x', kind: 'X' },
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                minimum: -1.5,
                default: { a: [null, 1] },
                properties: {
                  l: { type: 'array', items: { type: 'string' } },
                  m: { type: 'object', additionalProperties: { type: 'integer' } },
                  n: { type: 'object', additionalProperties: true, enum: ['a'] },
                },
              },
            },
          },
        ],
      },
      status: { conditions: [], acceptedNames: {}, storedVersions: [] },
    },
  ]
  for (const object of objects) {
    const back = decodeProtobuf(encodeProtobuf(object) ?? new Uint8Array(0))
    assert.deepEqual(encode(back), encode(object))
    for (const field of ['spec', 'metadata'] as const)
      assert.deepEqual(back[field], object[field], `${object.kind}.${field}`)
  }
})

test('a custom kind has no message; an event of a watch begins with its length', () => {
  assert.equal(encodeProtobuf({ kind: 'Machine', apiVersion: 'fochista.dev/v1', metadata: {} }), undefined)
  const frame = Buffer.from(encodeEvent('ADDED', { kind: 'ConfigMap', apiVersion: 'v1', metadata: {} }) ?? [])
  assert.equal(frame.readUInt32BE(0), frame.length - 4)
})

test('every built-in kind and its list have a message: no client that asks for protobuf gets something else', () => {
  for (const { group, version, kind, listKind, verbs } of builtinResources) {
    assert.notEqual(messageOfKind(group, version, kind), undefined, `${group}/${version} ${kind}`)
    if (verbs.includes('list'))
      assert.notEqual(messageOfKind(group, version, listKind), undefined, `${group}/${version} ${listKind}`)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Node } from '@fochista/kubernetes'
import { keepOfNode } from './keep-of-node.ts'

const node = (more: object): Node =>
  ({ kind: 'Node', apiVersion: 'v1', metadata: { name: 'a' }, ...more }) as Node

test('of a Node what we read is kept, and nothing else', () => {
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'KubeletReady',
    message: 'm',
    lastTransitionTime: 't',
  }
  const kept = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'a',
      uid: 'u',
      resourceVersion: '7',
      creationTimestamp: 'c',
      annotations: { 'fochista.dev/applied': '{}' },
    },
    spec: {
      providerID: 'proxmox://dc1/412',
      unschedulable: true,
      taints: [{ key: 'a', value: 'b', effect: 'NoSchedule' }],
    },
    status: {
      conditions: [ready],
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      nodeInfo: { bootID: 'b' },
    },
  }
  const given = {
    ...kept,
    metadata: {
      ...kept.metadata,
      labels: { a: 'b' },
      managedFields: [{}],
      annotations: { ...kept.metadata.annotations, other: 'x' },
    },
    status: {
      ...kept.status,
      images: [{ names: ['i'] }],
      nodeInfo: { bootID: 'b', kubeletVersion: 'v1.30.4' },
      conditions: [{ type: 'DiskPressure', status: 'False' }, ready],
    },
  }
  assert.deepEqual(keepOfNode(node(given)), kept)
})

test('a field of another type counts as absent, and whatever is long is cut', () => {
  const bare = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a' },
    spec: {},
    status: { conditions: [], addresses: [] },
  }
  for (const hostile of [
    { spec: 'x', status: 7 },
    { spec: [], status: null },
    { status: { nodeInfo: { bootID: 7 } } },
    {
      spec: { taints: 'x', providerID: {}, unschedulable: 'yes' },
      status: { conditions: {}, addresses: 'x' },
    },
    { spec: { taints: [null, 7, { key: 7, effect: 'x' }, { key: 'a', effect: 'NoSchedule', value: 7 }] } },
    { status: { conditions: [{ type: 'Ready', status: 'Maybe' }], addresses: [{ type: 7, address: 'x' }] } },
    { metadata: { name: 'a', uid: 7, annotations: { 'fochista.dev/applied': {} } } },
  ])
    assert.deepEqual(keepOfNode(node(hostile)), bare, JSON.stringify(hostile))
  const long = 'x'.repeat(5_000_000)
  const taint = { key: 'a', effect: 'NoSchedule' }
  const kept = keepOfNode(
    node({
      metadata: { name: 'a', uid: long, annotations: { 'fochista.dev/applied': long } },
      spec: { providerID: long, taints: Array.from({ length: 10_000 }, () => taint) },
      status: {
        conditions: [{ type: 'Ready', status: 'False', message: long }],
        nodeInfo: { bootID: long },
      },
    }),
  )
  assert.ok(JSON.stringify(kept).length < 10_000)
  for (const name of ['../../etc', 'A', '', 'a/b', 'a\nb', 'x'.repeat(254)])
    assert.throws(() => keepOfNode(node({ metadata: { name } })), /a name that no Node can have/)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BootstrapError } from './error.ts'
import { splitLabels } from './labels.ts'

test('labels that the kubelet would end at are left for after the join', () => {
  const kubelet = [
    'tier',
    'example.com/tier',
    'notkubernetes.io/x',
    'topology.kubernetes.io/zone',
    'node.kubernetes.io/pool',
    'a.node.kubernetes.io/x',
    'kubelet.kubernetes.io/x',
  ]
  const afterJoin = [
    'node-role.kubernetes.io/worker',
    'node-restriction.kubernetes.io/x',
    'kubernetes.io/foo',
    'k8s.io/q',
    'x.k8s.io/y',
  ]
  const all = Object.fromEntries([...kubelet, ...afterJoin].map((key) => [key, '']))
  const split = splitLabels(all)
  assert.deepEqual(Object.keys(split.kubelet), kubelet)
  assert.deepEqual(Object.keys(split.afterJoin), afterJoin)
})

test('what is no label is refused by name', () => {
  const refused: Record<string, string>[] = [
    { 'a b': '' },
    { 'a/b/c': '' },
    { a: 'b c' },
    { a: 'b,node-role.kubernetes.io/x=' },
    { a: '"\n' },
  ]
  for (const labels of refused) assert.throws(() => splitLabels(labels), BootstrapError)
})

test('no labels are no labels', () => {
  assert.deepEqual(splitLabels(undefined), { kubelet: {}, afterJoin: {} })
})

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isTenantRefused } from '../errors.ts'
import { serveApi, testdata } from '../test-server.ts'
import { addonsWithoutNode } from './addons.ts'
import { pickKubeletFields, readJoinData } from './join-data.ts'

const shared =
  process.env['FOCHISTA_RECORDINGS'] ?? join(import.meta.dirname, '..', '..', '..', '..', '..', 'shared')
const variants = join(shared, 'kamaji', 'transcripts-kamaji', 'tenant-variants.json')
const skip = existsSync(variants) ? false : 'NEEDS the recorded exchanges of Kamaji (FOCHISTA_RECORDINGS)'

const kubelet =
  'clusterDNS: [10.96.0.10]\nclusterDomain: cluster.local\ncgroupDriver: systemd\nstaticPodPath: /etc/kubernetes/manifests\n'

test('a worker is told server, CA, DNS, domain, cgroup driver and version', async (t) => {
  const api = await serveApi(t)
  api.objects.set('/api/v1/namespaces/kube-system/configmaps/kubelet-config', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kubelet-config', namespace: 'kube-system' },
    data: { kubelet },
  })
  api.objects.set('/version', { gitVersion: 'v1.30.0' } as never)
  assert.deepEqual(await readJoinData(api.kubernetes), {
    server: api.url,
    caPem: testdata('ca.crt'),
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    cgroupDriver: 'systemd',
    version: 'v1.30.0',
  })
  api.objects.set('/version', { gitVersion: 'v1.30.0$(reboot)' } as never)
  await assert.rejects(readJoinData(api.kubernetes), isTenantRefused)
})

test('what a tenant wrote into kubelet-config is refused unless it is what it must be', () => {
  const hostile = [
    undefined,
    'a: [',
    'x'.repeat(70_000),
    'clusterDNS: []',
    'clusterDNS: "10.0.0.1"',
    'clusterDNS: ["10.0.0.1; reboot"]',
    'clusterDNS: ["fe80::1%eth0"]',
    'clusterDNS: [1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1]',
    `${kubelet}clusterDomain: "a b"\n`.replace('clusterDomain: cluster.local\n', ''),
    kubelet.replace('systemd', '"$(reboot)"'),
    'a: &a x\nclusterDNS: [*a]',
  ]
  for (const text of hostile) assert.throws(() => pickKubeletFields(text), isTenantRefused, text)
})

test('the recorded kubelet-config of every kind of control plane is understood', { skip }, () => {
  const recorded = JSON.parse(readFileSync(variants, 'utf8')) as Record<
    string,
    Record<string, { kubelet?: string } | undefined>
  >
  let count = 0
  for (const [name, objects] of Object.entries(recorded)) {
    const text = objects['kubelet-config']?.kubelet
    if (text === undefined) continue
    const fields = pickKubeletFields(text)
    assert.ok(fields.clusterDNS.length > 0 && fields.clusterDomain, name)
    count += 1
  }
  assert.ok(count >= 5, `${count} configurations`)
})

test('an add-on that no node accepts is named; without nodes nothing is', async (t) => {
  const api = await serveApi(t)
  const addon = (path: string, spec: object) => {
    const name = path.split('/').at(-1) ?? ''
    api.objects.set(path, {
      apiVersion: 'apps/v1',
      kind: path.includes('/daemonsets/') ? 'DaemonSet' : 'Deployment',
      metadata: { name, namespace: 'kube-system' },
      spec: { template: { spec } },
    })
  }
  addon('/apis/apps/v1/namespaces/kube-system/deployments/coredns', {
    tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
    nodeSelector: { 'kubernetes.io/os': 'linux' },
  })
  addon('/apis/apps/v1/namespaces/kube-system/daemonsets/konnectivity-agent', {
    tolerations: [{ operator: 'Exists' }],
  })
  const setNode = (taints: object[], labels = { 'kubernetes.io/os': 'linux' }) =>
    api.objects.set('/api/v1/nodes/a', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'a', labels },
      spec: { taints },
    })
  assert.deepEqual(await addonsWithoutNode(api.kubernetes), [])
  setNode([{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }])
  assert.deepEqual(await addonsWithoutNode(api.kubernetes), ['coredns'])
  setNode([
    { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' },
    { key: 'soft', effect: 'PreferNoSchedule' },
  ])
  assert.deepEqual(await addonsWithoutNode(api.kubernetes), [])
  setNode([], { 'kubernetes.io/os': 'windows' })
  assert.deepEqual(await addonsWithoutNode(api.kubernetes), ['coredns'])
})

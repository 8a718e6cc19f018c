import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse, stringify } from 'yaml'
import { eventually, startBench } from '../harness.ts'
import { ask, createCluster, machinesOf } from '../chaos/world.ts'

const bench = await startBench()
const secretPath = '/api/v1/namespaces/default/secrets/hostile-admin-kubeconfig'
const clusterPath = '/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes/hostile'

interface Kubeconfig {
  clusters: { name: string; cluster: Record<string, unknown> }[]
  users: { name: string; user: Record<string, unknown> }[]
}

/** What a tenant puts into the Secret that its own control plane's kubeconfig is in, and the words by which it is refused. */
const attempts: readonly {
  readonly name: string
  readonly change: (config: Kubeconfig) => void
  readonly says: RegExp
}[] = [
  {
    name: 'a program to run',
    change: ({ users }) =>
      set(users[0]?.user, {
        exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/bin/sh', args: ['-c', 'id'] },
      }),
    says: /exec/,
  },
  {
    name: 'an auth provider',
    change: ({ users }) => set(users[0]?.user, { 'auth-provider': { name: 'oidc' } }),
    says: /auth-provider/,
  },
  {
    name: 'a token file',
    change: ({ users }) =>
      set(users[0]?.user, { tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' }),
    says: /tokenFile/,
  },
  {
    name: 'a key file',
    change: ({ users }) => set(users[0]?.user, { 'client-key': '/etc/kubernetes/pki/ca.key' }),
    says: /client-key/,
  },
  {
    name: 'a CA file',
    change: ({ clusters }) =>
      set(clusters[0]?.cluster, { 'certificate-authority': '/etc/ssl/certs/ca-certificates.crt' }),
    says: /certificate-authority/,
  },
  {
    name: 'a proxy',
    change: ({ clusters }) => set(clusters[0]?.cluster, { 'proxy-url': 'http://192.0.2.1:3128' }),
    says: /proxy-url/,
  },
  {
    name: 'no verification',
    change: ({ clusters }) => set(clusters[0]?.cluster, { 'insecure-skip-tls-verify': true }),
    says: /insecure-skip-tls-verify/,
  },
  {
    name: 'another server name',
    change: ({ clusters }) => set(clusters[0]?.cluster, { 'tls-server-name': 'kubernetes.default' }),
    says: /tls-server-name/,
  },
  {
    name: 'another server',
    change: ({ clusters }) => set(clusters[0]?.cluster, { server: bench.environment['KAMAJI_URL'] }),
    says: /its server is /,
  },
]

test('a kubeconfig in a Secret is data: whatever else a tenant writes into it is refused by name', async (t) => {
  await createCluster(bench, 'hostile', 1)
  const text = await eventually('the control plane has a kubeconfig', 60_000, async () => {
    const { data } = (await ask(bench, 'GET', secretPath)) as { data: Record<string, string> }
    assert.match(JSON.stringify(await ask(bench, 'GET', clusterPath)), /"status":"Ready"/)
    return Buffer.from(data['admin.conf'] ?? '', 'base64').toString()
  })
  // Kamaji would write its own back at once.
  await ask(bench, 'PATCH', clusterPath, { metadata: { annotations: { 'kamaji.clastix.io/paused': '' } } })
  for (const { name, change, says } of attempts)
    await t.test(name, async () => {
      const config = parse(text) as Kubeconfig
      change(config)
      const forged = Buffer.from(stringify(config)).toString('base64')
      await ask(bench, 'PATCH', secretPath, { data: { 'admin.conf': forged } })
      // What was refused before is not asked again for a while: other controllers begin anew.
      const stop = await bench.serve({ args: ['--no-leader-election'] })
      try {
        await eventually(`it is refused: ${says}`, 45_000, async () => {
          const said = (await machinesOf(bench)).flatMap(({ status }) => status?.conditions ?? [])
          const refusal = said.find(({ reason }) => reason === 'ClusterRefused')
          assert.match(refusal?.message ?? JSON.stringify(said), says)
        })
      } finally {
        await stop()
      }
    })
  await ask(bench, 'PATCH', secretPath, { data: { 'admin.conf': Buffer.from(text).toString('base64') } })
  await ask(bench, 'PATCH', clusterPath, { metadata: { annotations: { 'kamaji.clastix.io/paused': null } } })
  const stop = await bench.serve({ args: ['--no-leader-election'] })
  await eventually('with its own kubeconfig it joins', 60_000, async () => {
    const [machine] = await machinesOf(bench)
    assert.ok(machine?.status?.conditions?.some(({ type, status }) => type === 'Joined' && status === 'True'))
  })
  await stop()
})

function set(part: Record<string, unknown> | undefined, fields: Record<string, unknown>): void {
  assert.ok(part)
  Object.assign(part, fields)
}

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { call } from '../back-ends.ts'
import { eventually, example, has, startBench, type Outcome } from '../harness.ts'

const bench = await startBench()
const system = 'fochista-system'

/** A kubeconfig of a service account's token, as a Pod would have it. */
async function kubeconfigOf(account: string): Promise<string> {
  const token = (await bench.kubectl('-n', system, 'create', 'token', account)).trim()
  const file = join(bench.folder, `${account}.kubeconfig`)
  const admin = JSON.parse(await bench.kubectl('config', 'view', '--raw', '-o', 'json')) as {
    users: { name: string; user: unknown }[]
  }
  for (const one of admin.users) one.user = { token }
  await writeFile(file, JSON.stringify(admin), { mode: 0o600 })
  return file
}

test('the controllers, with their service account’s rights only, make a worker and take it away; and are seen at it', async (t) => {
  if (!has(t, 'kubectl')) return
  const KUBECONFIG = await kubeconfigOf('fochista')
  const stopServing = await bench.serve({ env: { KUBECONFIG }, args: ['--health-port', '0'] })
  const [, port] = /http:\/\/localhost:(\d+)\/readyz/.exec(stopServing.said()) ?? []
  await bench.ok(
    'cluster',
    'create',
    '-f',
    example('tenant-test.yaml'),
    '--pool',
    'workers=1',
    '--apply',
    example('network.yaml'),
    '--timeout',
    '10m',
  )
  const read = async (path: string): Promise<string> => {
    const answer = await fetch(`http://127.0.0.1:${port}/${path}`)
    assert.equal(answer.status, 200)
    return answer.text()
  }
  assert.equal(await read('readyz'), 'ok\n')
  await eventually('metrics and Events tell of the worker', 60_000, async () => {
    const metrics = await read('metrics')
    for (const line of [
      /^fochista_leader 1$/m,
      /^fochista_informer_synced\{kind="machines"\} 1$/m,
      /^fochista_machines\{phase="Ready"\} 1$/m,
      /^fochista_reconcile_total\{controller="machine",result="ok"\} [1-9]/m,
      /^fochista_proxmox_requests_total\{proxmox="lab",method="POST",code="200"\} [1-9]/m,
      /^fochista_queue_length\{controller="node-pool"\} \d/m,
    ])
      assert.match(metrics, line)
    const events = await bench.kubectl('get', 'events', '-A', '-o', 'jsonpath={.items[*].reason}')
    assert.match(events, /Cloned|Ready|Joined/)
  })
  // Every call that was refused would stand here: the rights that doctor prints are enough.
  assert.doesNotMatch(await read('metrics'), /code="403"/)
  await bench.ok('cluster', 'delete', 'tenant-test', '--timeout', '10m')
  await stopServing()
})

test('the controllers may get Secrets and neither list nor watch them', async (t) => {
  if (!has(t, 'kubectl')) return
  const as = `--as=system:serviceaccount:${system}:fochista`
  for (const [verb, expected] of [
    ['get', 'yes'],
    ['list', 'no'],
    ['watch', 'no'],
    ['create', 'no'],
    ['delete', 'no'],
  ] as const) {
    const { stdout } = await bench.run('kubectl', ['auth', 'can-i', verb, 'secrets', '-n', 'default', as])
    assert.equal(stdout.trim(), expected, `${verb} secrets`)
  }
  const { stdout } = await bench.run('kubectl', [
    'auth',
    'can-i',
    'patch',
    'tenantcontrolplanes.kamaji.clastix.io',
    '-A',
    as,
  ])
  assert.equal(stdout.trim(), 'no')
})

test('with --namespaces they get Secrets of those and of no other; credentials of Proxmox stay where they are', async (t) => {
  if (!has(t, 'kubectl')) return
  await bench.kubectl('create', 'namespace', 'team-a')
  await bench.ok('install', '--namespaces', 'team-a')
  const may = async (namespace: string): Promise<string> =>
    (
      await bench.run('kubectl', [
        'auth',
        'can-i',
        'get',
        'secrets',
        '-n',
        namespace,
        `--as=system:serviceaccount:${system}:fochista`,
      ])
    ).stdout.trim()
  assert.deepEqual(
    [await may('team-a'), await may(system), await may('default'), await may('kube-system')],
    ['yes', 'yes', 'no', 'no'],
  )
  await bench.ok('install')
  assert.equal(await may('kube-system'), 'yes')
})

test('a tenant’s admin has pools, a viewer looks, and neither reaches Proxmox or another namespace', async (t) => {
  if (!has(t, 'kubectl')) return
  const as = async (user: string, ...args: string[]): Promise<Outcome> =>
    bench.run('kubectl', [...args, '--as', user])
  for (const [user, role] of [
    ['ada', 'fochista-tenant-admin'],
    ['vera', 'fochista-tenant-viewer'],
  ] as const)
    await bench.kubectl(
      '-n',
      'team-a',
      'create',
      'rolebinding',
      user,
      `--clusterrole=${role}`,
      `--user=${user}`,
    )
  const may = async (user: string, verb: string, what: string, namespace = 'team-a'): Promise<boolean> =>
    (await as(user, 'auth', 'can-i', verb, what, '-n', namespace)).stdout.trim() === 'yes'
  const expected: [verb: string, what: string, ada: boolean, vera: boolean][] = [
    ['create', 'nodepools.fochista.dev', true, false],
    ['list', 'nodepools.fochista.dev', true, true],
    ['patch', 'nodepools.fochista.dev/scale', true, false],
    ['create', 'machines.fochista.dev', false, false],
    ['patch', 'machines.fochista.dev', false, false],
    ['patch', 'machines.fochista.dev/status', false, false],
    ['delete', 'machines.fochista.dev', true, false],
    ['list', 'machines.fochista.dev', true, true],
    ['create', 'tenantcontrolplanes.kamaji.clastix.io', true, false],
    ['get', 'secrets', true, false],
    ['list', 'secrets', false, false],
    ['list', 'machineclasses.fochista.dev', true, true],
    ['create', 'machineclasses.fochista.dev', false, false],
    ['get', 'proxmoxclusters.fochista.dev', false, false],
  ]
  for (const [verb, what, ada, vera] of expected) {
    assert.equal(await may('ada', verb, what), ada, `ada: ${verb} ${what}`)
    assert.equal(await may('vera', verb, what), vera, `vera: ${verb} ${what}`)
  }
  for (const namespace of ['default', system])
    for (const user of ['ada', 'vera'])
      assert.equal(await may(user, 'list', 'nodepools.fochista.dev', namespace), false)
  const refused = await as('ada', '-n', system, 'get', 'secret', 'proxmox-lab')
  assert.match(
    refused.stderr,
    /Error from server \(Forbidden\): secrets "proxmox-lab" is forbidden: User "ada" cannot get resource "secrets"/,
  )
})

test('the Deployment of install --controllers is taken by a server that checks each field, and its pods run as nobody', async (t) => {
  if (!has(t, 'kubectl')) return
  const manifests = await bench.ok(
    'install',
    '--controllers',
    '--image',
    'registry.example/fochista:1',
    '--dry-run',
  )
  const checked = await bench.run('kubectl', ['apply', '--dry-run=server', '--validate=strict', '-f', '-'], {
    input: manifests,
  })
  assert.equal(checked.code, 0, checked.stderr)
  assert.match(checked.stdout, /deployment.apps\/fochista-controllers created \(server dry run\)/)
  await bench.ok('install', '--controllers', '--image', 'registry.example/fochista:1')
  await eventually('two pods are there', 20_000, async () => {
    const { body } = await call(bench, 'kubernetes', 'GET', `/api/v1/namespaces/${system}/pods`)
    const pods = (
      body as {
        items: {
          spec: {
            serviceAccountName: string
            securityContext: object
            containers: { securityContext: object }[]
          }
        }[]
      }
    ).items
    assert.equal(pods.length, 2)
    for (const { spec } of pods) {
      assert.equal(spec.serviceAccountName, 'fochista')
      assert.deepEqual((spec.securityContext as { runAsNonRoot: boolean }).runAsNonRoot, true)
      assert.deepEqual(spec.containers[0]?.securityContext, {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        readOnlyRootFilesystem: true,
      })
    }
  })
})

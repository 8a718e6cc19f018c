import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { call } from '../back-ends.ts'
import { eventually, example, startBench, type Outcome } from '../harness.ts'

// What a tenant may not have, asked for in every way there is: by command, by manifest, by an edit after the fact; and what a tenant does
// to its own cluster while machines are on their way to it.

const bench = await startBench()
const namespace = 'team-a'
const inNamespace = (name: string): string => `/apis/fochista.dev/v1alpha1/namespaces/${name}`
const ours = inNamespace(namespace)
const classPath = '/apis/fochista.dev/v1alpha1/machineclasses/bounded'

interface Condition {
  type: string
  status: string
  reason: string
  message: string
}
interface Thing {
  metadata: { name: string; deletionTimestamp?: string; uid?: string }
  spec: { nodePoolName?: string; vmid?: number; proxmoxCluster?: string }
  status?: { conditions?: Condition[]; readyReplicas?: number }
}

let token = ''
/** As the tenant, unless `asOperator`. */
async function ask(
  method: string,
  path: string,
  body?: object,
  { asOperator = false, expect = 'success' as number | 'success' } = {},
): Promise<unknown> {
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  const answer = await call(bench, 'kubernetes', method, path, {
    headers: { 'content-type': type, ...(asOperator ? {} : { authorization: `Bearer ${token}` }) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const isExpected = expect === 'success' ? answer.status < 300 : answer.status === expect
  assert.ok(isExpected, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}
const listOf = async (path: string): Promise<Thing[]> =>
  ((await ask('GET', path)) as { items: Thing[] }).items
const machinesOf = async (pool: string): Promise<Thing[]> =>
  (await listOf(`${ours}/machines`)).filter(({ spec }) => spec.nodePoolName === pool)
const makePool = (
  name: string,
  spec: object,
  where = namespace,
  expect: number | 'success' = 'success',
): Promise<unknown> =>
  ask(
    'POST',
    `${inNamespace(where)}/nodepools`,
    {
      apiVersion: 'fochista.dev/v1alpha1',
      kind: 'NodePool',
      metadata: { name },
      spec: { clusterName: 'team', ...spec },
    },
    { expect, asOperator: where !== namespace },
  )
const editPool = (name: string, spec: object): Promise<unknown> =>
  ask('PATCH', `${ours}/nodepools/${name}`, { spec })
const editClass = (spec: object): Promise<unknown> => ask('PATCH', classPath, { spec }, { asOperator: true })

/** Waits until a pool is refused in these words, in its condition and in an Event. */
async function requireRefused(pool: string, message: string | RegExp, where = namespace): Promise<void> {
  const said = (text: string): boolean =>
    typeof message === 'string' ? text.includes(message) : message.test(text)
  await eventually(`pool ${pool} is refused: ${message}`, 30_000, async () => {
    const { status } = (await ask('GET', `${inNamespace(where)}/nodepools/${pool}`, undefined, {
      asOperator: true,
    })) as Thing
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    assert.deepEqual([ready?.status, ready?.reason], ['False', 'NotAllowed'], ready?.message)
    assert.ok(said(ready?.message ?? ''), ready?.message)
    const events = (await ask('GET', `/api/v1/namespaces/${where}/events`, undefined, {
      asOperator: true,
    })) as {
      items: {
        reason: string
        message: string
        type: string
        involvedObject?: { name: string }
        regarding?: { name: string }
      }[]
    }
    assert.ok(
      events.items.some(
        ({ reason, type, involvedObject, regarding }) =>
          reason === 'NotAllowed' && type === 'Warning' && (involvedObject ?? regarding)?.name === pool,
      ),
      'no Event',
    )
  })
}
const refusedBy = (outcome: Outcome, message: RegExp): void => {
  assert.equal(outcome.code, 1, outcome.stdout + outcome.stderr)
  assert.match(outcome.stderr, message)
}
const tenantCommand = (...args: string[]): Promise<Outcome> => bench.fochista(...args, '-n', namespace)

const bounded = `apiVersion: fochista.dev/v1alpha1
kind: MachineClass
metadata: { name: bounded }
spec:
  proxmoxClusterName: lab
  allowedNamespaces: { matchLabels: { team: a } }
  template: { tags: [kubelet-v1.30.4] }
  storage: local-lvm
  isoStorage: local
  networks: [{ bridge: vmbr0 }]
  cores: { default: 1, max: 2 }
  memory: { default: 1Gi, max: 2Gi }
  disk: { default: 10Gi, max: 20Gi }
  quota: { machines: 3, cores: 4 }
`

test('what a tenant may not have is refused by command, condition and Event, and what it has stays', async (t) => {
  for (const name of [namespace, 'team-b']) await bench.kubectl('create', 'namespace', name)
  await bench.kubectl('label', 'namespace', namespace, 'team=a')
  const file = join(bench.folder, 'bounded.yaml')
  await writeFile(file, bounded)
  await bench.kubectl('apply', '-f', file)
  await bench.grant(namespace)
  token = (await bench.ok('token', 'create', 'tenant', '--role', 'admin', '-n', namespace)).trim()
  const stop = await bench.serve()

  await t.test(
    'a pool is refused before it is made, with field, value and rule, and exit code 1',
    async () => {
      const create = (...args: string[]): Promise<Outcome> =>
        tenantCommand('pool', 'create', 'p', '--cluster', 'team', '--class', 'bounded', ...args)
      const much = await create('--cores', '8', '--memory', '16Gi', '--disk', '1Ti')
      refusedBy(much, /spec\.cores: 8: class "bounded" allows at most 2/)
      refusedBy(much, /spec\.memory: "16Gi": class "bounded" allows at most 2Gi/)
      refusedBy(much, /spec\.disk: "1Ti": class "bounded" allows at most 20Gi/)
      const little = await create('--memory', '1', '--node-label', 'kubernetes.io/hostname=x')
      refusedBy(little, /spec\.memory: "1": must be at least 512Mi/)
      refusedBy(little, /spec\.node\.labels\[kubernetes\.io\/hostname\]: "x"/)
      refusedBy(
        await create('--replicas', '4'),
        /spec\.replicas: 4: class "bounded" allows a namespace at most 3 machines/,
      )
      refusedBy(
        await create('--replicas', '3', '--cores', '2'),
        /spec\.cores: 2: class "bounded" allows a namespace at most 4 cores/,
      )
      refusedBy(
        await bench.fochista(
          'pool',
          'create',
          'p',
          '--cluster',
          'team',
          '--class',
          'bounded',
          '-n',
          'team-b',
        ),
        /spec\.className: "bounded": class "bounded" does not allow namespace "team-b"/,
      )
      refusedBy(
        await tenantCommand(
          'cluster',
          'create',
          'other',
          '--version',
          'v1.30.0',
          '--pool',
          'p=9',
          '--class',
          'bounded',
        ),
        /spec\.replicas: 9: class "bounded" allows a namespace at most 3 machines/,
      )
      assert.deepEqual(await listOf(`${ours}/nodepools`), [])
    },
  )

  await t.test('names, labels and fields that would break out of anything are no pool at all', async () => {
    for (const name of [
      'a b',
      'a\nb',
      'a"b',
      '../a',
      'a,b=c',
      'a;b',
      'A',
      `${'a'.repeat(60)}`,
      'a.b',
      '$(x)',
    ])
      await makePool(name, { className: 'bounded' }, namespace, 422)
    for (const spec of [
      { clusterName: 'a"b' },
      { className: '../x' },
      { version: 'v1.30.4; reboot' },
      { memory: '1Gi,media=cdrom' },
      { bootstrap: { users: [{ name: 'root:x' }] } },
      { bootstrap: { files: [{ path: 'etc/passwd', content: '' }] } },
      { bootstrap: { files: [{ path: '/a' }] } },
      { node: { taints: [{ key: 'a"b', effect: 'NoSchedule' }] } },
    ])
      await makePool('p', { className: 'bounded', ...spec }, namespace, 422)
  })

  await t.test('past the command the controllers refuse the same, and make nothing', async () => {
    await bench.ok(
      'cluster',
      'create',
      'team',
      '--version',
      'v1.30.0',
      '-n',
      namespace,
      '--apply',
      example('network.yaml'),
      '--timeout',
      '10m',
    )
    await makePool('big', { className: 'bounded', cores: 8 })
    await makePool('mirror', {
      className: 'bounded',
      bootstrap: { registryMirrors: [{ registry: '..', endpoints: ['http://é'] }] },
    })
    await makePool('foreign', { className: 'bounded' }, 'team-b')
    await requireRefused('big', 'spec.cores: 8: class "bounded" allows at most 2')
    await requireRefused(
      'mirror',
      'spec.bootstrap.registryMirrors[0].registry: "..": is not the name of a registry',
    )
    await ask(
      'POST',
      '/apis/kamaji.clastix.io/v1alpha1/namespaces/team-b/tenantcontrolplanes',
      {
        apiVersion: 'kamaji.clastix.io/v1alpha1',
        kind: 'TenantControlPlane',
        metadata: { name: 'team' },
        spec: {
          controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
          kubernetes: { version: 'v1.30.0', kubelet: { cgroupfs: 'systemd' } },
        },
      },
      { asOperator: true },
    )
    await requireRefused('foreign', 'class "bounded" does not allow namespace "team-b"', 'team-b')
    assert.deepEqual(await listOf(`${ours}/machines`), [])
    for (const pool of ['big', 'mirror']) await ask('DELETE', `${ours}/nodepools/${pool}`)
  })

  await t.test('two pools scaled at once never exceed the quota of their namespace', async () => {
    await Promise.all(
      ['one', 'two'].map((name) =>
        makePool(name, { className: 'bounded', replicas: 1, health: { unhealthyAfter: '5s' } }),
      ),
    )
    await Promise.all(['one', 'two'].map((name) => editPool(name, { replicas: 3 })))
    const full = await eventually('the quota is used up', 60_000, async () => {
      const machines = await listOf(`${ours}/machines`)
      assert.equal(machines.length, 3)
      return machines
    })
    for (const name of ['one', 'two']) {
      const own = full.filter(({ spec }) => spec.nodePoolName === name).length
      if (own < 3)
        await requireRefused(
          name,
          'spec.replicas: 3: class "bounded" allows a namespace at most 3 machines in all',
        )
    }
    // What one pool gives back is the other's.
    await editPool('two', { replicas: 0 })
    await eventually('the other pool has it', 60_000, async () =>
      assert.equal((await machinesOf('one')).filter(isReady).length, 3),
    )
  })

  await t.test(
    'an edit after the fact, and a class that shrinks, take nothing away from what runs',
    async () => {
      const uidsOf = async (): Promise<Set<string | undefined>> =>
        new Set((await machinesOf('one')).map(({ metadata }) => metadata.uid))
      const before = await uidsOf()
      await editPool('one', { cores: 64 })
      await requireRefused('one', 'spec.cores: 64: class "bounded" allows at most 2')
      await editPool('one', { cores: null })
      await editClass({ memory: { default: '1Gi', max: '512Mi' }, quota: { machines: 1 } })
      await requireRefused(
        'one',
        'class "bounded" cannot be used: spec.memory.default: "1Gi": must not be more than max',
      )
      await editClass({ memory: { default: '1Gi', max: '2Gi' } })
      await requireRefused(
        'one',
        'spec.replicas: 3: class "bounded" allows a namespace at most 1 machines in all. What runs stays.',
      )
      await bench.kubectl('label', 'namespace', namespace, 'team-')
      await requireRefused('one', 'class "bounded" does not allow namespace "team-a"')
      assert.deepEqual(await uidsOf(), before)
      await bench.kubectl('label', 'namespace', namespace, 'team=a')
      await editClass({ quota: { machines: 4, cores: 8 } })
      await eventually('the pool is as it was', 30_000, async () => {
        const { status } = (await ask('GET', `${ours}/nodepools/one`)) as Thing
        assert.equal(status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True')
      })
    },
  )

  await t.test('a file of another namespace’s Secret is none', async () => {
    await ask(
      'POST',
      '/api/v1/namespaces/team-b/secrets',
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'theirs' }, stringData: { key: 'secret' } },
      { asOperator: true },
    )
    await editPool('two', {
      replicas: 1,
      bootstrap: { files: [{ path: '/etc/theirs', secretRef: { name: 'theirs', key: 'key' } }] },
    })
    await eventually('its machine says so', 30_000, async () => {
      const [machine] = await machinesOf('two')
      const said = machine?.status?.conditions?.find(({ type }) => type === 'Seeded')
      assert.deepEqual(
        [said?.reason, /theirs\/key" is no key of a Secret of the namespace/.test(said?.message ?? '')],
        ['NotAllowed', true],
      )
    })
    await editPool('two', { replicas: 0, bootstrap: null })
  })

  await t.test('a Node that claims another machine’s provider id or name changes nothing', async () => {
    const [victim, other] = await machinesOf('one')
    assert.ok(victim && other)
    const tenant = await tenantOf()
    const providerID = `proxmox://${victim.spec.proxmoxCluster}/${victim.spec.vmid}`
    await tenant('POST', '/api/v1/nodes', {
      kind: 'Node',
      apiVersion: 'v1',
      metadata: { name: 'impostor' },
      spec: { providerID },
    })
    // A Node of a machine's name that is not its own: the machine is not what the tenant says it is.
    await tenant('DELETE', `/api/v1/nodes/${other.metadata.name}`)
    await tenant('POST', '/api/v1/nodes', {
      kind: 'Node',
      apiVersion: 'v1',
      metadata: { name: other.metadata.name },
      spec: { providerID },
    })
    await eventually('the machine says whose name it is', 30_000, async () => {
      const said = (await machinesOf('one')).find(({ metadata }) => metadata.name === other.metadata.name)
        ?.status?.conditions
      assert.match(JSON.stringify(said?.filter(({ status }) => status !== 'True')), /NodeNameTaken|NodeGone/)
    })
    await eventually('the victim is Ready', 30_000, async () => {
      const now = (await machinesOf('one')).find(({ metadata }) => metadata.name === victim.metadata.name)
      assert.ok(now && isReady(now), JSON.stringify(now?.status?.conditions))
    })
    await tenant('DELETE', `/api/v1/nodes/${other.metadata.name}`)
    await tenant('DELETE', '/api/v1/nodes/impostor')
    await eventually('it joins anew', 60_000, async () =>
      assert.equal((await machinesOf('one')).filter(isReady).length, 3),
    )
  })

  await t.test(
    'a tenant that deletes tokens, requests, Nodes and configuration only delays its own machines',
    async () => {
      const tenant = await tenantOf()
      await editPool('two', { replicas: 1 })
      const end = Date.now() + 5000
      while (Date.now() < end) {
        for (const path of [
          '/api/v1/namespaces/kube-system/configmaps/kubelet-config',
          '/api/v1/namespaces/kube-public/configmaps/cluster-info',
        ])
          await tenant('DELETE', path, undefined, true)
        for (const [path, isMeant] of [
          ['/api/v1/namespaces/kube-system/secrets', (name: string) => name.startsWith('bootstrap-token-')],
          ['/apis/certificates.k8s.io/v1/certificatesigningrequests', () => true],
          ['/api/v1/nodes', (name: string) => name.startsWith('two-')],
        ] as const)
          for (const { metadata } of ((await tenant('GET', path)) as { items: Thing[] }).items)
            if (isMeant(metadata.name)) await tenant('DELETE', `${path}/${metadata.name}`, undefined, true)
      }
      await eventually('its machine is Ready all the same', 90_000, async () => {
        const machines = await machinesOf('two')
        assert.equal(
          machines.filter(isReady).length,
          1,
          JSON.stringify(machines.map(({ status }) => status?.conditions)),
        )
      })
    },
  )
  await stop()
})

const isReady = ({ status }: Thing): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false

/** The tenant cluster, through the kubeconfig that everybody gets. */
async function tenantOf(): Promise<
  (method: string, path: string, body?: object, missing?: boolean) => Promise<unknown>
> {
  const { connectionFromKubeconfig, createKubernetes, isNotFound } = (await import(
    new URL('../../packages/kubernetes/src/index.ts', import.meta.url).href
  )) as {
    connectionFromKubeconfig: (text: string) => Promise<object>
    createKubernetes: (connection: object) => {
      request: (method: string, path: string, options: object) => Promise<unknown>
    }
    isNotFound: (error: unknown) => boolean
  }
  const text = await bench.ok('cluster', 'kubeconfig', 'team', '-n', namespace)
  const tenant = createKubernetes(await connectionFromKubeconfig(text))
  return async (method, path, body, missing = false) => {
    try {
      return await tenant.request(method, path, body ? { body } : {})
    } catch (error) {
      if (missing && isNotFound(error)) return undefined
      throw error
    }
  }
}

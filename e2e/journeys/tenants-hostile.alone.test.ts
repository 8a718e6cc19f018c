import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { call } from '../back-ends.ts'
import { eventually, example, startBench } from '../harness.ts'
import { behaviours, startHostileServer, type HostileServer } from './tenants-servers.ts'

// A tenant's API server is whatever the tenant makes it. Here a tenant named mallory has one of each kind of hostility, each with machines
// that wait for it, while another tenant's cluster is made: as fast as without.

const bench = await startBench()
const namespace = 'mallory'
const ours = `/apis/fochista.dev/v1alpha1/namespaces/${namespace}`
const controlPlanes = `/apis/kamaji.clastix.io/v1alpha1/namespaces/${namespace}/tenantcontrolplanes`
/** More machines than the controllers have workers wait for the server that hangs once its Nodes are listed. */
const WORKERS = 4
const replicasOf = (name: string): number => (name === 'hanging-later' ? WORKERS + 2 : 1)

interface MachineLike {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly nodePoolName: string; readonly vmid?: number; readonly proxmoxCluster: string }
  readonly status?: {
    readonly conditions?: { type: string; status: string; reason: string; message: string }[]
  }
}

let machines: MachineLike[] = []
const own = (pool: string): { name: string; providerID: string }[] =>
  machines
    .filter(({ spec }) => spec.nodePoolName === pool && spec.vmid !== undefined)
    .map(({ metadata, spec }) => ({
      name: metadata.name,
      providerID: `proxmox://${spec.proxmoxCluster}/${spec.vmid}`,
    }))

const canary = await startHostileServer((_request, response) => response.writeHead(200).end('{}'))
const kinds = behaviours(
  () => own('flipping'),
  () => `https://127.0.0.1:${canary.port}/api/v1/nodes`,
)
const servers = new Map<string, HostileServer>()
after(() => Promise.all([canary, ...servers.values()].map((server) => server.close())))

let token = ''
/** As mallory, with no more than a tenant's rights. */
async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await call(bench, 'kubernetes', method, path, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

async function lookAtMachines(): Promise<void> {
  machines = ((await ask('GET', `${ours}/machines`)) as { items: MachineLike[] }).items
}

/** Seconds until a cluster with two Ready workers is there. */
async function timeToCluster(name: string): Promise<number> {
  const begun = performance.now()
  await bench.ok(
    'cluster',
    'create',
    name,
    '--version',
    'v1.30.0',
    '--pool',
    `${name}=2`,
    '--apply',
    example('network.yaml'),
    '--timeout',
    '10m',
  )
  return (performance.now() - begun) / 1000
}

/** Resident memory of the controllers' process, MiB. */
function memoryOfServe(): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8')
      const isChild = status.includes(`\nPPid:\t${process.pid}\n`)
      if (isChild && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('serve'))
        return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
    } catch {
      // It has ended meanwhile.
    }
  }
  return assert.fail('no controllers run')
}

async function attack(name: string): Promise<void> {
  const server = await startHostileServer(kinds[name])
  servers.set(name, server)
  await ask('POST', controlPlanes, {
    apiVersion: 'kamaji.clastix.io/v1alpha1',
    kind: 'TenantControlPlane',
    metadata: { name },
    spec: {
      controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
      kubernetes: { version: 'v1.30.0', kubelet: { cgroupfs: 'systemd' } },
      // Where Fochista goes is for the tenant to say.
      networkProfile: { port: server.port, advertiseAddress: '127.0.0.1' },
    },
  })
  await ask('POST', `${ours}/nodepools`, {
    apiVersion: 'fochista.dev/v1alpha1',
    kind: 'NodePool',
    metadata: { name },
    spec: {
      clusterName: name,
      className: 'small',
      replicas: replicasOf(name),
      memory: '1Gi',
      drain: { timeout: '3s' },
    },
  })
}

/** The control plane's own certificate, which its tenant may read. */
async function takeCertificate(name: string): Promise<void> {
  const data = await eventually(`the certificate of ${name}`, 60_000, async () => {
    const secret = await ask('GET', `/api/v1/namespaces/${namespace}/secrets/${name}-api-server-certificate`)
    return (secret as { data: Record<string, string> }).data
  })
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString()
  servers.get(name)?.use({ cert: text('apiserver.crt'), key: text('apiserver.key') })
}

test('a tenant’s hostile API servers delay no other tenant, and are named in its own conditions', async (t) => {
  await bench.kubectl('create', 'namespace', namespace)
  await bench.grant(namespace)
  token = (await bench.ok('token', 'create', 'mallory', '--role', 'admin', '-n', namespace)).trim()
  const stop = await bench.serve({ args: ['--concurrency', String(WORKERS)] })
  const calm = await timeToCluster('calm')

  const names = Object.keys(kinds)
  await Promise.all(names.map(attack))
  await Promise.all(names.map(takeCertificate))
  await eventually('mallory’s machines wait for their servers', 90_000, async () => {
    await lookAtMachines()
    const made = machines.filter(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Configured' && is === 'True'),
    )
    const wanted = names.reduce((sum, name) => sum + replicasOf(name), 0)
    assert.ok(made.length >= wanted, `${made.length} of ${wanted}`)
    const hung = servers.get('hanging-later')?.asked.filter((one) => one.endsWith('/kubelet-config')) ?? []
    assert.ok(hung.length >= WORKERS, `${hung.length} calls hang`)
  })
  // On a machine that has other things to do for a while the first may take long; one that hostile servers delay is late each time.
  let busy = await timeToCluster('busy')
  for (const name of ['busy-2', 'busy-3'])
    if (busy > calm * 2 + 10) busy = Math.min(busy, await timeToCluster(name))
  const memory = memoryOfServe()
  assert.ok(memory < 700, `${memory} MiB`)
  assert.deepEqual(canary.asked, [], 'no redirect was followed')
  for (const [name, server] of servers)
    assert.ok(name === 'silent' || server.asked.length > 0, `${name} was asked`)
  // Nobody is asked in a tight loop: a watch that ends at once, or a refusal, is a failure like another.
  for (const [name, server] of servers)
    if (!['endless-list', 'thirty-thousand'].includes(name))
      assert.ok(server.asked.length < 2000, `${name} was asked ${server.asked.length} times`)

  await t.test('each of its machines says what is wrong', async () => {
    await lookAtMachines()
    const saidOf = (pool: string): string =>
      JSON.stringify(
        machines
          .filter(({ spec }) => spec.nodePoolName === pool)
          .map(({ status }) => status?.conditions?.filter(({ status: is }) => is !== 'True')),
      )
    for (const name of names) assert.notEqual(saidOf(name), '[]', name)
    t.diagnostic(names.map((name) => `${name}: ${/"message":"([^"]*)/.exec(saidOf(name))?.[1]}`).join('\n'))
  })

  await t.test('they go with their pools, whatever their servers answer', async () => {
    for (const name of names) await ask('DELETE', `${ours}/nodepools/${name}`)
    await eventually('mallory has no machines', 120_000, async () => {
      await lookAtMachines()
      assert.equal(
        machines.length,
        0,
        machines
          .map(({ metadata, status }) => `${metadata.name} ${JSON.stringify(status?.conditions?.at(-1))}`)
          .join('\n'),
      )
    })
  })
  // Alone again: on a machine that has other things to do it takes as long as it takes.
  const again = await timeToCluster('again')
  t.diagnostic(
    `a cluster takes ${calm.toFixed(1)} s alone, ${busy.toFixed(1)} s beside ${names.length} hostile servers, ${again.toFixed(1)} s alone again; ${memory.toFixed(0)} MiB`,
  )
  assert.ok(busy < Math.max(calm, again) * 2 + 10, `${busy} s instead of ${calm} s or ${again} s`)
  const begun = performance.now()
  await stop()
  assert.ok(performance.now() - begun < 30_000, 'the controllers end, and do not wait for who says nothing')
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { eventually, example, has, startBench } from '../harness.ts'

const bench = await startBench({ bare: true })
const { environment } = bench

/** Runs curl as the documentation writes it; resolves to the HTTP status and the body. */
async function curl(...args: string[]): Promise<{ status: number; body: string }> {
  const outcome = await bench.run('curl', ['-sS', '-w', '\n%{http_code}', ...args])
  assert.equal(outcome.code, 0, `curl ${args.join(' ')}: ${outcome.stderr}`)
  const at = outcome.stdout.lastIndexOf('\n')
  return { status: Number(outcome.stdout.slice(at + 1)), body: outcome.stdout.slice(0, at) }
}

test('the curl calls of Kamaji’s documentation work as written, with a bearer token', async (t) => {
  if (!has(t, 'curl')) return
  const base = `${environment['KAMAJI_URL']}/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes`
  const common = [
    '--cacert',
    environment['KAMAJI_CA'] ?? '',
    '-H',
    `Authorization: Bearer ${environment['KAMAJI_TOKEN']}`,
  ]
  const created = await curl(
    '-X',
    'POST',
    base,
    ...common,
    '-H',
    'Content-Type: application/yaml',
    '--data-binary',
    `@${example('tenant-test.yaml')}`,
  )
  assert.equal(created.status, 201, created.body)
  assert.equal((JSON.parse(created.body) as { kind: string }).kind, 'TenantControlPlane')

  const list = await curl(base, ...common)
  assert.equal(list.status, 200)
  assert.deepEqual(
    (JSON.parse(list.body) as { items: { metadata: { name: string } }[] }).items.map(
      ({ metadata }) => metadata.name,
    ),
    ['tenant-test'],
  )

  const patched = await curl(
    '-X',
    'PATCH',
    `${base}/tenant-test`,
    ...common,
    '-H',
    'Content-Type: application/merge-patch+json',
    '-d',
    '{"spec":{"controlPlane":{"deployment":{"replicas":3}}}}',
  )
  assert.equal(patched.status, 200, patched.body)
  const got = await curl(`${base}/tenant-test`, ...common)
  assert.equal(
    (JSON.parse(got.body) as { spec: { controlPlane: { deployment: { replicas: number } } } }).spec
      .controlPlane.deployment.replicas,
    3,
  )

  assert.equal((await curl('-X', 'DELETE', `${base}/tenant-test`, ...common)).status, 200)
  await eventually('it is gone', 60_000, async () =>
    assert.equal((await curl(`${base}/tenant-test`, ...common)).status, 404),
  )
})

test('through kubectl proxy the same calls work without a token', async (t) => {
  if (!has(t, 'curl') || !has(t, 'kubectl')) return
  const proxy = spawn('kubectl', ['proxy', '--port=0'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    const url = await new Promise<string>((resolve, reject) => {
      proxy.on('exit', (code) => reject(new Error(`kubectl proxy ended with ${code}`)))
      proxy.stdout.on('data', (chunk: Buffer) => {
        const match = /Starting to serve on (\S+)/.exec(chunk.toString())
        if (match) resolve(`http://${match[1]}`)
      })
    })
    const base = `${url}/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes`
    const created = await curl(
      '-X',
      'POST',
      base,
      '-H',
      'Content-Type: application/yaml',
      '--data-binary',
      `@${example('tenant-test.yaml')}`,
    )
    assert.equal(created.status, 201, created.body)
    assert.equal((await curl(`${base}/tenant-test`)).status, 200)
    const ours = await bench.run(
      process.execPath,
      ['--conditions=source', 'packages/cli/src/main.ts', 'cluster', 'list', '-o', 'name'],
      { env: { KUBECONFIG: '', KAMAJI_URL: url, KAMAJI_TOKEN: '' } },
    )
    assert.equal(ours.stdout.trim(), 'tenantcontrolplane/tenant-test', ours.stderr)
    assert.equal((await curl('-X', 'DELETE', `${base}/tenant-test`)).status, 200)
  } finally {
    proxy.kill()
  }
})

test('the curl calls of Proxmox’s documentation work as written, with an API token', async (t) => {
  if (!has(t, 'curl')) return
  const base = `${environment['PROXMOX_URL']}/api2/json`
  const common = [
    '--cacert',
    environment['PROXMOX_CA'] ?? '',
    '-H',
    `Authorization: PVEAPIToken=${environment['PROXMOX_TOKEN_ID']}=${environment['PROXMOX_SECRET']}`,
  ]
  const api = async (method: string, path: string, ...form: string[]): Promise<unknown> => {
    const answer = await curl(
      '-X',
      method,
      `${base}${path}`,
      ...common,
      ...form.flatMap((pair) => ['--data-urlencode', pair]),
    )
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.status} ${answer.body}`)
    return (JSON.parse(answer.body) as { data: unknown }).data
  }
  const task = async (started: unknown): Promise<void> => {
    const upid = String(started)
    const node = upid.split(':')[1]
    await eventually(`${upid} has ended`, 60_000, async () => {
      const status = (await api('GET', `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`)) as {
        status: string
        exitstatus?: string
      }
      assert.equal(status.status, 'stopped')
      assert.equal(status.exitstatus, 'OK')
    })
  }
  const nodes = (await api('GET', '/nodes')) as { node: string }[]
  assert.deepEqual(nodes.map(({ node }) => node).sort(), ['pve1', 'pve2', 'pve3'])

  const vmid = Number(await api('GET', '/cluster/nextid'))
  await task(
    await api(
      'POST',
      '/nodes/pve1/qemu',
      `vmid=${vmid}`,
      'name=by-curl',
      'memory=1024',
      'cores=1',
      'scsihw=virtio-scsi-pci',
      'scsi0=local-lvm:4',
      'net0=virtio,bridge=vmbr0',
    ),
  )
  await api('PUT', `/nodes/pve1/qemu/${vmid}/config`, 'memory=2048', 'description=a; b = c + d')
  const config = (await api('GET', `/nodes/pve1/qemu/${vmid}/config`)) as Record<string, unknown>
  assert.equal(config['memory'], '2048')
  assert.equal(config['description'], 'a; b = c + d')

  const copy = Number(await api('GET', '/cluster/nextid'))
  await task(await api('POST', `/nodes/pve1/qemu/${vmid}/clone`, `newid=${copy}`, 'name=by-curl-2', 'full=1'))
  await task(await api('POST', `/nodes/pve1/qemu/${copy}/status/start`))
  assert.equal(
    ((await api('GET', `/nodes/pve1/qemu/${copy}/status/current`)) as { status: string }).status,
    'running',
  )
  await task(await api('POST', `/nodes/pve1/qemu/${copy}/status/stop`))
  await task(await api('DELETE', `/nodes/pve1/qemu/${copy}?purge=1`))
  await task(await api('DELETE', `/nodes/pve1/qemu/${vmid}`))
  const gone = await curl(`${base}/nodes/pve1/qemu/${vmid}/config`, ...common)
  assert.equal(gone.status, 500, 'Proxmox answers 500 for what does not exist')
})

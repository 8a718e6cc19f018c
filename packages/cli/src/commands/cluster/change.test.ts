import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startLab } from '@fochista/lab'
import { parse, stringify } from 'yaml'
import { createContext } from '../../context.ts'
import { runLine } from '../../program.ts'
import { testIo } from '../../test-io.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 100 })
const folder = await mkdtemp(join(tmpdir(), 'fochista-cluster-'))
const file = join(folder, 'cluster.yaml')
after(async () => {
  await lab.stop()
  await rm(folder, { recursive: true, force: true })
})

async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = testIo()
  const code = await runLine(argv, io, new AbortController().signal, (given, signal, flags) =>
    createContext(given, signal, flags, { ...lab.environment, HOME: '/nonexistent' }),
  )
  return { code, stdout: io.stdout, stderr: io.stderr }
}

async function ok(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...argv)
  assert.equal(code, 0, stderr)
  return stdout
}

interface Cluster {
  metadata: { resourceVersion?: string; labels?: Record<string, string> }
  spec: { controlPlane: { deployment: { replicas: number } } }
}
const get = async (): Promise<Cluster> => parse(await ok('cluster', 'get', 'one', '-o', 'yaml')) as Cluster
const replicas = async (): Promise<number> => (await get()).spec.controlPlane.deployment.replicas

test('a field is changed by a merge patch and by a JSON patch, and only by what is one', async () => {
  await ok('cluster', 'create', 'one', '--version', 'v1.30.4', '--no-wait')
  const merge = '{"spec":{"controlPlane":{"deployment":{"replicas":3}}}}'
  assert.equal(await ok('cluster', 'patch', 'one', '-p', merge, '--dry-run'), `${merge}\n`)
  assert.notEqual(await replicas(), 3)
  assert.equal(await ok('cluster', 'patch', 'one', '-p', merge), 'cluster/one patched\n')
  assert.equal(await replicas(), 3)
  const json = '[{"op":"replace","path":"/spec/controlPlane/deployment/replicas","value":1}]'
  await ok('cluster', 'patch', 'one', '--type', 'json', '-p', json)
  assert.equal(await replicas(), 1)
  for (const [words, expected] of [
    [['-p', json], /an object with fields is wanted/],
    [['--type', 'json', '-p', merge], /a list of operations is wanted/],
    [['-p', 'replicas=3'], /"replicas=3" is not a JSON object or list/],
  ] as const)
    assert.match((await run('cluster', 'patch', 'one', ...words)).stderr, expected)
})

test('a whole control plane is replaced, but not over a change of somebody else', async () => {
  // Kamaji changes its status while it becomes ready, as anybody may.
  let cluster = await get()
  for (let tries = 0, code = 1; code !== 0; tries += 1) {
    cluster = await get()
    cluster.metadata.labels = { ...cluster.metadata.labels, team: 'a' }
    await writeFile(file, stringify(cluster))
    const ran = await run('cluster', 'replace', '-f', file)
    code = ran.code
    assert.match(ran.stdout + ran.stderr, /^cluster\/one replaced$|was changed since/m)
    assert.ok(tries < 100)
  }
  assert.equal((await get()).metadata.labels?.['team'], 'a')
  const stale = await run('cluster', 'replace', '-f', file)
  assert.equal(stale.code, 1)
  assert.match(
    stale.stderr,
    /cluster "one" was changed since[\s\S]*begin again with: {2}fochista cluster get one -n default/,
  )
  delete cluster.metadata.resourceVersion
  await writeFile(file, stringify(cluster))
  assert.match((await run('cluster', 'replace', '-f', file)).stderr, /metadata\.resourceVersion is missing/)
})

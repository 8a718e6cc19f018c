import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { call } from '../back-ends.ts'
import { eventually, has, root, startBench } from '../harness.ts'

const bench = await startBench({ bare: true, speed: 60 })
const { environment, folder } = bench
const programs = join(folder, 'programs')
const secretFile = join(folder, 'token-secret')
const node = `${JSON.stringify(process.execPath)} --conditions=source --disable-warning=ExperimentalWarning`

test('the commands of docs/first-day.md, run as they stand there, give Ready nodes on a plain Proxmox cluster', async (t) => {
  if (!has(t, 'kubectl')) return
  await makePlain()
  await makePrograms()
  const script = await scriptOfPage()
  const { code, stdout, stderr } = await bench.run('bash', ['-eu', '-c', script], {
    env: {
      PATH: `${programs}:${process.env['PATH'] ?? ''}`,
      LAB_URL: environment['PROXMOX_URL'] ?? '',
      LAB_TOKEN_ID: environment['PROXMOX_TOKEN_ID'] ?? '',
      LAB_SECRET: environment['PROXMOX_SECRET'] ?? '',
      NODE_EXTRA_CA_CERTS: environment['PROXMOX_CA'] ?? '',
      TOKEN_SECRET_FILE: secretFile,
      // What the page does not set must not be there.
      PROXMOX_TOKEN_ID: '',
      PROXMOX_CA: '',
      KAMAJI_URL: '',
      KAMAJI_TOKEN: '',
      KAMAJI_CA: '',
    },
  })
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  const nodes = stdout.split('\n').filter((line) => /^workers-\w+ +Ready /.test(line))
  assert.equal(nodes.length, 2, stdout)
  assert.match(stdout, /proxmox\.template +dc1\/9000/)
  assert.match(stdout, /cluster\/tenant-test .*deleted/)
  const { body } = await call(bench, 'proxmox', 'GET', '/api2/json/cluster/resources?type=vm')
  const left = (body as { data: { vmid: number }[] }).data
    .map(({ vmid }) => vmid)
    .filter((vmid) => vmid >= 10_003)
  assert.deepEqual(left, [])
})

/** The shell blocks of the page, with the names that are a reader's own. */
async function scriptOfPage(): Promise<string> {
  const page = await readFile(join(root, 'docs', 'first-day.md'), 'utf8')
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '')
  const own: Record<string, string> = {
    PVE: 'pve1',
    PROXMOX_URL: environment['PROXMOX_URL'] ?? '',
    KUBECONFIG: environment['KUBECONFIG'] ?? '',
    PROXMOX_SECRET: `$(cat ${secretFile})`,
    PROXMOX_FINGERPRINT: environment['PROXMOX_FINGERPRINT'] ?? '',
  }
  let text = blocks.join('\n')
  for (const [name, value] of Object.entries(own)) {
    const line = new RegExp(`^export ${name}=.*$`, 'm')
    assert.match(text, line, `the page sets ${name}`)
    text = text.replace(line, () => `export ${name}="${value}"`)
  }
  assert.doesNotMatch(text, /…/, 'a placeholder that the test does not know')
  assert.ok(
    text.split('\n').filter((line) => line.startsWith('qm ')).length === 10,
    'a template in ten qm lines',
  )
  const start = `cd ${folder}; ln -sfn ${join(root, 'examples')} examples; trap 'kill $(jobs -p); wait' EXIT`
  return `${start}\n${text}`
}

/** `fochista`, and what a Proxmox host has: `ssh` to it stays here. */
async function makePrograms(): Promise<void> {
  await mkdir(programs, { recursive: true })
  const onHost = (name: string): string =>
    `exec ${node} ${fileURLToPath(import.meta.resolve('../pve-host.ts'))} ${name} "$@"`
  const scripts: Record<string, string> = {
    fochista: `exec ${node} ${join(root, 'packages', 'cli', 'src', 'main.ts')} "$@"`,
    qm: onHost('qm'),
    pveum: onHost('pveum'),
    wget: onHost('wget'),
    ssh: 'shift; exec "$@"',
  }
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(programs, name), `#!/bin/sh\n${text}\n`)
    await chmod(join(programs, name), 0o755)
  }
}

/** Takes away what the lab has prepared: templates, and the user and roles for Fochista. */
async function makePlain(): Promise<void> {
  const { body } = await call(bench, 'proxmox', 'GET', '/api2/json/cluster/resources?type=vm')
  const templates = (body as { data: { vmid: number; node: string; template?: number }[] }).data.filter(
    ({ template }) => template === 1,
  )
  for (const { vmid, node: host } of templates) await remove(`/nodes/${host}/qemu/${vmid}`)
  await remove('/access/users/fochista@pve')
  const roles = (await call(bench, 'proxmox', 'GET', '/api2/json/access/roles')).body as {
    data: { roleid: string }[]
  }
  for (const { roleid } of roles.data)
    if (roleid.startsWith('Fochista')) await remove(`/access/roles/${roleid}`)
  await eventually('the templates are gone', 20_000, async () => {
    const now = (await call(bench, 'proxmox', 'GET', '/api2/json/cluster/resources?type=vm')).body
    assert.ok(!JSON.stringify(now).includes('"template":1'))
  })
}

async function remove(path: string): Promise<void> {
  assert.equal((await call(bench, 'proxmox', 'DELETE', `/api2/json${path}`)).status, 200, path)
}

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { request } from 'node:https'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { gvr } from './kamaji/vocabulary.ts'
import { PortInUseError, startLab } from './index.ts'
import type { Lab } from './index.ts'
import { eventually } from './test-eventually.ts'

const ports = { proxmox: 0, kubernetes: 0 }
let lab: Lab
const problems: string[] = []

before(async () => {
  lab = await startLab({ ports, speed: 50, log: (text) => problems.push(text) })
})
after(async () => {
  await lab.stop()
  assert.deepEqual(problems, [])
})

const variable = (name: string, of: Lab = lab): string => of.environment[name] ?? ''

function call(
  url: string,
  options: { ca?: string; authorization?: string },
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        agent: false,
        ...(options.ca === undefined ? {} : { ca: readFileSync(options.ca) }),
        headers: options.authorization === undefined ? {} : { authorization: options.authorization },
      },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (body += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      },
    )
    outgoing.on('error', reject)
    outgoing.end()
  })
}

const isListening = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

test('both back ends answer over TLS, verified by the CA files that only their user may read', async () => {
  const kubernetes = await call(`${variable('KAMAJI_URL')}/api/v1/namespaces`, {
    ca: variable('KAMAJI_CA'),
    authorization: `Bearer ${variable('KAMAJI_TOKEN')}`,
  })
  assert.equal(kubernetes.status, 200)
  const proxmox = await call(`${variable('PROXMOX_URL')}/api2/json/nodes`, {
    ca: variable('PROXMOX_CA'),
    authorization: `PVEAPIToken=${variable('PROXMOX_TOKEN_ID')}=${variable('PROXMOX_SECRET')}`,
  })
  const { data } = JSON.parse(proxmox.body) as { data: { node: string }[] }
  assert.deepEqual(data.map(({ node }) => node).toSorted(), ['pve1', 'pve2', 'pve3'])
  await assert.rejects(call(`${variable('PROXMOX_URL')}/api2/json/version`, {}), /certificate/)
  for (const name of ['KUBECONFIG', 'KAMAJI_CA', 'PROXMOX_CA'])
    assert.equal(statSync(variable(name)).mode & 0o777, 0o600, name)
})

test('without its token nobody is let in', async () => {
  const kubernetes = await call(`${variable('KAMAJI_URL')}/api/v1/namespaces`, {
    ca: variable('KAMAJI_CA'),
    authorization: 'Bearer wrong',
  })
  assert.equal(kubernetes.status, 401)
  const proxmox = await call(`${variable('PROXMOX_URL')}/api2/json/nodes`, {
    ca: variable('PROXMOX_CA'),
    authorization: `PVEAPIToken=${variable('PROXMOX_TOKEN_ID')}=wrong`,
  })
  assert.equal(proxmox.status, 401)
})

test('the least token sees the VMs and may not change those of others', async () => {
  const least = `PVEAPIToken=${variable('PROXMOX_LEAST_TOKEN_ID')}=${variable('PROXMOX_LEAST_SECRET')}`
  const options = { ca: variable('PROXMOX_CA'), authorization: least }
  const { body } = await call(`${variable('PROXMOX_URL')}/api2/json/cluster/resources?type=vm`, options)
  const seen = (JSON.parse(body) as { data: { vmid: number }[] }).data.map(({ vmid }) => vmid)
  assert.ok([100, 9000, 9102, 10_002].every((vmid) => seen.includes(vmid)))
  const rights = await call(`${variable('PROXMOX_URL')}/api2/json/access/permissions?path=/vms/102`, options)
  const { data } = JSON.parse(rights.body) as { data: { [path: string]: { [privilege: string]: number } } }
  assert.deepEqual(Object.keys(data['/vms/102'] ?? {}), ['VM.Audit'])
})

test('a control plane made by kubectl becomes Ready, its kubeconfig works, and deleted it leaves no listener', async (context) => {
  const run = promisify(execFile)
  // kubectl remembers there what a server of this port had to offer: another one had, if the home is not new.
  const home = mkdtempSync(join(tmpdir(), 'fochista-kubectl-'))
  context.after(() => rmSync(home, { recursive: true, force: true }))
  const kubectl = async (kubeconfig: string, ...args: string[]): Promise<string> =>
    (
      await run('kubectl', args, {
        env: { ...process.env, KUBECONFIG: kubeconfig, HOME: home },
        timeout: 150_000,
      })
    ).stdout
  try {
    await run('kubectl', ['version', '--client'])
  } catch {
    if (process.env['FOCHISTA_NO_SKIP']) throw new Error('kubectl is not installed')
    context.skip('NEEDS kubectl, which is not installed')
    return
  }
  const management = variable('KUBECONFIG')
  const manifest = new URL('../../../examples/tenant-test.yaml', import.meta.url).pathname
  await kubectl(management, 'apply', '-f', manifest)
  await kubectl(
    management,
    'wait',
    'tcp/tenant-test',
    '--for=jsonpath={.status.kubernetesResources.version.status}=Ready',
    '--timeout=120s',
  )
  const secret = lab.management.api.store.get(gvr.secrets, 'default', 'tenant-test-admin-kubeconfig')
  const data = secret?.['data'] as { [key: string]: string }
  const text = Buffer.from(data['admin.conf'] ?? '', 'base64').toString()
  const { writeFile, mkdtemp, rm } = await import('node:fs/promises')
  const folder = await mkdtemp(join(tmpdir(), 'fochista-lab-test-'))
  try {
    await writeFile(`${folder}/kubeconfig`, text, { mode: 0o600 })
    await eventually(
      'the add-ons',
      () =>
        lab.management.tenants
          .find('default', 'tenant-test')
          ?.api.store.get(gvr.deployments, 'kube-system', 'coredns') !== undefined,
    )
    const deployments = await kubectl(`${folder}/kubeconfig`, 'get', 'deployments', '-n', 'kube-system')
    assert.match(deployments, /coredns/)
  } finally {
    await rm(folder, { recursive: true })
  }
  const server = /server: (\S+)/.exec(text)?.[1] ?? ''
  assert.ok(await isListening(server))
  await kubectl(management, 'delete', 'tcp', 'tenant-test', '--timeout=120s')
  await eventually('no tenant', () => lab.management.tenants.list().length === 0)
  assert.ok(!(await isListening(server)))
})

test('stopped, a lab leaves no listener and no file', async () => {
  const other = await startLab({ ports, speed: 50, seed: 'empty' })
  const files = ['KUBECONFIG', 'KAMAJI_CA', 'PROXMOX_CA'].map((name) => variable(name, other))
  await other.stop()
  await other.stop()
  assert.ok(!(await isListening(variable('KAMAJI_URL', other))))
  assert.ok(!(await isListening(variable('PROXMOX_URL', other))))
  assert.deepEqual(files.filter(existsSync), [])
})

test('a port in use is named, and what had started is stopped', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  try {
    for (const backEnd of ['kubernetes', 'proxmox'] as const)
      await assert.rejects(
        startLab({ ports: { ...ports, [backEnd]: port } }),
        (error) => error instanceof PortInUseError && error.port === port && error.backEnd === backEnd,
      )
  } finally {
    taken.close()
  }
})

test('a world that does not exist and a wrong number of hosts are refused', async () => {
  await assert.rejects(
    startLab({ ports, seed: 'mars' }),
    /there is no world "mars"; there are: default, empty/,
  )
  await assert.rejects(startLab({ ports, hosts: 0 }), /1 to 32 hosts, not 0/)
  await assert.rejects(startLab({ ports, speed: 0 }), /speed must be a positive number/)
})

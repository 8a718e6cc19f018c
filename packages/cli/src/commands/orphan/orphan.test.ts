import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import {
  API_VERSION,
  machineKind,
  nodePoolKind,
  printMark,
  proxmoxClusterKind,
  type Machine,
  type NodePool,
  type ProxmoxCluster,
} from '@fochista/api'
import { ConfigMap, connectionFromEnvironment, createKubernetes, defineKind } from '@fochista/kubernetes'
import { createProxmox } from '@fochista/proxmox'
import { startLab } from '@fochista/lab'
import { parse } from 'yaml'
import { createContext } from '../../context.ts'
import { runLine } from '../../program.ts'
import { testIo } from '../../test-io.ts'

// What a person does about VMs and machines that the controllers leave to a person. No controllers run here: that they do what these
// commands ask for is in e2e/journeys.
const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 200 })
const environment = { ...lab.environment }
const kubernetes = createKubernetes(await connectionFromEnvironment(environment))
const proxmox = createProxmox({
  endpoints: [environment['PROXMOX_URL'] ?? ''],
  credentials: {
    tokenId: environment['PROXMOX_TOKEN_ID'] ?? '',
    secret: environment['PROXMOX_SECRET'] ?? '',
  },
  tls: { fingerprints: [environment['PROXMOX_FINGERPRINT'] ?? ''] },
})
after(async () => {
  await Promise.all([kubernetes.close(), proxmox.close()])
  await lab.stop()
})

async function run(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = testIo()
  const code = await runLine(line.split(' '), io, new AbortController().signal, (given, stop, flags) =>
    createContext(given, stop, flags, environment),
  )
  return { code, stdout: io.stdout, stderr: io.stderr }
}
async function ok(line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line)
  assert.equal(code, 0, `fochista ${line}: ${stderr}`)
  return stdout
}

await ok('install')
await ok('proxmox add dc1')
await ok(
  'class create small --proxmox dc1 --template-tags kubelet-v1.30.4 --storage local-lvm --iso-storage local --bridge vmbr0 --default',
)
const { data = {} } = await kubernetes.get(ConfigMap, {
  name: 'fochista-installation',
  namespace: 'fochista-system',
})
const Machines = defineKind<Machine>(machineKind)
const ProxmoxClusters = defineKind<ProxmoxCluster>(proxmoxClusterKind)
const ref = { name: 'workers', namespace: 'default' }
await kubernetes.create(defineKind<NodePool>(nodePoolKind), {
  apiVersion: API_VERSION,
  kind: 'NodePool',
  metadata: ref,
  spec: { clusterName: 'acme', className: 'small', replicas: 1 },
})

/** Makes a VM that bears a mark. */
async function marked(
  vmid: number,
  more: { building?: boolean; released?: boolean; id?: string; isCopy?: boolean; installation?: string } = {},
): Promise<string> {
  const { id = randomUUID(), isCopy = false, installation = data['id'] ?? '', building, released } = more
  const upid = await proxmox.post('/nodes/{node}/qemu', {
    path: { node: 'pve1' },
    body: {
      vmid,
      name: `workers-${vmid}`,
      cores: 3,
      memory: '3072',
      scsi0: 'local-lvm:7',
      boot: 'order=scsi0',
      smbios1: `uuid=${isCopy ? randomUUID() : id}`,
      description: printMark({
        installation,
        namespace: 'default',
        pool: 'workers',
        machine: `workers-${vmid}`,
        id,
        time: '2026-01-01T00:00:00Z',
        ...(building ? { building } : {}),
        ...(released ? { released } : {}),
      }),
    },
  })
  await proxmox.tasks.wait(upid)
  return id
}
const listed = async (): Promise<string[]> =>
  (await ok('orphan list --proxmox dc1 -o name'))
    .trim()
    .split('\n')
    .map((line) => line.replace(/^.*\//, ''))

test('listed is what bears our mark, lies in our range and has no Machine', async () => {
  assert.match((await run('orphan list --proxmox dc1')).stderr, /No orphans/)
  await marked(10_300)
  await marked(10_301, { building: true })
  await marked(10_302, { isCopy: true })
  await marked(10_303, { released: true })
  await marked(10_304, { installation: randomUUID() })
  await marked(30_000)
  assert.deepEqual(await listed(), ['10300', '10301', '10302'])
  const table = await ok('orphan list --proxmox dc1')
  assert.match(table, /10301 .* building/)
  assert.match(table, /10300 .* made/)
})

test('an adopted VM stays as it is: the Machine says what the VM has, not what class and pool say', async () => {
  const planned = parse(await ok('orphan adopt 10300 --proxmox dc1 --dry-run')) as Machine
  assert.deepEqual(
    [planned.spec.cores, planned.spec.memory, planned.spec.disk, planned.spec.vmid, planned.spec.made],
    [3, 3 * 2 ** 30, 7 * 2 ** 30, 10_300, true],
  )
  assert.equal((await kubernetes.list(Machines)).items.length, 0)
  const dryRun = async (version: string): Promise<string> => {
    await kubernetes.patch(defineKind<NodePool>(nodePoolKind), ref, { spec: { version } })
    return (await run('orphan adopt 10300 --proxmox dc1 --dry-run')).stderr
  }
  await proxmox.put('/nodes/{node}/qemu/{vmid}/config', {
    path: { node: 'pve1', vmid: 10_300 },
    body: { tags: 'kubelet-v1.30.4' },
  })
  assert.match(await dryRun('v1.31.2'), /VM 10300 has kubelet v1\.30\.4, and the pool asks for v1\.31\.2/)
  assert.equal(await dryRun('1.30'), '')
  await ok('orphan adopt 10300 --proxmox dc1')
  const [machine] = (await kubernetes.list(Machines)).items
  assert.deepEqual(machine?.metadata.finalizers, ['fochista.dev/finalizer'])
  assert.ok(!(await listed()).includes('10300'))
})

test('what was never finished, is a copy, or has a Machine already is not adopted', async () => {
  const [machine] = (await kubernetes.list(Machines)).items
  await marked(10_305, { id: machine?.spec.id ?? '' })
  for (const [vmid, why] of [
    [10_301, /was never finished/],
    [10_302, /is a copy: its SMBIOS UUID/],
    [10_305, /has that id already, with VM 10300/],
    [100, /is no orphan of this installation/],
  ] as const) {
    const { code, stderr } = await run(`orphan adopt ${vmid} --proxmox dc1 --grow`)
    assert.equal(code, 1)
    assert.match(stderr, why)
  }
})

test('a pool that has all its machines keeps one more only when told so', async () => {
  await marked(10_306)
  const refused = await run('orphan adopt 10306 --proxmox dc1')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /has its 1 machines.*\n.*--grow/)
  await ok('orphan adopt 10306 --proxmox dc1 --grow')
  const pool = parse(await ok('pool get workers -o yaml')) as { spec: { replicas: number } }
  assert.equal(pool.spec.replicas, 2)
})

test('an orphan is destroyed with its seed image, a running one only when told so, a copy without', async () => {
  const id = await marked(10_307)
  const [machine] = (await kubernetes.list(Machines)).items
  const upload = async (owner: string): Promise<string> => {
    const filename = `fochista-${owner}-0123456789ab.iso`
    const upid = await proxmox.upload({
      node: 'pve1',
      storage: 'local',
      content: 'iso',
      filename,
      data: new Uint8Array(2048 * 20),
    })
    await proxmox.tasks.wait(upid)
    return `local:iso/${filename}`
  }
  const images = async (): Promise<string[]> =>
    (
      await proxmox.get('/nodes/{node}/storage/{storage}/content', {
        path: { node: 'pve1', storage: 'local' },
        query: { content: 'iso' },
      })
    )
      .map(({ volid }) => volid)
      .filter((volid) => volid.includes('fochista-'))
  await upload(id)
  const kept = await upload(machine?.spec.id ?? '')
  const path = { node: 'pve1', vmid: 10_307 }
  await proxmox.tasks.wait(await proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path }))
  const refused = await run('orphan delete 10307 --proxmox dc1')
  assert.match(refused.stderr, /VM 10307 runs\n.*orphan adopt.*--stop/)
  assert.match(await ok('orphan delete 10307 --proxmox dc1 --stop --dry-run'), /would be destroyed/)
  await ok('orphan delete 10307 --proxmox dc1 --stop')
  await ok('orphan delete 10305 --proxmox dc1')
  assert.deepEqual(await images(), [kept], 'the image of the machine that 10305 is a copy of stays')
  assert.deepEqual(await listed(), ['10301', '10302'])
  const other = await run('orphan delete 101 --proxmox dc1')
  assert.match(other.stderr, /is no orphan/)
})

test('a host that does not answer is told, and hides no orphan of another', async () => {
  const migrated = await proxmox.post('/nodes/{node}/qemu/{vmid}/migrate', {
    path: { node: 'pve1', vmid: 10_302 },
    body: { target: 'pve2' },
  })
  await proxmox.tasks.wait(migrated)
  const host = lab.proxmox.world.hosts.get('pve2')
  assert.ok(host)
  host.online = false
  const { code, stdout, stderr } = await run('orphan list --proxmox dc1 -o name')
  host.online = true
  assert.equal(code, 0, stderr)
  assert.match(stdout, /10301/)
  assert.match(stderr, /pve2 does not answer, so VM 10302 was not looked at/)
})

test('a machine is told how it is to go before it is asked to go', async () => {
  const [first, second] = (await kubernetes.list(Machines)).items
  assert.ok(first && second)
  await ok(`machine delete ${first.metadata.name} --host-is-dead --with-disks --no-wait`)
  const released = await run(`machine release ${second.metadata.name} --no-wait`)
  assert.equal(released.code, 0)
  assert.match(released.stderr, new RegExp(`VM ${second.spec.vmid} on pve1 stays as it is`))
  const after = (await kubernetes.list(Machines)).items
  assert.deepEqual(
    after.map(({ metadata }) => [
      Object.keys(metadata.annotations ?? {}).sort(),
      Boolean(metadata.deletionTimestamp),
    ]),
    [
      [['fochista.dev/host-is-dead', 'fochista.dev/with-disks'], true],
      [['fochista.dev/release'], true],
    ],
  )
})

test('only what is fenced is unfenced', async () => {
  const refused = await run('proxmox unfence dc1')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /"dc1" is not fenced/)
  await kubernetes.patch(
    ProxmoxClusters,
    { name: 'dc1' },
    {
      status: {
        conditions: [
          {
            type: 'Fenced',
            status: 'True',
            reason: 'Fenced',
            message: 'Another copy.',
            lastTransitionTime: '2026-01-01T00:00:00Z',
          },
        ],
      },
    },
    { subresource: 'status' },
  )
  const word = async (): Promise<unknown> =>
    (await kubernetes.get(ProxmoxClusters, { name: 'dc1' })).metadata.annotations?.['fochista.dev/unfence']
  assert.match(await ok('proxmox unfence dc1 --dry-run'), /would be unfenced/)
  assert.equal(await word(), undefined)
  await ok('proxmox unfence dc1')
  assert.equal(await word(), '')
})

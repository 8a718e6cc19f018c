import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connectionFromEnvironment, createKubernetes, parseManifests, Secret } from '@fochista/kubernetes'
import { startLab } from '@fochista/lab'
import { parse, parseAllDocuments } from 'yaml'
import { createContext } from '../context.ts'
import { runLine } from '../program.ts'
import { testIo, type TestIo } from '../test-io.ts'

// The commands against the lab's management cluster, which judges what they send as a real one does. No controllers run here:
// what needs them is in e2e/journeys.
const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 100 })
const folder = await mkdtemp(join(tmpdir(), 'fochista-commands-'))
const environment = { ...lab.environment, HOME: folder }
const kubernetes = createKubernetes(await connectionFromEnvironment(environment))
after(async () => {
  await kubernetes.close()
  await lab.stop()
  await rm(folder, { recursive: true, force: true })
})

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function run(
  line: string,
  options: { env?: Record<string, string>; input?: string; signal?: AbortSignal; io?: TestIo } = {},
): Promise<Ran> {
  const io = options.io ?? testIo(options.input === undefined ? {} : { input: options.input })
  const signal = options.signal ?? new AbortController().signal
  const code = await runLine(line.split(' ').filter(Boolean), io, signal, (given, stop, flags) =>
    createContext(given, stop, flags, { ...environment, ...options.env }),
  )
  return { code, stdout: io.stdout, stderr: io.stderr }
}

async function ok(line: string, options: Parameters<typeof run>[1] = {}): Promise<string> {
  const { code, stdout, stderr } = await run(line, options)
  assert.equal(code, 0, `fochista ${line}: ${stderr}`)
  return stdout
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !isSo();) {
    assert.ok(Date.now() < end, `never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const proxmox = {
  PROXMOX_URL: 'https://pve1.example:8006, https://pve2.example:8006',
  PROXMOX_TOKEN_ID: 'fochista@pve!main',
  PROXMOX_SECRET: 'first-secret',
  PROXMOX_FINGERPRINT: Array.from({ length: 32 }, () => 'AB').join(':'),
  PROXMOX_CA: '',
}
const credentials = async (): Promise<Record<string, string>> => {
  const { data = {} } = await kubernetes.get(Secret, { name: 'proxmox-dc1', namespace: 'fochista-system' })
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}
const inDc1 =
  '--proxmox dc1 --template-tags kubelet-v1.30.4 --storage local-lvm --iso-storage local --bridge vmbr0'

test('before install a command on our kinds says to install them', async () => {
  const { code, stderr } = await run('pool list')
  assert.equal(code, 1)
  assert.match(stderr, /Install them with: {2}fochista install/)
})

test('install makes kinds, roles and an identity that a repeat keeps; --dry-run makes nothing', async () => {
  const planned = parseAllDocuments(await ok('install --dry-run')).map(
    (one) => one.toJS() as { kind: string },
  )
  assert.equal(planned.filter(({ kind }) => kind === 'CustomResourceDefinition').length, 4)
  assert.equal((await run('pool list')).code, 1)
  assert.match(await ok('install'), /^installed: .*nodepools\.fochista\.dev/)
  const identity = async (): Promise<string> => {
    const text = await ok('install --dry-run')
    return /\bid: (\S+)/.exec(text)?.[1] ?? ''
  }
  const first = await identity()
  assert.match(first, /^[0-9a-f-]{36}$/)
  await ok('install')
  assert.equal(await identity(), first)
})

test('install --namespaces takes back the right to read all Secrets, and a plain install gives it again', async () => {
  const kind = (name: string) => ({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: name })
  const bindings = async (): Promise<string[]> => {
    const found = await Promise.all(
      ['ClusterRoleBinding', 'RoleBinding'].map(async (name) => {
        const { items } = await kubernetes.list(await kubernetes.resolve(kind(name)), {
          fieldSelector: 'metadata.name=fochista-tenant-secrets',
        })
        return items.map(({ metadata }) => metadata.namespace ?? 'everywhere')
      }),
    )
    return found.flat().sort()
  }
  assert.deepEqual(await bindings(), ['everywhere'])
  await ok('install --namespaces default,kube-public')
  assert.deepEqual(await bindings(), ['default', 'kube-public'])
  await ok('install --namespaces default')
  assert.deepEqual(await bindings(), ['default'])
  await ok('install')
  assert.deepEqual(await bindings(), ['everywhere'])
})

test('proxmox add makes a ProxmoxCluster and its Secret from the environment; --dry-run hides the secret', async () => {
  const planned = await ok('proxmox add dc1 --no-check --dry-run', { env: proxmox })
  assert.match(planned, /secret: <hidden>/)
  assert.ok(!planned.includes('first-secret'))
  assert.match(await ok('proxmox list -o name'), /^$/)
  assert.equal(
    await ok('proxmox add dc1 --no-check --vmids 2000-2999', { env: proxmox }),
    'proxmoxcluster/dc1 added\n',
  )
  assert.deepEqual(await credentials(), { tokenId: 'fochista@pve!main', secret: 'first-secret' })
  const made = parse(await ok('proxmox get dc1 -o yaml')) as { spec: object }
  assert.deepEqual(made.spec, {
    endpoints: ['https://pve1.example:8006', 'https://pve2.example:8006'],
    credentialsRef: { name: 'proxmox-dc1' },
    tls: { fingerprints: [proxmox.PROXMOX_FINGERPRINT] },
    vmidRange: { start: 2000, end: 2999 },
    poolName: 'fochista-{namespace}',
  })
})

test('proxmox add again changes the token and leaves the range of VMIDs', async () => {
  await ok('proxmox add dc1 --no-check --token-id fochista@pve!next --secret-stdin', {
    env: proxmox,
    input: 'second-secret\n',
  })
  assert.deepEqual(await credentials(), { tokenId: 'fochista@pve!next', secret: 'second-secret' })
  const { spec } = parse(await ok('proxmox get dc1 -o yaml')) as { spec: { vmidRange: object } }
  assert.deepEqual(spec.vmidRange, { start: 2000, end: 2999 })
})

test('proxmox add asks Proxmox first and writes nothing when nobody answers', async () => {
  const env = { ...proxmox, PROXMOX_URL: 'https://127.0.0.1:1' }
  const { code, stderr } = await run('proxmox add dc2', { env })
  assert.equal(code, 1)
  assert.match(stderr, /cannot reach Proxmox[\s\S]*PROXMOX_URL/)
  assert.equal((await run('proxmox get dc2')).code, 1)
})

test('class create offers a class, list shows it and marks the default', async () => {
  await ok(`class create small ${inDc1} --default --cores 2:4`)
  await ok(`class create large ${inDc1}`)
  const table = await ok('class list')
  assert.match(table, /^NAME +PROXMOX +CORES +MEMORY +DISK +STORAGE +AGE\n/)
  assert.match(table, /^small \(default\) +dc1 +2 +4Gi +20Gi +local-lvm/m)
  assert.match(await ok('class get large -o wide'), /kubelet-v1\.30\.4/)
})

test('every example is accepted as it is', async () => {
  const examples = join(import.meta.dirname, '../../../../examples')
  for (const name of await readdir(examples)) {
    const manifests = parseManifests(await readFile(join(examples, name), 'utf8'))
    assert.ok(manifests.length > 0, name)
    for (const manifest of manifests) {
      const kind = await kubernetes.resolve(manifest)
      const namespace = kind.namespaced ? { namespace: manifest.metadata.namespace ?? 'default' } : {}
      // The network plugin's own namespace comes with it, and is not made by a dry run.
      if (namespace.namespace?.startsWith('kube-') || manifest.kind === 'DaemonSet') continue
      const object = { ...manifest, metadata: { ...manifest.metadata, ...namespace } }
      await kubernetes.apply(object, { dryRun: true, force: true, fieldValidation: 'Strict' })
    }
  }
})

test('what the API server refuses is said by field', async () => {
  const { code, stderr } = await run(`class create bad ${inDc1} --memory lots`)
  assert.equal(code, 1)
  assert.match(stderr, /spec\.memory\.default/)
})

test('pool create, list, scale', async () => {
  const created = await run('pool create workers --cluster tenant-test --class small --replicas 2')
  assert.equal(created.stdout, 'pool/workers created\n')
  assert.match(created.stderr, /no cluster "tenant-test" yet/)
  const twice = await run('pool create workers --cluster tenant-test')
  assert.match(twice.stderr, /already exists[\s\S]*fochista pool scale workers/)
  assert.equal(
    await ok('pool scale workers --replicas 5 --dry-run'),
    'pool/workers would be scaled: 2 -> 5\n',
  )
  assert.equal(await ok('pool scale workers -r 5'), 'pool/workers scaled: 2 -> 5\n')
  assert.match(await ok('pool list -A'), /^NAMESPACE +NAME[\s\S]*default +workers +tenant-test +small +5 /)
  assert.equal(await ok('pool list -o name'), 'nodepool/workers\n')
})

test('a name that is not there is answered with the one that may have been meant', async () => {
  const { code, stderr } = await run('pool get wrokers')
  assert.equal(code, 1)
  assert.equal(
    stderr,
    'error: pool "wrokers" not found in namespace "default"\n  did you mean "workers"?  list what there is with:  fochista pool list -n default\n',
  )
})

test('a class that pools use, and an installation with pools, do not go', async () => {
  const used = await run('class delete small')
  assert.equal(used.code, 1)
  assert.match(used.stderr, /MachineClass "small" is in use by pools default\/workers/)
  const refused = await run('uninstall')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /still in use by 1 object: nodepool\/workers \(default\)/)
  await ok('class get small')
})

test('pool list --watch prints what is there, then every change, until Ctrl-C, which is its good end', async () => {
  const stop = new AbortController()
  const io = testIo()
  const watching = run('pool list -o json --watch', { signal: stop.signal, io })
  const seen = (): number[] =>
    io.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { spec: { replicas: number } }).spec.replicas)
  try {
    await until('it prints what is there', () => seen().length === 1)
    for (const replicas of [6, 7, 8]) {
      await ok(`pool scale workers -r ${replicas}`)
      await until('it prints the change', () => seen().at(-1) === replicas)
    }
  } finally {
    stop.abort()
  }
  assert.equal((await watching).code, 0)
  assert.deepEqual(seen(), [5, 6, 7, 8])
})

test('pool delete waits, says who holds it when the time is over, and goes on waiting when asked again', async () => {
  assert.equal(await ok('pool delete workers --dry-run'), 'pool/workers would be deleted\n')
  const path = '/apis/fochista.dev/v1alpha1/namespaces/default/nodepools/workers'
  const patch = (finalizers: string[]) =>
    kubernetes.request('PATCH', path, {
      body: { metadata: { finalizers } },
      headers: { 'content-type': 'application/merge-patch+json' },
    })
  await patch(['fochista.dev/finalizer'])
  const slow = await run('pool delete workers --timeout 100ms')
  assert.equal(slow.code, 8)
  assert.match(slow.stderr, /workers: deleting - held by fochista\.dev\/finalizer\n/)
  assert.match(slow.stderr, /goes on while the controllers run/)
  const io = testIo()
  const again = ok('pool delete workers', { io })
  await until('it says who holds it', () => io.stderr.includes('held by fochista.dev/finalizer'))
  await patch([])
  assert.equal(await again, 'pool/workers deleted\n')
})

const controlPlane = join(import.meta.dirname, '../../../../examples/tenant-test.yaml')

test('cluster create --dry-run prints what goes where, and sends nothing', async () => {
  const network = join(folder, 'network.yaml')
  await writeFile(
    network,
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: net, namespace: kube-system}\ndata: {a: b}\n',
  )
  const plan = await ok(`cluster create -f ${controlPlane} --pool workers=3 --apply ${network} --dry-run`)
  assert.deepEqual(
    parseAllDocuments(plan).map((one) => (one.toJS() as { kind: string }).kind),
    ['TenantControlPlane', 'NodePool'],
  )
  assert.match(plan, /# then, to the tenant cluster once it answers:\n# {3}ConfigMap kube-system\/net\n$/)
  assert.equal(await ok('cluster list -o name'), '')
})

test('a pool that the API server refuses keeps the cluster from being made', async () => {
  const { code, stderr } = await run(`cluster create -f ${controlPlane} --pool Workers=3 --no-wait`)
  assert.equal(code, 1)
  assert.match(stderr, /Workers/)
  assert.equal(await ok('cluster list -o name'), '')
})

test('cluster create waits until the control plane is Ready and the manifests are applied', async () => {
  const network = join(folder, 'network.yaml')
  const out = await run(`cluster create -f ${controlPlane} --apply ${network} --timeout 60s`)
  assert.equal(out.stdout, 'cluster/tenant-test is ready\n', out.stderr)
  assert.match(out.stderr, /^tenantcontrolplane\/tenant-test created\n/)
  assert.match(out.stderr, /tenant-test: Ready - \S+:6443\n/)
  assert.match(out.stderr, /manifests: applied - ConfigMap\n/)
  const twice = await run(`cluster create -f ${controlPlane}`)
  assert.match(twice.stderr, /already exists[\s\S]*fochista cluster apply -f FILE/)
  assert.match(await ok('cluster kubeconfig tenant-test'), /^apiVersion: v1[\s\S]*client-certificate-data/)
  assert.match(
    await ok('cluster describe tenant-test'),
    /tenant-test +v1\.30\.0 +v1\.30\.0 +Ready[\s\S]*fochista pool create/,
  )
})

test('cluster apply gives it a pool; without controllers the wait ends with what to look at', async () => {
  const slow = await run(`cluster apply -f ${controlPlane} --pool workers=1 --class small --timeout 300ms`)
  assert.equal(slow.code, 8)
  assert.match(slow.stderr, /nodepool\/workers applied\n/)
  assert.match(slow.stderr, /fochista cluster describe tenant-test -n default/)
})

test('Ctrl-C during a wait says what goes on, and exits with 2', async () => {
  const stop = new AbortController()
  const io = testIo()
  const waiting = run(`cluster apply -f ${controlPlane} --pool workers=1`, { signal: stop.signal, io })
  await until('it waits', () => /^tenant-test: /m.test(io.stderr))
  stop.abort()
  const { code, stderr } = await waiting
  assert.equal(code, 2)
  assert.match(stderr, /Cancelled\.\n {2}It goes on\. Look at it with: {2}fochista cluster describe/)
})

test('cluster delete takes pools first, then the control plane', async () => {
  assert.equal(
    await ok('cluster delete tenant-test --dry-run'),
    'pool/workers would be deleted\ncluster/tenant-test would be deleted\n',
  )
  assert.equal(await ok('cluster delete tenant-test --timeout 60s'), 'cluster/tenant-test deleted\n')
  assert.equal(await ok('pool list -o name'), '')
})

test('token create gives a token that may do what its role says; an account has one role', async () => {
  const token = (await ok('token create ci --role viewer --ttl 1h')).trim()
  const asViewer = createKubernetes({
    server: lab.environment['KAMAJI_URL'] ?? '',
    ca: kubernetes.connection.ca,
    token,
  })
  try {
    const may = async (verb: string): Promise<boolean> =>
      (await asViewer.canI({ verb, group: 'fochista.dev', resource: 'nodepools', namespace: 'default' }))
        .allowed
    assert.deepEqual([await may('list'), await may('create')], [true, false])
  } finally {
    await asViewer.close()
  }
  const other = await run('token create ci --role admin')
  assert.equal(other.code, 1)
  assert.match(other.stderr, /"ci" has the role viewer already/)
})

test('credentials that are refused exit with 4', async () => {
  const env = { KUBECONFIG: '', KAMAJI_TOKEN: 'wrong' }
  assert.equal((await run('pool list', { env })).code, 4)
  const none = await run('pool list', { env: { KUBECONFIG: '', KAMAJI_URL: '' } })
  assert.equal(none.code, 4)
  assert.match(none.stderr, /no management cluster/)
})

test('proxmox add connects by pin or by CA, and says what to do about a certificate or token that is not accepted', async () => {
  const unset = { PROXMOX_FINGERPRINT: '', PROXMOX_CA: '' }
  const pinned = await run('proxmox add lab')
  assert.equal(pinned.code, 0, pinned.stderr)
  assert.match(pinned.stderr, /^Proxmox VE \d+\.\d+\S*: pve1, pve2, pve3\n$/)
  await ok(`proxmox add lab --ca-file ${lab.environment['PROXMOX_CA']}`, { env: unset })
  const unknown = await run('proxmox add other', { env: unset })
  assert.equal(unknown.code, 1)
  assert.match(unknown.stderr, /pvenode cert info[\s\S]*PROXMOX_FINGERPRINT=([0-9A-F]{2}:){31}/)
  const refused = await run('proxmox add other', {
    env: { PROXMOX_SECRET: '11111111-2222-3333-4444-555555555555' },
  })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /Proxmox refused the token root@pam!lab/)
  assert.equal((await run('proxmox get other')).code, 1)
  await ok('proxmox delete lab')
})

test('api calls Proxmox as it is: lists, changes, and its own refusals', async () => {
  const nodes = JSON.parse(await ok('api get /nodes')) as { node: string }[]
  assert.deepEqual(nodes.map(({ node }) => node).sort(), ['pve1', 'pve2', 'pve3'])
  assert.match(await ok('api get /nodes -o table'), /^ *cpu .* node .* status /)
  assert.equal(await ok('api create /pools poolid=by-hand --dry-run'), 'POST /pools poolid=by-hand\n')
  await ok('api create /pools poolid=by-hand comment=one')
  await ok('api set /pools poolid=by-hand comment=two')
  assert.match(await ok('api get /pools poolid=by-hand -o yaml'), /comment: two/)
  await ok('api delete /pools poolid=by-hand')
  const wrong = await run('api create /nodes/pve1/qemu vmid=12')
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /vmid: /)
})

test('a named context stands in for the environment', async () => {
  const file = join(folder, '.config', 'fochista', 'config.yaml')
  await mkdir(join(file, '..'), { recursive: true })
  const { KUBECONFIG } = lab.environment
  await writeFile(file, `contexts: {here: {KUBECONFIG: ${KUBECONFIG}, namespace: kube-system}}\n`)
  const env = { KUBECONFIG: '', KAMAJI_URL: '' }
  assert.equal((await run('pool list', { env })).code, 4)
  assert.equal(await ok('pool list -o name --context here', { env }), '')
  const planned = await ok('pool create w --cluster c --context here --dry-run', { env })
  assert.match(planned, /namespace: kube-system/)
  await rm(file)
})

test('machine list, describe and delete', async () => {
  const machine = {
    apiVersion: 'fochista.dev/v1alpha1',
    kind: 'Machine',
    metadata: { name: 'workers-x7k2m', namespace: 'default' },
    spec: {
      id: '11111111-2222-3333-4444-555555555555',
      nodePoolName: 'workers',
      proxmoxCluster: 'dc1',
      vmid: 2001,
    },
  }
  const kind = await kubernetes.resolve(machine)
  await kubernetes.create(kind, machine)
  assert.match(await ok('machine list -o wide'), /^workers-x7k2m +workers +Placing +2001 .*not begun$/m)
  assert.match(
    await ok('machine describe workers-x7k2m'),
    /^Waits for Placed: the controllers have not begun/,
  )
  await kubernetes.patch(
    kind,
    { ...machine.metadata },
    { metadata: { annotations: { 'fochista.dev/paused': '' } } },
  )
  assert.match(
    await ok('machine describe workers-x7k2m'),
    /^Paused: it has the annotation fochista\.dev\/paused/,
  )
  const inUse = await run('proxmox delete dc1')
  assert.match(inUse.stderr, /ProxmoxCluster "dc1" is in use by machines default\/workers-x7k2m/)
  const gone = await run('machine delete workers-x7k2m')
  assert.equal(gone.stdout, 'machine/workers-x7k2m deleted\n')
  assert.match(gone.stderr, /makes another one in its place/)
})

test('a paused pool or Proxmox cluster is what describe says first', async () => {
  const machine = {
    apiVersion: 'fochista.dev/v1alpha1',
    kind: 'Machine',
    metadata: { name: 'idle-x7k2m', namespace: 'default' },
    spec: { id: '11111111-2222-3333-4444-666666666666', nodePoolName: 'idle', proxmoxCluster: 'dc1' },
  }
  const kind = await kubernetes.resolve(machine)
  await kubernetes.create(kind, machine)
  const describe = (): Promise<string> => ok('machine describe idle-x7k2m')
  await kubernetes.patch(
    await kubernetes.resolve({ ...machine, kind: 'ProxmoxCluster' }),
    { name: 'dc1' },
    { spec: { paused: true } },
  )
  assert.match(await describe(), /^Paused: the ProxmoxCluster dc1 has spec\.paused/)
  await ok('pool create idle --cluster c --paused')
  assert.match(await describe(), /^Paused: its pool idle has spec\.paused/)
  await ok('pool delete idle')
  await kubernetes.delete(kind, machine.metadata)
})

test('proxmox delete takes its Secret with it, and uninstall leaves nothing of ours', async () => {
  assert.equal(await ok('proxmox delete dc1'), 'proxmoxcluster/dc1 deleted\n'.replace('cluster', ''))
  await assert.rejects(credentials())
  await ok('proxmox add dc3 --no-check', { env: proxmox })
  assert.match(await ok('uninstall --dry-run'), /^proxmoxcluster\/dc3 would be deleted\n/)
  assert.equal(await ok('uninstall'), 'uninstalled\n')
  const { stderr } = await run('pool list')
  assert.match(stderr, /fochista install/)
})

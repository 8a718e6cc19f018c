import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { gvr } from '../kamaji/vocabulary.ts'
import type { ApiObject, GroupVersionResource } from '../kubernetes/resources.ts'
import { createCa } from '../pki.ts'
import { cardsOf } from './network.ts'
import { eventually } from '../test-eventually.ts'
import { startTestBed } from './test-machines.ts'
import type { TestBed } from './test-machines.ts'

let bed: TestBed
const problems: string[] = []

before(async () => {
  bed = await startTestBed((text) => problems.push(text))
})
after(async () => {
  await bed.lab.stop()
  assert.deepEqual(problems, [])
})

interface Changes {
  token?: string
  caPem?: string
  server?: string
  instanceId?: string
  labels?: { [key: string]: string }
  extras?: object
  install?: 'packages'
  packages?: object
}

function seedOf(vmid: number, changes: Changes = {}): Uint8Array {
  const name = `worker-${vmid}`
  return bed.seed(name, {
    instanceId: changes.instanceId ?? `iid-${vmid}`,
    join: {
      ...(changes.server === undefined ? {} : { server: changes.server }),
      ...(changes.caPem === undefined ? {} : { caPem: changes.caPem }),
      token: changes.token ?? 'nosuch.0123456789abcdef',
      nodeIp: `10.97.0.${vmid - 100}`,
      providerId: `proxmox://lab/${vmid}`,
      labels: changes.labels ?? { 'example.com/tier': 'gold' },
    },
    networks: [
      {
        mac: macOf(vmid),
        addresses: [{ address: `10.97.0.${vmid - 100}`, prefix: 24, gateway: '10.97.0.1' }],
      },
    ],
    extras: changes.extras,
    ...(changes.install
      ? { install: changes.install, packages: changes.packages, kubeletVersion: 'v1.30.4' }
      : {}),
  })
}

/** The MAC address comes from the VMID: one VM tells that of the next. */
function macOf(vmid: number): string {
  const { world } = bed.lab.proxmox
  const known = world.vms.get(vmid)
  if (known !== undefined) return cardsOf(known)[0]?.mac ?? ''
  const vm = bed.start(vmid, new Uint8Array())
  const mac = cardsOf(vm)[0]?.mac ?? ''
  vm.running = false
  world.events.emit('stopped', vm)
  world.events.emit('destroyed', vm)
  world.vms.delete(vmid)
  return mac
}

const node = (name: string): ApiObject | undefined => bed.tenant.api.store.get(gvr.nodes, undefined, name)

function readiness(name: string): { [key: string]: string } {
  const { conditions = [] } = (node(name)?.['status'] ?? {}) as { conditions?: { [key: string]: string }[] }
  return conditions.find(({ type }) => type === 'Ready') ?? {}
}

test('a guest with a right seed joins, and is Ready once a network plugin runs', async () => {
  const vm = bed.start(110, seedOf(110, { token: bed.token('right0') }))
  const joined = await eventually(
    'a Node',
    () => node('worker-110'),
    () => vm.console,
  )
  assert.equal((joined['spec'] as { providerID?: string }).providerID, 'proxmox://lab/110')
  assert.equal(joined.metadata.labels?.['example.com/tier'], 'gold')
  await eventually('NotReady', () => readiness('worker-110')['status'] === 'False')
  assert.match(readiness('worker-110')['message'] ?? '', /cni plugin not initialized/)
  const text = readFileSync(new URL('../../../../examples/network.yaml', import.meta.url), 'utf8')
  for (const document of parseAllDocuments(text)) {
    const object = document.toJS() as ApiObject & { apiVersion: string; kind: string }
    bed.tenant.api.store.create(gvrOf(object), object)
  }
  await eventually(
    'Ready',
    () => readiness('worker-110')['status'] === 'True',
    () => vm.console,
  )
  const { agent } = vm
  assert.ok(agent)
  assert.deepEqual(await agent.call('get-host-name', {}), { 'host-name': 'worker-110' })
})

function gvrOf({ apiVersion, kind }: { apiVersion: string; kind: string }): GroupVersionResource {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return { group, version, resource: `${kind.toLowerCase()}s` }
}

const wrong: { title: string; vmid: number; changes: () => Changes | Promise<Changes>; says: RegExp }[] = [
  {
    title: 'another CA',
    vmid: 120,
    changes: async () => ({
      token: bed.token('ca0000'),
      caPem: (await createCa({ commonName: 'kubernetes' })).certPem,
    }),
    says: /tls: failed to verify certificate: x509: certificate signed by unknown authority/,
  },
  {
    title: 'a token that nobody made',
    vmid: 121,
    changes: () => ({}),
    says: /cannot create certificate signing request: Unauthorized/,
  },
  {
    title: 'a server that does not listen',
    vmid: 122,
    changes: () => ({ token: bed.token('server'), server: 'https://127.0.0.1:9' }),
    says: /dial tcp 127\.0\.0\.1:9: connect: connection refused/,
  },
  {
    title: 'a label that a kubelet may not give itself',
    vmid: 123,
    changes: () => ({ token: bed.token('label0'), labels: { 'node-role.kubernetes.io/worker': '' } }),
    says: /unknown 'kubernetes\.io' or 'k8s\.io' labels specified with --node-labels: \[node-role\.kubernetes\.io\/worker\]/,
  },
]
for (const { title, vmid, changes, says } of wrong)
  test(`a guest with ${title} does not join, and its console and agent say why`, async () => {
    const vm = bed.start(vmid, seedOf(vmid, await changes()))
    await eventually(
      'the reason on the console',
      () => says.test(vm.console),
      () => vm.console,
    )
    assert.ok(!bed.nodes().includes(`worker-${vmid}`))
    const { agent } = vm
    assert.ok(agent)
    const { pid } = (await agent.call('exec', { command: ['journalctl', '-u', 'kubelet'] })) as {
      pid: number
    }
    let left: { exited: number; 'out-data'?: string } = { exited: 0 }
    while (left.exited === 0) left = (await agent.call('exec-status', { pid })) as typeof left
    assert.match(left['out-data'] ?? '', says)
  })

test('an instance-id runs once; another one runs again', async () => {
  const command = { postJoinCommands: ['echo ran >> /var/log/runs'] }
  const vm = bed.start(130, seedOf(130, { token: bed.token('once00'), extras: command }))
  const runs = (): number =>
    (bed.lab.proxmox.guests.disk(130)?.read('/var/log/runs') ?? '').split('\n').length - 1
  await eventually('a Node', () => node('worker-130'))
  await eventually(
    'it ran',
    () => runs() === 1,
    () => vm.console,
  )
  vm.console = ''
  bed.lab.proxmox.world.events.emit('reset', vm)
  await eventually('booted again', () => /login:/.test(vm.console))
  assert.match(vm.console, /was set up before/)
  assert.equal(runs(), 1)
  vm.console = ''
  const volume = bed.lab.proxmox.world.volumes.get('pve1/local:iso/seed-130.iso')
  assert.ok(volume)
  bed.lab.proxmox.world.volumes.set('pve1/local:iso/seed-130.iso', {
    ...volume,
    data: seedOf(130, { token: bed.token('again0'), instanceId: 'iid-130-2', extras: command }),
  })
  bed.lab.proxmox.world.events.emit('reset', vm)
  await eventually('ran again', () => runs() === 2)
})

const stock = { tags: 'debian-12;stock' }

test('a stock image installs containerd and the kubelet, joins, and does it once', async () => {
  const extras = { preJoinCommands: ['echo before >> /runs'], postJoinCommands: ['echo after >> /runs'] }
  const seed = seedOf(140, { token: bed.token('stock0'), install: 'packages', extras })
  const vm = bed.start(140, seed, stock)
  const joined = await eventually(
    'a Node',
    () => node('worker-140'),
    () => vm.console,
  )
  const { kubeletVersion } = (joined['status'] as { nodeInfo: { kubeletVersion: string } }).nodeInfo
  assert.equal(kubeletVersion, 'v1.30.4')
  const disk = bed.lab.proxmox.guests.disk(140)
  const status = (): string => disk?.read('/var/lib/dpkg/status') ?? ''
  assert.match(status(), /^Package: kubelet\nStatus: hold ok installed\nVersion: 1\.30\.4-1\.1$/m)
  assert.doesNotMatch(vm.console, /not emulated/)
  assert.ok(vm.agent, 'it was installed')
  await eventually('all of it', () => disk?.read('/runs') === 'before\nafter\n')
  const before = status()
  vm.console = ''
  bed.lab.proxmox.world.events.emit('reset', vm)
  await eventually('skipped', () => /fochista-packages\.service was skipped/.test(vm.console))
  assert.equal(status(), before)
  assert.equal(disk?.read('/runs'), 'before\nafter\n')
})

for (const [title, vmid, packages, says] of [
  [
    'of a mirror that is not there',
    141,
    { mirror: 'https://nosuch.example/k8s' },
    /the packages could not be fetched\./,
  ],
  [
    'with another key',
    142,
    {
      keyring:
        '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBGMHoXcBCAA=\n-----END PGP PUBLIC KEY BLOCK-----\n',
    },
    /the signature of the packages does not fit the key/,
  ],
] as const)
  test(`a stock image ${title} says why it has no kubelet, and tries again`, async () => {
    const vm = bed.start(vmid, seedOf(vmid, { install: 'packages', packages }), stock)
    await eventually(
      'the reason, twice',
      () => vm.console.split(says).length > 2 && /tried again in 10 s/.test(vm.console),
      () => vm.console,
    )
    assert.equal(bed.lab.proxmox.guests.disk(vmid)?.kubeletVersion, undefined)
    assert.match(vm.console, /login:/)
    assert.equal(vm.agent, undefined, 'a cloud image has no agent as it comes')
  })

test('a reset while packages are installed ends with a worker all the same', async () => {
  const vm = bed.start(143, seedOf(143, { token: bed.token('reset0'), install: 'packages' }), stock)
  const disk = await eventually('a disk', () => bed.lab.proxmox.guests.disk(143))
  // The moment is not looked for: the power goes with the file that ends the first half.
  const half = new Promise<void>((resolve) => {
    const write = disk.write.bind(disk)
    disk.write = (...args: Parameters<typeof write>) => {
      write(...args)
      if (args[0] !== '/usr/bin/containerd') return
      disk.write = write
      queueMicrotask(resolve)
    }
  })
  await half
  assert.equal(disk.kubeletVersion, undefined)
  vm.console = ''
  bed.lab.proxmox.world.events.emit('reset', vm)
  await eventually(
    'a Node',
    () => node('worker-143'),
    () => vm.console,
  )
  assert.match(vm.console, /was set up before.*kubelet 1\.30\.4 was installed and started/s)
})

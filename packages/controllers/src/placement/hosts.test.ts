import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '@fochista/api'
import type { ClusterResource } from '@fochista/proxmox'
import {
  aClass,
  aHost,
  aMachine,
  aStorage,
  aTemplate,
  aVm,
  GIB,
  NAMESPACE,
  placed,
} from '../test/factories.ts'
import { chooseHost, type HostQuestion } from './hosts.ts'
import { inventoryOf } from './inventory.ts'
import { createPromises } from './promises.ts'
import { templatesOf } from './templates.ts'

const hosts = ['pve1', 'pve2', 'pve3']

/** Three empty hosts, each with its own template and storage. */
function aQuestion(
  given: Partial<HostQuestion> & { inventory?: ClusterResource[]; machines?: Machine[] } = {},
): HostQuestion {
  const { inventory, machines = [], ...rest } = given
  const machineClass = rest.machineClass ?? aClass({ spec: { template: { name: 'worker' } } })
  const vms = inventory ?? hosts.map((host, index) => aTemplate(9000 + index, host))
  const promises = createPromises(inventoryOf(vms))
  for (const [index, machine] of machines.entries()) promises.put(`acme/${index}`, machine)
  return {
    machineClass,
    poolName: 'workers',
    namespace: NAMESPACE,
    cores: 2,
    memory: 4 * GIB,
    disk: 20 * GIB,
    version: 'v1.30.4',
    nodes: hosts.map((host) => aHost(host)),
    vms,
    storageResources: hosts.flatMap((host) => [aStorage('local-lvm', host), aStorage('local', host)]),
    storages: [
      { name: 'local-lvm', type: 'lvmthin', content: ['images'], isShared: false },
      { name: 'local', type: 'dir', content: ['iso'], isShared: false },
    ],
    templates: templatesOf(machineClass, vms),
    templateStorages: new Map(),
    promises,
    ...rest,
  }
}

const chosen = (question: HostQuestion): string => {
  const answer = chooseHost(question)
  return 'reason' in answer ? answer.reason : answer.host
}
const reasonWhy = (question: HostQuestion): string => {
  const answer = chooseHost(question)
  return 'reason' in answer ? answer.message : `chose ${answer.host}`
}
const machineOn = (host: string, name = host) =>
  aMachine({ metadata: { name }, spec: { ...placed, vmid: 450 + name.length, host } })

test('only hosts that are online and allowed are chosen', () => {
  const nodes = [aHost('pve1', { status: 'offline' }), aHost('pve2'), aHost('pve3')]
  assert.equal(chosen(aQuestion({ nodes })), 'pve2')
  const only = aClass({ spec: { template: { name: 'worker' }, nodes: ['pve3'] } })
  assert.equal(chosen(aQuestion({ nodes, machineClass: only })), 'pve3')
  const none = aClass({ spec: { template: { name: 'worker' }, nodes: ['pve1'] } })
  assert.equal(reasonWhy(aQuestion({ nodes, machineClass: none })), 'No host is online among pve1.')
})

test('a host without room for the memory is passed over, and the refusal says how much is left', () => {
  const nodes = [aHost('pve1', { mem: 61 * GIB }), aHost('pve2', { mem: 63 * GIB }), aHost('pve3')]
  assert.equal(chosen(aQuestion({ nodes })), 'pve3')
  const full = aQuestion({ nodes: nodes.slice(0, 2) })
  assert.equal(chosen(full), 'InsufficientMemory')
  assert.equal(
    reasonWhy(full),
    'No host has room: pve1 has 3GiB of memory free, 4GiB are needed; pve2 has 1GiB of memory free, 4GiB are needed. Make some, or edit class "small".',
  )
})

test('a guest that runs counts with all the memory it may take, touched or not', () => {
  const inventory = [
    ...hosts.map((host, index) => aTemplate(9000 + index, host)),
    aVm(100, 'pve1', { maxmem: 62 * GIB }),
  ]
  const question = aQuestion({ inventory, nodes: [aHost('pve1', { mem: 2 * GIB })] })
  assert.equal(chosen(question), 'InsufficientMemory')
})

test('memory that is promised to a machine and not there yet counts, once', () => {
  const nodes = [aHost('pve1', { maxmem: 10 * GIB })]
  const promise = machineOn('pve1')
  assert.equal(chosen(aQuestion({ nodes, machines: [promise] })), 'pve1')
  const another = aMachine({ spec: { ...placed, vmid: 460 } })
  assert.equal(chosen(aQuestion({ nodes, machines: [promise, another] })), 'InsufficientMemory')
  const running = [aTemplate(9000, 'pve1'), aVm(promise.spec.vmid ?? 0, 'pve1', { maxmem: 4 * GIB })]
  assert.equal(
    chosen(aQuestion({ nodes, machines: [promise], inventory: running })),
    'pve1',
    'a machine that runs is not counted twice',
  )
})

test('a host with fewer cores than one machine needs is no host for it', () => {
  const nodes = [aHost('pve1', { maxcpu: 4 })]
  assert.equal(
    reasonWhy(aQuestion({ nodes, cores: 8 })),
    'No host has room: pve1 has 4 cores, 8 are needed. Make some, or edit class "small".',
  )
})

test('a storage without room, not there, not available or not for images is refused by its name', () => {
  const nodes = [aHost('pve1')]
  const iso = aStorage('local', 'pve1')
  const cases: [ClusterResource[], string, RegExp][] = [
    [
      [aStorage('local-lvm', 'pve1', { disk: 490 * GIB }), iso],
      'InsufficientStorage',
      /"local-lvm" on pve1 has 10GiB free, 20GiB are needed/,
    ],
    [[iso], 'StorageNotFound', /pve1 has no storage "local-lvm"/],
    [
      [aStorage('local-lvm', 'pve1', { status: 'unknown' }), iso],
      'StorageNotAvailable',
      /"local-lvm" is not available on pve1/,
    ],
    [
      [aStorage('local-lvm', 'pve1'), aStorage('local', 'pve1', { content: 'images' })],
      'StorageContent',
      /"local" does not allow content "iso"/,
    ],
  ]
  for (const [storageResources, reason, message] of cases) {
    const question = aQuestion({ nodes, storageResources })
    assert.equal(chosen(question), reason)
    assert.match(reasonWhy(question), message)
  }
})

test('storage that is promised counts until the clone is made, on every host if it is shared', () => {
  const nodes = [aHost('pve1')]
  const storageResources = [aStorage('local-lvm', 'pve1', { maxdisk: 30 * GIB }), aStorage('local', 'pve1')]
  const elsewhere = aMachine({ spec: { ...placed, vmid: 460, host: 'pve2' } })
  assert.equal(chosen(aQuestion({ nodes, storageResources, machines: [elsewhere] })), 'pve1')
  const shared = aQuestion({ nodes, storageResources, machines: [elsewhere] })
  const storages = [{ name: 'local-lvm', type: 'rbd', content: ['images'], isShared: true }]
  assert.equal(chosen({ ...shared, storages }), 'InsufficientStorage')

  const here = aMachine({ spec: { ...placed, vmid: 460 } })
  assert.equal(chosen(aQuestion({ nodes, storageResources, machines: [here] })), 'InsufficientStorage')
  const cloning = [aTemplate(9000, 'pve1'), aVm(460, 'pve1', { status: 'stopped' })]
  assert.equal(
    chosen(aQuestion({ nodes, storageResources, machines: [here], inventory: cloning })),
    'InsufficientStorage',
    'a VM that is listed while it is being cloned has not taken its room yet',
  )
  const made = aMachine({ spec: { ...placed, vmid: 460, made: true } })
  assert.equal(chosen(aQuestion({ nodes, storageResources, machines: [made], inventory: cloning })), 'pve1')
})

test('spread takes the host with the fewest machines of the pool, then the emptiest', () => {
  const nodes = [aHost('pve1'), aHost('pve2', { mem: 20 * GIB }), aHost('pve3', { mem: 10 * GIB })]
  assert.equal(chosen(aQuestion({ nodes })), 'pve1')
  assert.equal(chosen(aQuestion({ nodes, machines: [machineOn('pve1')] })), 'pve3')
  assert.equal(
    chosen(aQuestion({ nodes, machines: [machineOn('pve1'), machineOn('pve3', 'third')] })),
    'pve2',
  )
})

test('pack takes the fullest host that has room', () => {
  const machineClass = aClass({ spec: { template: { name: 'worker' }, placement: { strategy: 'pack' } } })
  const nodes = [aHost('pve1'), aHost('pve2', { mem: 62 * GIB }), aHost('pve3', { mem: 10 * GIB })]
  assert.equal(chosen(aQuestion({ machineClass, nodes })), 'pve3')
})

test('no host gets more machines of a pool than the class allows; those of other pools do not count', () => {
  const machineClass = aClass({ spec: { template: { name: 'worker' }, placement: { maxPerHost: 1 } } })
  const other = aMachine({ spec: { ...placed, vmid: 470, nodePoolName: 'others', host: 'pve3' } })
  const machines = [machineOn('pve1'), machineOn('pve2', 'second'), other]
  assert.equal(chosen(aQuestion({ machineClass, machines })), 'pve3')
  const full = aQuestion({ machineClass, machines: [...machines, machineOn('pve3', 'the third')] })
  assert.equal(chosen(full), 'HostLimit')
  assert.match(reasonWhy(full), /pve1 has 1 of at most 1 machines of the pool/)
})

test('a template on another host’s own storage is out of reach, one on shared storage is not', () => {
  const inventory = [aTemplate(9000, 'pve1')]
  const nodes = [aHost('pve1', { mem: 64 * GIB }), aHost('pve2')]
  const question = aQuestion({ inventory, nodes, templateStorages: new Map([[9000, ['local-lvm']]]) })
  assert.match(reasonWhy(question), /pve2 has no template "worker" of its own, and none is on shared storage/)
  const storages = question.storages.map((storage) => ({ ...storage, isShared: true }))
  assert.deepEqual(chooseHost({ ...question, storages }), {
    host: 'pve2',
    template: { vmid: 9000, node: 'pve1', version: 'v1.30.4' },
  })
  const offline = [aHost('pve1', { status: 'offline' }), aHost('pve2')]
  assert.equal(chosen({ ...question, storages, nodes: offline }), 'TemplateNotOnHost')
})

test('a host’s own template goes before one that is only in reach', () => {
  const inventory = [aTemplate(9000, 'pve1'), aTemplate(9001, 'pve2')]
  const question = aQuestion({
    inventory,
    nodes: [aHost('pve1', { mem: 10 * GIB }), aHost('pve2')],
    templateStorages: new Map([[9000, ['local-lvm']]]),
  })
  const storages = question.storages.map((storage) => ({ ...storage, isShared: true }))
  const answer = chooseHost({ ...question, storages })
  assert.deepEqual('template' in answer && answer.template.vmid, 9001)
})

test('a missing template and one of another version are told apart', () => {
  assert.equal(
    reasonWhy(aQuestion({ inventory: [] })),
    'No template "worker" was found. Make one, or correct template of class "small".',
  )
  const question = aQuestion({ version: 'v1.31.0' })
  assert.equal(chosen(question), 'NoTemplateForVersion')
  assert.match(reasonWhy(question), /has kubelet v1\.31\.0; there are v1\.30\.4/)
})

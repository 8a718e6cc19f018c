import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSTEM_NAMESPACE, type Machine, type MachineClass, type MachineNetwork } from '@fochista/api'
import { Lease } from '@fochista/kubernetes'
import { aClass, aMachine } from '../test/factories.ts'
import { createFakeKubernetes } from '../test/fake-kubernetes.ts'
import { createManualClock } from '../test/manual-clock.ts'
import {
  AddressesExhaustedError,
  claimAddresses,
  claimName,
  releaseAddresses,
  sweepClaims,
} from './addresses.ts'

const networkOf = (start: string, end: string, more: Partial<MachineNetwork> = {}): MachineNetwork => ({
  bridge: 'vmbr0',
  addresses: { ranges: [{ start, end }], prefix: 24, gateway: '10.0.0.1', dns: ['10.0.0.2'] },
  ...more,
})
const classOf = (...networks: MachineNetwork[]): MachineClass => aClass({ spec: { networks } })
const withAddress = (name: string, ...addresses: string[]): Machine =>
  aMachine({
    metadata: { name },
    spec: { addresses: addresses.map((address, network) => ({ network, address, prefix: 24 })) },
  })

function aWorld() {
  const clock = createManualClock()
  const fake = createFakeKubernetes(clock)
  const claim = async (
    machine: Machine,
    machineClass: MachineClass,
    machines: readonly Machine[] = [],
  ): Promise<string[]> =>
    (await claimAddresses(fake.kubernetes, machine, machineClass, () => machines)).map(
      ({ address }) => address,
    )
  const claims = (): string[] =>
    fake
      .all(Lease)
      .map(({ metadata }) => metadata.annotations?.['fochista.dev/address'] ?? '')
      .sort()
  /** Names of VMs that are there without a Machine. */
  const left = new Set<string>()
  const sweep = (machines: readonly Machine[], ...classes: MachineClass[]): Promise<void> =>
    sweepClaims(
      fake.kubernetes,
      () => Promise.resolve(machines),
      new Map(classes.map((one) => [one.metadata.name, one])),
      clock,
      () => (name) => left.has(name),
    )
  return { clock, fake, claim, claims, left, sweep }
}

test('a machine gets the first free address of its range, and what its class says of the network', async () => {
  const { fake, claims } = aWorld()
  const addresses = await claimAddresses(
    fake.kubernetes,
    aMachine(),
    classOf(networkOf('10.0.0.10', '10.0.0.20')),
    () => [],
  )
  assert.deepEqual(addresses, [
    { network: 0, address: '10.0.0.10', prefix: 24, gateway: '10.0.0.1', dns: ['10.0.0.2'] },
  ])
  assert.deepEqual(claims(), ['10.0.0.10'])
})

test('a network without ranges asks for nothing: it has DHCP', async () => {
  const { fake, claim } = aWorld()
  assert.deepEqual(await claim(aMachine(), classOf({ bridge: 'vmbr0' })), [])
  assert.deepEqual(fake.calls, [])
})

test('an address that somebody has claimed is passed over, and so is the gateway however it is written', async () => {
  const { claim } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.1', '10.0.0.4'))
  assert.deepEqual(await claim(aMachine(), machineClass), ['10.0.0.2'])
  assert.deepEqual(await claim(aMachine(), machineClass), ['10.0.0.3'])
  const six = networkOf('fd00::1', 'fd00::3')
  if (six.addresses) six.addresses.gateway = 'FD00:0:0:0:0:0:0:1'
  assert.deepEqual(await claim(aMachine(), classOf(six)), ['fd00::2'])
})

test('after a crash a machine keeps the address that it has claimed, and claims no second one', async () => {
  const { claim, claims } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.20'))
  const machine = aMachine()
  await claim(aMachine(), machineClass)
  const first = await claim(machine, machineClass)
  assert.deepEqual(first, ['10.0.0.11'])
  assert.deepEqual(await claim(machine, machineClass), first)
  assert.equal(claims().length, 2)
})

test('a claim whose answer was lost is found to be our own', async () => {
  const { fake, claim, claims } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.20'))
  const machine = aMachine()
  fake.faults.after = ({ verb }) => (verb === 'create' ? new Error('connection reset') : undefined)
  await assert.rejects(claim(machine, machineClass), /connection reset/)
  delete fake.faults.after
  assert.deepEqual(await claim(machine, machineClass), ['10.0.0.10'])
  assert.deepEqual(claims(), ['10.0.0.10'])
})

test('an address in any machine’s spec is taken, even without its claim', async () => {
  const { claim } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.20'))
  const other = withAddress('other', '10.0.0.10')
  assert.deepEqual(await claim(aMachine(), machineClass, [other]), ['10.0.0.11'])
})

test('an own claim is given up when another machine’s spec has the address', async () => {
  const { claim } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.20'))
  const machine = aMachine()
  assert.deepEqual(await claim(machine, machineClass), ['10.0.0.10'])
  assert.deepEqual(await claim(machine, machineClass, [withAddress('other', '10.0.0.10')]), ['10.0.0.11'])
})

test('the same address on another bridge, VLAN or Proxmox cluster is another one', async () => {
  const { claim } = aWorld()
  const range = ['10.0.0.10', '10.0.0.20'] as const
  assert.deepEqual(await claim(aMachine(), classOf(networkOf(...range))), ['10.0.0.10'])
  assert.deepEqual(await claim(aMachine(), classOf(networkOf(...range, { vlan: 7 }))), ['10.0.0.10'])
  assert.deepEqual(await claim(aMachine(), classOf(networkOf(...range, { bridge: 'vmbr1' }))), ['10.0.0.10'])
  const elsewhere = aMachine({ spec: { proxmoxCluster: 'dc2' } })
  assert.deepEqual(await claim(elsewhere, classOf(networkOf(...range))), ['10.0.0.10'])
})

test('two cards on one network get an address each', async () => {
  const { claim } = aWorld()
  const network = networkOf('10.0.0.10', '10.0.0.20')
  const machine = aMachine()
  const both = await claim(machine, classOf(network, network))
  assert.deepEqual(both, ['10.0.0.10', '10.0.0.11'])
  assert.deepEqual([...(await claim(machine, classOf(network, network)))].sort(), both)
})

test('a range that is used up says which, and what to do', async () => {
  const { claim } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.10', { vlan: 7 }))
  await claim(aMachine(), machineClass)
  await assert.rejects(claim(aMachine(), machineClass), (error) => {
    assert.ok(error instanceof AddressesExhaustedError)
    assert.equal(error.message, 'No address is free on vmbr0 (VLAN 7). Widen the ranges of class "small".')
    return true
  })
})

test('IPv6 addresses are given out in their short form', async () => {
  const { claim } = aWorld()
  const machineClass = classOf(networkOf('fd00:0:0:1::fffe', 'fd00:0:0:1::1:1'))
  assert.deepEqual(await claim(aMachine(), machineClass), ['fd00:0:0:1::fffe'])
  await claim(aMachine(), machineClass)
  assert.deepEqual(await claim(aMachine(), machineClass), ['fd00::1:0:0:1:0'])
})

test('a machine that leaves gives back its own claims and no others', async () => {
  const { fake, claim, claims } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.20'))
  const machine = aMachine()
  await claim(machine, machineClass)
  await claim(aMachine(), machineClass)
  await releaseAddresses(fake.kubernetes, machine)
  assert.deepEqual(claims(), ['10.0.0.11'])
})

test('a claim that no spec bears out goes after ten minutes, not before', async () => {
  const { clock, claim, claims, sweep } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.20'))
  await claim(aMachine(), machineClass)
  await clock.advance(10 * 60_000)
  await sweep([], machineClass)
  assert.deepEqual(claims(), ['10.0.0.10'])
  await clock.advance(1000)
  await sweep([], machineClass)
  assert.deepEqual(claims(), [])
})

test('a claim stays as long as a VM of its machine is there, though the machine is not', async () => {
  const { clock, claim, claims, left, sweep } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.20'))
  const machine = aMachine()
  await claim(machine, machineClass)
  await claim(aMachine({ metadata: { name: 'other' } }), machineClass)
  left.add(machine.metadata.name)
  await clock.advance(3_600_000)
  await sweep([], machineClass)
  assert.deepEqual(claims(), ['10.0.0.10'])
  left.clear()
  await sweep([], machineClass)
  assert.deepEqual(claims(), [])
})

test('a claim that a spec bears out stays, also while its class is gone', async () => {
  const { clock, claim, claims, sweep } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.20'))
  const machine = withAddress('w-1', '10.0.0.10')
  await claim(machine, machineClass)
  await clock.advance(3_600_000)
  await sweep([machine], machineClass)
  await sweep([machine])
  assert.deepEqual(claims(), ['10.0.0.10'])
})

test('an address in a spec without its claim gets it again, but not for one that leaves', async () => {
  const { fake, claims, sweep } = aWorld()
  const machineClass = classOf(networkOf('10.0.0.10', '10.0.0.20'))
  const leaving = withAddress('w-2', '10.0.0.11')
  leaving.metadata.deletionTimestamp = '2026-01-01T00:00:00Z'
  const machine = withAddress('w-1', '10.0.0.10')
  await sweep([machine, leaving], machineClass)
  assert.deepEqual(claims(), ['10.0.0.10'])
  const [network] = machineClass.spec.networks
  assert.ok(network)
  const lease = fake.read(Lease, claimName('dc1', network, '10.0.0.10'), SYSTEM_NAMESPACE)
  assert.equal(lease?.spec?.holderIdentity, `acme/w-1/${machine.spec.id}`)
})

// At a cost that grew with the square this would take minutes.
test('a /16 range that is nearly full is searched for its last address, and swept', async () => {
  const { fake, claim, sweep } = aWorld()
  const machineClass = classOf(networkOf('10.1.0.0', '10.1.255.255'))
  const machines = Array.from({ length: 65_535 }, (_, index) =>
    withAddress(`w-${index}`, `10.1.${index >> 8}.${index & 255}`),
  )
  assert.deepEqual(await claim(aMachine(), machineClass, machines), ['10.1.255.255'])
  assert.equal(fake.calls.filter(({ verb }) => verb === 'create').length, 1)
  await assert.rejects(claim(aMachine(), machineClass, [...machines, withAddress('last', '10.1.255.255')]))
  const several = machines.slice(0, 3000)
  await sweep(several, machineClass)
  await sweep(several, machineClass)
})

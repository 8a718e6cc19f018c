import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { Json } from '../kubernetes/resources.ts'
import { networkConfig } from '../proxmox/qemu/cloudinit/texts.ts'
import { newVm } from '../proxmox/qemu/vm.ts'
import { configureNetwork, DhcpServer } from './network.ts'

const vm = (config: Record<string, string>): ReturnType<typeof newVm> =>
  newVm(100, 'pve1', {
    net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
    net1: 'virtio=BC:24:11:00:00:02,bridge=vmbr1',
    ...config,
  })

test('a guest has the addresses that Proxmox’s own cloud-init drive gives it', () => {
  const subject = vm({
    ipconfig0: 'ip=10.1.2.3/20,gw=10.1.0.1,ip6=fd00::3/64,gw6=fd00::1',
    ipconfig1: 'ip=dhcp',
    nameserver: '10.1.0.53 10.1.0.54',
    searchdomain: 'lab.example',
  })
  const problems: string[] = []
  const [first, second] = configureNetwork(
    subject,
    parse(networkConfig(subject)) as Json,
    new DhcpServer(),
    problems,
  )
  assert.deepEqual(problems, [])
  assert.deepEqual(first, {
    name: 'eth0',
    mac: 'bc:24:11:00:00:01',
    mtu: 1500,
    addresses: [
      { address: '10.1.2.3', prefix: 20 },
      { address: 'fd00::3', prefix: 64 },
    ],
    gateway: '10.1.0.1',
    dns: ['10.1.0.53', '10.1.0.54'],
    search: ['lab.example'],
  })
  assert.equal(second?.addresses.length, 1)
  assert.deepEqual(second?.dns.slice(-2), ['10.1.0.53', '10.1.0.54'])
})

test('version 1 finds cards by name or address, and names what it cannot do', () => {
  const config = {
    network: {
      version: 1,
      config: [
        {
          type: 'physical',
          name: 'eth1',
          mtu: 9000,
          subnets: [
            { type: 'static', address: '10.2.0.9', netmask: '255.255.255.0', dns_nameservers: ['9.9.9.9'] },
          ],
        },
        { type: 'physical', name: 'eth7', mac_address: 'aa:bb:cc:00:00:00' },
        { type: 'bond', name: 'bond0' },
      ],
    },
  }
  const problems: string[] = []
  const [, second] = configureNetwork(vm({}), config, new DhcpServer(), problems)
  assert.deepEqual(
    [second?.mtu, second?.addresses, second?.dns],
    [9000, [{ address: '10.2.0.9', prefix: 24 }], ['9.9.9.9']],
  )
  assert.deepEqual(problems, [
    'no network card for "eth7" (aa:bb:cc:00:00:00)',
    'network-config: type "bond" is not emulated',
  ])
})

test('a lease that was given before a restart is given again, and no other card gets it', () => {
  const leases = new Map<string, string>()
  const before = new DhcpServer(leases).lease('aa:00:00:00:00:01').address
  const again = new DhcpServer(leases)
  assert.notEqual(again.lease('aa:00:00:00:00:02').address, before)
  assert.equal(again.lease('aa:00:00:00:00:01').address, before)
})

test('the address of a card that is no more is given out again, after all others', () => {
  const dhcp = new DhcpServer()
  const first = dhcp.lease('aa:00:00:00:00:01').address
  const kept = dhcp.lease('aa:00:00:00:00:02').address
  dhcp.release('aa:00:00:00:00:01')
  const others = new Set<string>()
  for (let card = 0; others.size < 64_000 - 12; card += 1) others.add(dhcp.lease(`bb:${card}`).address)
  assert.ok(!others.has(first) && !others.has(kept))
  assert.equal(dhcp.lease('aa:00:00:00:00:03').address, first)
  assert.throws(() => dhcp.lease('aa:00:00:00:00:04'), /given all its addresses out/)
})

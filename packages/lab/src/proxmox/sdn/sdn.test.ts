import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld, type Ask } from '../test-answers.ts'
import type { TestWorld } from '../qemu/test-world.ts'

const SDN = '/cluster/sdn'
const NOBODY = { user: 'nobody@pve' }

type Facts = Record<string, unknown>

/** A cluster with a zone of its own, a network in it and a subnet, none of it applied. */
async function written(): Promise<TestWorld & { ask: Ask }> {
  const lab = checkedWorld()
  await lab.ask(`POST ${SDN}/zones`, { zone: 'tenants', type: 'simple', nodes: 'pve1' })
  await lab.ask(`POST ${SDN}/vnets`, { vnet: 'blue', zone: 'tenants', alias: 'of the blue ones' })
  await lab.ask(`POST ${SDN}/vnets/blue/subnets`, {
    subnet: '10.1.0.0/24',
    type: 'subnet',
    gateway: '10.1.0.1',
  })
  return lab
}

test('what is written waits, and is in force once it is applied', async () => {
  const { ask, task } = await written()
  const zone = async (how: Record<string, string> = {}): Promise<Facts | undefined> =>
    ((await ask(`GET ${SDN}/zones`, how)) as Facts[])[0]
  assert.deepEqual([(await zone())?.['nodes'], await zone({ running: '1' })], ['pve1', undefined])
  assert.equal(((await ask(`GET ${SDN}/zones/tenants`)) as Facts)['type'], 'simple')
  await assert.rejects(ask(`GET ${SDN}/zones/tenants`, { running: '1' }), /sdn 'tenants' does not exist/)
  const waiting = await zone({ pending: '1' })
  assert.deepEqual([waiting?.['state'], waiting?.['pending']], ['new', { nodes: 'pve1' }])
  assert.deepEqual(await ask('GET /nodes/pve1/network', { type: 'vnet' }), [])
  const applied = await task(`PUT ${SDN}`)
  assert.equal(applied.exitstatus, 'OK', applied.log.join('\n'))
  assert.equal((await zone({ running: '1' }))?.['nodes'], 'pve1')
  assert.equal((await zone({ pending: '1' }))?.['state'], undefined)
  assert.deepEqual(
    ((await ask('GET /nodes/pve1/network', { type: 'any_bridge' })) as Facts[]).map(({ iface }) => iface),
    ['vmbr0', 'vmbr1', 'blue'],
  )
  assert.deepEqual(await ask('GET /nodes/pve2/network', { type: 'vnet' }), [])
  assert.deepEqual(await ask('GET /nodes/pve1/sdn/zones'), [
    { zone: 'localnetwork', status: 'available' },
    { zone: 'tenants', status: 'available' },
  ])
  assert.deepEqual(await ask('GET /nodes/pve1/sdn/zones/tenants/content'), [
    { vnet: 'blue', status: 'available' },
  ])
  await assert.rejects(ask('GET /nodes/pve2/sdn/zones/tenants/content'), /could not find zone 'tenants'/)
  const resources = (await ask('GET /cluster/resources')) as Facts[]
  assert.ok(resources.some(({ id }) => id === 'network/pve1/zone/tenants'))
  assert.ok(!resources.some(({ id }) => id === 'network/pve2/zone/tenants'))
  await ask(`PUT ${SDN}/vnets/blue`, { alias: 'other', 'isolate-ports': '1' })
  const changed = (await ask(`GET ${SDN}/vnets/blue`, { pending: '1' })) as Facts
  assert.deepEqual(
    [changed['state'], changed['alias'], changed['pending']],
    ['changed', 'of the blue ones', { alias: 'other', 'isolate-ports': 1 }],
  )
  await ask(`POST ${SDN}/rollback`)
  assert.equal(((await ask(`GET ${SDN}/vnets/blue`)) as Facts)['alias'], 'of the blue ones')
  assert.ok(((await ask(`GET ${SDN}`)) as unknown[]).length > 5)
  for (const path of ['/nodes/pve1/sdn', '/nodes/pve1/sdn/zones/tenants'])
    assert.ok(((await ask(`GET ${path}`)) as unknown[]).length >= 3)
  await assert.rejects(ask(`PUT ${SDN}`, {}, NOBODY), { status: 403 })
})

test('guests are plugged into a network that is in force on their host, by who may use it', async () => {
  const { ask, task, world } = await written()
  const net0 = 'virtio=BC:24:11:00:00:01,bridge=blue'
  await task('POST /nodes/pve1/qemu', { vmid: '100', net0 })
  assert.equal(
    (await task('POST /nodes/pve1/qemu/100/status/start')).exitstatus,
    "bridge 'blue' does not exist",
  )
  await task(`PUT ${SDN}`)
  assert.equal((await task('POST /nodes/pve1/qemu/100/status/start')).exitstatus, 'OK')
  assert.deepEqual(await ask('GET /nodes/pve1/sdn/zones/tenants/bridges'), [
    { name: 'blue', vlan_filtering: '0', ports: [{ name: 'tap100i0', vmid: 100, index: '0' }] },
  ])
  await task('POST /nodes/pve2/qemu', { vmid: '101', net0 })
  assert.equal(
    (await task('POST /nodes/pve2/qemu/101/status/start')).exitstatus,
    "bridge 'blue' does not exist",
  )
  world.access.users.set('ada@pve', { enable: true, groups: new Set() })
  world.access.acl.push({
    path: '/vms',
    type: 'user',
    ugid: 'ada@pve',
    roleid: 'PVEVMAdmin',
    propagate: true,
  })
  const make = (): Promise<unknown> =>
    ask('POST /nodes/pve1/qemu', { vmid: '102', net0 }, { user: 'ada@pve' })
  await assert.rejects(make(), { message: 'Permission check failed (/sdn/zones/tenants/blue, SDN.Use)\n' })
  world.access.acl.push({
    path: '/sdn/zones/tenants',
    type: 'user',
    ugid: 'ada@pve',
    roleid: 'PVESDNUser',
    propagate: true,
  })
  await make()
})

test('what does not fit together is refused, and what is used stays', async () => {
  const { ask } = await written()
  const refusals: [request: string, params: Record<string, string>, message: string | RegExp][] = [
    [
      `POST ${SDN}/zones`,
      { zone: 'tenants', type: 'simple' },
      "create sdn zone object failed: sdn zone object ID 'tenants' already defined\n",
    ],
    [
      `POST ${SDN}/zones`,
      { zone: 'vlans', type: 'vlan' },
      "create sdn zone object failed: missing value for required option 'bridge'\n",
    ],
    [
      `POST ${SDN}/zones`,
      { zone: 'far', type: 'simple', nodes: 'pve9' },
      "create sdn zone object failed: node 'pve9' does not exist\n",
    ],
    [`GET ${SDN}/zones/nosuch`, {}, "sdn 'nosuch' does not exist\n"],
    [
      `PUT ${SDN}/zones/nosuch`,
      { mtu: '1400' },
      "update sdn zone object failed: sdn 'nosuch' does not exist\n",
    ],
    [`DELETE ${SDN}/zones/tenants`, {}, 'delete sdn zone object failed: zone tenants is used by vnet blue\n'],
    [
      `POST ${SDN}/vnets`,
      { vnet: 'red', zone: 'nosuch' },
      "create sdn vnet object failed: zone nosuch don't exist\n",
    ],
    [
      `POST ${SDN}/vnets`,
      { vnet: 'red', zone: 'tenants', tag: '7' },
      'create sdn vnet object failed: vlan tag is not allowed on simple zone\n',
    ],
    [`DELETE ${SDN}/vnets/blue`, {}, "delete sdn vnet object failed: Can't delete vnet if subnets exists\n"],
    [`GET ${SDN}/vnets/red`, {}, "sdn 'red' does not exist\n"],
    [
      `POST ${SDN}/vnets/blue/subnets`,
      { subnet: '10.1.0.0/24', type: 'subnet' },
      "create sdn subnet object failed: sdn subnet object ID 'tenants-10.1.0.0-24' already defined\n",
    ],
    [
      `POST ${SDN}/vnets/blue/subnets`,
      { subnet: '10.2.0.0/24', type: 'subnet', gateway: '10.1.0.1' },
      'create sdn subnet object failed: gateway 10.1.0.1 is not in subnet 10.2.0.0/24\n',
    ],
    [
      `GET ${SDN}/vnets/blue/subnets/tenants-10.9.0.0-24`,
      {},
      "sdn subnet 'tenants-10.9.0.0-24' does not exist\n",
    ],
    [`POST ${SDN}/zones`, { zone: 'other', type: 'nosuch' }, /Parameter verification failed/],
  ]
  for (const [request, params, message] of refusals) await assert.rejects(ask(request, params), { message })
  for (const request of [`PUT ${SDN}/vnets/blue`, `DELETE ${SDN}/vnets/blue`, `GET ${SDN}/vnets/blue`])
    await assert.rejects(ask(request, {}, NOBODY), { status: 403 })
  assert.deepEqual(await ask(`GET ${SDN}/zones`, {}, NOBODY), [])
})

test('subnets are read, changed and removed; then their network and zone can go', async () => {
  const { ask } = await written()
  const subnets = `${SDN}/vnets/blue/subnets`
  const [listed] = (await ask(`GET ${subnets}`)) as Facts[]
  assert.deepEqual(
    [listed?.['subnet'], listed?.['cidr'], listed?.['gateway']],
    ['tenants-10.1.0.0-24', '10.1.0.0/24', '10.1.0.1'],
  )
  await ask(`PUT ${subnets}/tenants-10.1.0.0-24`, {
    snat: '1',
    'dhcp-range': ['start-address=10.1.0.10,end-address=10.1.0.99'],
  })
  await assert.rejects(
    ask(`PUT ${subnets}/tenants-10.1.0.0-24`, {
      'dhcp-range': ['start-address=10.9.0.10,end-address=10.9.0.99'],
    }),
    /DHCP range address 10.9.0.10 is not in subnet/,
  )
  const one = (await ask(`GET ${subnets}/tenants-10.1.0.0-24`)) as Facts
  assert.deepEqual([one['snat'], one['vnet'], one['zone']], [1, 'blue', 'tenants'])
  await ask(`DELETE ${subnets}/tenants-10.1.0.0-24`)
  await ask(`DELETE ${SDN}/vnets/blue`)
  await ask(`DELETE ${SDN}/zones/tenants`)
  assert.deepEqual(await ask(`GET ${SDN}/zones`), [])
})

test('addresses are taken, moved and given back', async () => {
  const { ask } = await written()
  const ips = `${SDN}/vnets/blue/ips`
  const address = { zone: 'tenants', ip: '10.1.0.50', mac: 'BC:24:11:00:00:09' }
  await ask(`POST ${ips}`, address)
  await assert.rejects(ask(`POST ${ips}`, address), /IP '10.1.0.50' already exist/)
  await assert.rejects(
    ask(`POST ${ips}`, { ...address, ip: '10.9.0.1' }),
    /can't find any subnet for ip 10.9.0.1/,
  )
  await ask(`PUT ${ips}`, { ...address, ip: '10.1.0.51', vmid: '100' })
  const status = (await ask(`GET ${SDN}/ipams/pve/status`)) as Facts[]
  assert.deepEqual(
    status.map(({ ip, gateway, vmid }) => [ip, gateway, vmid]),
    [
      ['10.1.0.1', 1, undefined],
      ['10.1.0.51', undefined, '100'],
    ],
  )
  await ask(`DELETE ${ips}`, { zone: 'tenants', ip: '10.1.0.51' })
  await assert.rejects(
    ask(`DELETE ${ips}`, { zone: 'tenants', ip: '10.1.0.51' }),
    /does not exist in IPAM DB/,
  )
  await assert.rejects(ask(`POST ${ips}`, address, NOBODY), { status: 403 })
})

test('controllers, and managers of addresses and names, are kept', async () => {
  const { ask } = await written()
  await ask(`POST ${SDN}/controllers`, {
    controller: 'bgp1',
    type: 'evpn',
    asn: '65000',
    peers: '192.0.2.11',
  })
  await ask(`POST ${SDN}/zones`, { zone: 'evpn1', type: 'evpn', controller: 'bgp1', 'vrf-vxlan': '10' })
  await ask(`PUT ${SDN}/controllers/bgp1`, { asn: '65001' })
  assert.equal(((await ask(`GET ${SDN}/controllers/bgp1`)) as Facts)['asn'], 65001)
  assert.equal(((await ask(`GET ${SDN}/controllers`, { pending: '1' })) as Facts[])[0]?.['state'], 'new')
  await assert.rejects(ask(`DELETE ${SDN}/controllers/bgp1`), /controller bgp1 is used by zone evpn1/)
  await ask(`DELETE ${SDN}/zones/evpn1`)
  await ask(`DELETE ${SDN}/controllers/bgp1`)

  await ask(`POST ${SDN}/ipams`, {
    ipam: 'netbox1',
    type: 'netbox',
    url: 'https://netbox.example/api',
    token: 'x',
  })
  await ask(`PUT ${SDN}/ipams/netbox1`, { url: 'https://netbox2.example/api' })
  assert.equal(((await ask(`GET ${SDN}/ipams/netbox1`)) as Facts)['url'], 'https://netbox2.example/api')
  assert.deepEqual(
    ((await ask(`GET ${SDN}/ipams`)) as Facts[]).map(({ ipam }) => String(ipam as string)).toSorted(),
    ['netbox1', 'pve'],
  )
  await assert.rejects(
    ask(`POST ${SDN}/ipams`, { ipam: 'other', type: 'netbox' }),
    /missing value for required option 'url'/,
  )
  await ask(`DELETE ${SDN}/ipams/netbox1`)
  await assert.rejects(ask(`DELETE ${SDN}/ipams/pve`), /cannot be deleted/)

  await ask(`POST ${SDN}/dns`, { dns: 'pdns', type: 'powerdns', url: 'https://dns.example/api', key: 'x' })
  await ask(`PUT ${SDN}/dns/pdns`, { ttl: '60' })
  assert.equal(((await ask(`GET ${SDN}/dns/pdns`)) as Facts)['ttl'], 60)
  assert.equal(((await ask(`GET ${SDN}/dns`)) as Facts[]).length, 1)
  await ask(`DELETE ${SDN}/dns/pdns`)
  for (const path of ['controllers/nosuch', 'ipams/nosuch', 'dns/nosuch'])
    await assert.rejects(ask(`GET ${SDN}/${path}`), { status: 500, message: "sdn 'nosuch' does not exist\n" })
})

test('whoever holds the lock changes alone', async () => {
  const { ask, task } = await written()
  await assert.rejects(ask(`POST ${SDN}/lock`), /configuration has pending changes/)
  const token = String(await ask(`POST ${SDN}/lock`, { 'allow-pending': '1' }))
  await assert.rejects(ask(`POST ${SDN}/lock`, { 'allow-pending': '1' }), /already locked/)
  const change = (params: Record<string, string>): Promise<unknown> =>
    ask(`PUT ${SDN}/zones/tenants`, { mtu: '1400', ...params })
  await assert.rejects(change({}), /no lock token was provided/)
  await assert.rejects(change({ 'lock-token': 'guess' }), /invalid lock token provided/)
  await change({ 'lock-token': token })
  assert.equal((await task(`PUT ${SDN}`, { 'lock-token': token })).exitstatus, 'OK')
  await change({ mtu: '1500' })
  await ask(`POST ${SDN}/lock`, { 'allow-pending': '1' })
  await assert.rejects(ask(`DELETE ${SDN}/lock`), /no lock token was provided/)
  await ask(`DELETE ${SDN}/lock`, { force: '1' })
  await assert.rejects(ask(`DELETE ${SDN}/lock`, { 'lock-token': token }), /is not locked/)
})

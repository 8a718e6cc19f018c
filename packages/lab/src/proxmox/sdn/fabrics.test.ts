import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld } from '../test-answers.ts'

const FABRICS = '/cluster/sdn/fabrics'
const NOBODY = { user: 'nobody@pve' }

type Facts = Record<string, unknown>

/** A cluster with a fabric of both hosts, none of it applied. */
async function written() {
  const lab = checkedWorld()
  await lab.ask(`POST ${FABRICS}/fabric`, {
    id: 'spine',
    protocol: 'openfabric',
    ip_prefix: '10.9.0.0/24',
    hello_interval: '3',
  })
  for (const [node, ip] of [
    ['pve1', '10.9.0.1'],
    ['pve2', '10.9.0.2'],
  ] as const)
    await lab.ask(`POST ${FABRICS}/node/spine`, {
      node_id: node,
      protocol: 'openfabric',
      ip,
      interfaces: ['name=ens19', 'name=ens20,hello_multiplier=4'],
    })
  return lab
}

test('a fabric waits until it is applied, and its hosts then reach each other', async () => {
  const { ask, task, world } = await written()
  assert.deepEqual(
    ((await ask(`GET ${FABRICS}/all`)) as { nodes: Facts[] }).nodes.map(({ node_id, ip }) => [node_id, ip]),
    [
      ['pve1', '10.9.0.1'],
      ['pve2', '10.9.0.2'],
    ],
  )
  const waiting = (await ask(`GET ${FABRICS}/fabric`, { pending: '1' })) as Facts[]
  assert.equal(waiting[0]?.['state'], 'new')
  assert.deepEqual(await ask(`GET ${FABRICS}/fabric`, { running: '1' }), [])
  await assert.rejects(ask('GET /nodes/pve1/sdn/fabrics/spine/routes'), /fabric 'spine' does not exist/)
  const dry = (await ask('GET /cluster/sdn/dry-run', { node: 'pve1' })) as Facts
  assert.match(String(dry['frr-diff']), /^\+fabric-nodes spine\/pve2 ip 10\.9\.0\.2$/m)
  assert.equal(dry['interfaces-diff'], undefined)
  assert.equal((await task('PUT /cluster/sdn')).exitstatus, 'OK')
  assert.deepEqual(await ask('GET /cluster/sdn/dry-run', { node: 'pve1' }), {})
  const at = '/nodes/pve1/sdn/fabrics/spine'
  assert.deepEqual(await ask(`GET ${at}/routes`), [{ route: '10.9.0.2/32', via: ['ens19', 'ens20'] }])
  assert.deepEqual(
    ((await ask(`GET ${at}/neighbors`)) as Facts[]).map(({ neighbor, status }) => [neighbor, status]),
    [['pve2', 'Up']],
  )
  assert.deepEqual(
    ((await ask(`GET ${at}/interfaces`)) as Facts[]).map(({ name }) => name),
    ['ens19', 'ens20', 'dummy_spine'],
  )
  assert.equal(((await ask(`GET ${at}`)) as unknown[]).length, 3)
  const resources = (await ask('GET /cluster/resources')) as Facts[]
  assert.ok(resources.some(({ id }) => id === 'network/pve2/fabric/spine'))
  const host = world.hosts.get('pve2')
  assert.ok(host)
  host.online = false
  assert.deepEqual(await ask(`GET ${at}/neighbors`), [])
  host.online = true

  await ask(`PUT ${FABRICS}/fabric/spine`, { protocol: 'openfabric', delete: ['hello_interval'] })
  const changed = (await ask(`GET ${FABRICS}/fabric`, { pending: '1' })) as Facts[]
  assert.deepEqual(
    [changed[0]?.['state'], changed[0]?.['pending']],
    ['changed', { hello_interval: 'deleted' }],
  )
  await ask(`PUT ${FABRICS}/node/spine/pve2`, {
    protocol: 'openfabric',
    ip: '10.9.0.3',
    delete: ['interfaces'],
  })
  const node = (await ask(`GET ${FABRICS}/node/spine/pve2`)) as Facts
  assert.deepEqual([node['ip'], node['interfaces'], node['fabric_id']], ['10.9.0.3', undefined, 'spine'])
  await ask(`DELETE ${FABRICS}/node/spine/pve2`)
  assert.equal(((await ask(`GET ${FABRICS}/node/spine`)) as unknown[]).length, 1)
  await ask(`DELETE ${FABRICS}/fabric/spine`)
  assert.deepEqual(await ask(`GET ${FABRICS}/node`), [])
})

test('what makes no fabric, and who may not, is refused', async () => {
  const { ask } = await written()
  const node = { protocol: 'openfabric', interfaces: ['name=ens19'] }
  for (const [request, params, message] of [
    [`POST ${FABRICS}/fabric`, { id: 'spine', protocol: 'openfabric' }, "fabric 'spine' already exists\n"],
    [`POST ${FABRICS}/fabric`, { id: 'area0', protocol: 'ospf' }, 'missing field `area`\n'],
    [
      `PUT ${FABRICS}/fabric/spine`,
      { protocol: 'ospf', area: '0' },
      "fabric 'spine' has the protocol openfabric\n",
    ],
    [
      `PUT ${FABRICS}/fabric/spine`,
      { protocol: 'openfabric', ip_prefix: '10.8.0.0/24' },
      'ip 10.9.0.1 is not in ip_prefix 10.8.0.0/24\n',
    ],
    [`GET ${FABRICS}/fabric/nosuch`, {}, "fabric 'nosuch' does not exist\n"],
    [`POST ${FABRICS}/node/nosuch`, { ...node, node_id: 'pve1' }, "fabric 'nosuch' does not exist\n"],
    [
      `POST ${FABRICS}/node/spine`,
      { ...node, node_id: 'pve1' },
      "node 'pve1' already exists in fabric 'spine'\n",
    ],
    [`POST ${FABRICS}/node/spine`, { ...node, node_id: 'pve7' }, "node 'pve7' does not exist\n"],
    [
      `PUT ${FABRICS}/node/spine/pve1`,
      { ...node, ip: '10.9.0.2' },
      "IP 10.9.0.2 is already used by node 'pve2'\n",
    ],
    [`DELETE ${FABRICS}/node/spine/pve7`, {}, "node 'pve7' does not exist in fabric 'spine'\n"],
  ] as const)
    await assert.rejects(ask(request, params as Record<string, string | string[]>), { status: 500, message })
  for (const request of [`GET ${FABRICS}`, `GET ${FABRICS}/fabric/spine`, `GET ${FABRICS}/node/spine`])
    await assert.rejects(ask(request, {}, NOBODY), { status: 403 })
  assert.deepEqual(await ask(`GET ${FABRICS}/all`, {}, NOBODY), { fabrics: [], nodes: [] })
})

test('networks of an EVPN zone have their routes on its hosts, others have none', async () => {
  const { ask, task } = checkedWorld()
  await ask('POST /cluster/sdn/controllers', {
    controller: 'core',
    type: 'evpn',
    asn: '65000',
    peers: '192.0.2.11',
  })
  await ask('POST /cluster/sdn/zones', {
    zone: 'routed',
    type: 'evpn',
    controller: 'core',
    'vrf-vxlan': '100',
  })
  await ask('POST /cluster/sdn/zones', { zone: 'plain', type: 'simple' })
  await ask('POST /cluster/sdn/vnets', { vnet: 'blue', zone: 'routed', tag: '7' })
  await ask('POST /cluster/sdn/vnets', { vnet: 'green', zone: 'plain' })
  await ask('POST /cluster/sdn/vnets/blue/subnets', { subnet: '10.1.0.0/24', type: 'subnet' })
  await task('PUT /cluster/sdn')
  assert.deepEqual(await ask('GET /nodes/pve1/sdn/zones/routed/ip-vrf'), [
    { ip: '10.1.0.0/24', metric: 0, nexthops: ['blue'], protocol: 'kernel' },
  ])
  assert.deepEqual(await ask('GET /nodes/pve1/sdn/vnets/blue/mac-vrf'), [])
  assert.deepEqual(await ask('GET /nodes/pve1/sdn/vnets/blue'), [{ subdir: 'mac-vrf' }])
  await assert.rejects(ask('GET /nodes/pve1/sdn/vnets/green/mac-vrf'), /zone 'plain' is not an EVPN zone/)
  await assert.rejects(ask('GET /nodes/pve1/sdn/zones/plain/ip-vrf'), /zone 'plain' is not an EVPN zone/)
})

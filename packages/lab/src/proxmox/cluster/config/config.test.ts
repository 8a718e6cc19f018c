import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld } from '../../test-answers.ts'

const CONFIG = '/cluster/config'
const NOBODY = { user: 'nobody@pve' }
const FINGERPRINT = Array.from({ length: 32 }, () => 'AB').join(':')

type Facts = Record<string, unknown>

function oneHost() {
  const lab = checkedWorld()
  lab.world.hosts.delete('pve2')
  lab.world.cluster.fingerprints.set('pve1', FINGERPRINT)
  return lab
}

test('one host becomes a cluster, grows by a host that runs VMs, and shrinks again', async () => {
  const { ask, call, task, world } = oneHost()
  await assert.rejects(ask(`GET ${CONFIG}/join`), { status: 424 })
  assert.deepEqual(await ask(`GET ${CONFIG}/totem`), {})
  await assert.rejects(ask(`POST ${CONFIG}/nodes/pve2`), {
    message:
      "Error: Corosync config '/etc/pve/corosync.conf' does not exist - is this node part of a cluster?\n",
  })
  const made = await task(`POST ${CONFIG}`, { clustername: 'dc1', votes: '2', link0: '10.0.0.1' })
  assert.deepEqual([made.exitstatus, made.type, made.id], ['OK', 'clustercreate', 'dc1'])
  assert.ok(made.log.includes('Writing corosync config to /etc/pve/corosync.conf'))
  assert.deepEqual(await ask(`GET ${CONFIG}/nodes`), [
    { node: 'pve1', name: 'pve1', nodeid: '1', quorum_votes: '2', ring0_addr: '10.0.0.1' },
  ])
  assert.equal(((await ask('GET /cluster/status')) as Facts[])[0]?.['name'], 'dc1')
  await assert.rejects(ask(`POST ${CONFIG}`, { clustername: 'dc2' }), {
    message: "cluster config '/etc/pve/corosync.conf' already exists\n",
  })

  const added = (await ask(`POST ${CONFIG}/nodes/pve9`, { new_node_ip: '192.0.2.99' })) as Facts
  assert.match(
    String(added['corosync_conf']),
    /^logging \{\n {2}debug: off\n[^]*node \{\n {4}name: pve9\n {4}nodeid: 2\n/,
  )
  assert.match(
    String(added['corosync_conf']),
    /totem \{\n {2}cluster_name: dc1\n {2}config_version: 3\n {2}interface \{\n/,
  )
  // Numbers of the file are text.
  const info = (await call(`GET ${CONFIG}/join`)) as { nodelist: Facts[]; preferred_node: string }
  assert.deepEqual(
    info.nodelist.map(({ name, pve_addr, pve_fp }) => [name, pve_addr, pve_fp]),
    [
      ['pve1', '192.0.2.11', FINGERPRINT],
      ['pve9', '192.0.2.99', FINGERPRINT],
    ],
  )
  assert.equal(info.preferred_node, 'pve1')
  assert.deepEqual(
    ((await ask('GET /nodes')) as Facts[])
      .map(({ node, status }) => `${String(node)} ${String(status)}`)
      .toSorted(),
    ['pve1 online', 'pve9 online'],
  )
  await task('POST /nodes/pve9/qemu', { vmid: '100', scsi0: 'local-lvm:1' })
  assert.equal((await task('POST /nodes/pve9/qemu/100/status/start')).exitstatus, 'OK')

  for (const [request, message] of [
    [`POST ${CONFIG}/nodes/pve9`, "can't add existing node 'pve9'\n"],
    [`DELETE ${CONFIG}/nodes/pve8`, 'Node/IP: pve8 is not a known host of the cluster.\n'],
    [`DELETE ${CONFIG}/nodes/pve1`, 'Cannot delete myself from cluster!\n'],
  ] as const)
    await assert.rejects(ask(request), { status: 500, message })
  await assert.rejects(ask(`POST ${CONFIG}/nodes/pve8`, { link0: 'address=10.0.0.1' }), {
    message: "corosync: address '10.0.0.1' already used on link 0 by node 'pve1'\n",
  })
  for (const request of [`POST ${CONFIG}`, `POST ${CONFIG}/nodes/pve8`, `DELETE ${CONFIG}/nodes/pve9`])
    await assert.rejects(ask(request, { clustername: 'dc1' }, NOBODY), { status: 403 })

  await ask(`DELETE ${CONFIG}/nodes/pve9`)
  assert.deepEqual(
    ((await ask('GET /nodes')) as Facts[]).map(({ node }) => node),
    ['pve1'],
  )
  // What it ran stays in the cluster's files.
  const [vm] = (await ask('GET /cluster/resources', { type: 'vm' })) as Facts[]
  assert.deepEqual([vm?.['vmid'], vm?.['node'], vm?.['status']], [100, 'pve9', 'unknown'])
  assert.equal(world.vms.get(100)?.running, false)
  assert.equal(((await ask(`GET ${CONFIG}/totem`)) as Facts)['config_version'], '4')
})

test('a host that is added to a larger cluster gets the next address, and the configuration a new version', async () => {
  const { ask } = checkedWorld()
  assert.equal(((await ask(`GET ${CONFIG}/totem`)) as Facts)['config_version'], '2')
  await ask(`POST ${CONFIG}/nodes/pve3`)
  const members = (await ask(`GET ${CONFIG}/nodes`)) as Facts[]
  assert.deepEqual(
    members.map(({ ring0_addr: address }) => address),
    ['192.0.2.11', '192.0.2.12', '192.0.2.13'],
  )
  assert.equal(((await ask(`GET ${CONFIG}/totem`)) as Facts)['config_version'], '3')
})

test('a host that is in a cluster, or has guests, does not join another one', async () => {
  const join = { hostname: '192.0.2.200', fingerprint: FINGERPRINT, password: 'secret' }
  const inCluster = await checkedWorld().task(`POST ${CONFIG}/join`, join)
  assert.deepEqual(
    [inCluster.type, inCluster.exitstatus],
    ['clusterjoin', 'Check if node may join a cluster failed!'],
  )
  assert.ok(inCluster.log.includes("* cluster config '/etc/pve/corosync.conf' already exists"))
  const { task } = oneHost()
  await task('POST /nodes/pve1/qemu', { vmid: '100' })
  const withGuest = await task(`POST ${CONFIG}/join`, join)
  assert.ok(withGuest.log.includes('* this host already contains virtual guests'))
  const forced = await task(`POST ${CONFIG}/join`, { ...join, force: '1' })
  assert.match(forced.exitstatus ?? '', /^the hosts of a lab are one process/)
})

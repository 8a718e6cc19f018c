import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newContainer } from '../proxmox/lxc/container.ts'
import { checkedWorld } from '../proxmox/test-answers.ts'
import { Journal } from './journal.ts'
import { keepWorld, restoreWorld } from './proxmox.ts'

type Facts = Record<string, unknown>

/** Calls whose answers must be the same in the next run of a lab. */
const READS = [
  '/cluster/mapping/pci',
  '/cluster/notifications/targets',
  '/cluster/ha/rules',
  '/cluster/sdn/vnets',
  '/nodes/pve1/dns',
  '/nodes/pve1/lxc/200/config',
  '/nodes/pve1/lxc/200/pending',
  '/nodes/pve1/lxc/200/snapshot',
]

test('containers, networks and what sections hold are there in the next run', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-proxmox-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const lab = checkedWorld()
  const journal = new Journal(folder)
  const kept = keepWorld(lab.world, journal)
  const { ask } = lab
  lab.world.cluster.containers.set(200, newContainer(200, 'pve1', { hostname: 'web', memory: '512' }))
  await lab.task('POST /nodes/pve1/lxc/200/status/start')
  await ask('PUT /nodes/pve1/lxc/200/config', { features: 'nesting=1', hostname: 'proxy' })
  await lab.task('POST /nodes/pve1/lxc/200/snapshot', { snapname: 'before' })
  await ask('POST /cluster/mapping/pci', { id: 'gpu', map: ['node=pve1,path=0000:01:00.0,id=10de:1234'] })
  await ask('PUT /cluster/mapping/pci/gpu', { description: 'fast' })
  const targets = (await ask('GET /cluster/notifications/targets')) as Facts[]
  assert.equal(targets[0]?.['origin'], 'builtin')
  await ask('POST /cluster/ha/resources', { sid: 'ct:200', state: 'ignored' })
  await ask('POST /cluster/ha/rules', {
    rule: 'near',
    type: 'node-affinity',
    resources: 'ct:200',
    nodes: 'pve1',
  })
  await ask('POST /cluster/sdn/zones', { zone: 'tenants', type: 'simple' })
  await ask('POST /cluster/sdn/vnets', { vnet: 'blue', zone: 'tenants' })
  await ask('PUT /nodes/pve1/dns', { search: 'example.org' })
  kept.flush()
  const before = await Promise.all(READS.map((path) => ask(`GET ${path}`)))
  // Not closed: a process that is killed does not either.
  const next = checkedWorld()
  restoreWorld(next.world, new Journal(folder))
  for (const [index, path] of READS.entries()) {
    const [was, is] = [before[index], await next.ask(`GET ${path}`)].map((answer) =>
      // The digest hangs on the order of fields.
      JSON.parse(JSON.stringify(answer).replaceAll(/"digest":"[0-9a-f]+"/g, '"digest":""')),
    ) as [unknown, unknown]
    assert.deepEqual(is, was, path)
  }
  assert.equal(next.world.cluster.containers.get(200)?.running, true)
  kept.close()
})

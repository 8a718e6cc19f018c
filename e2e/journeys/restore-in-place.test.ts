import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createVictim } from '../chaos/controllers.ts'
import { ask } from '../chaos/world.ts'
import { eventually } from '../harness.ts'
import { backUp, lose, PLACES, restore, type Place } from '../ownership/backup.ts'
import { setStage } from '../ownership/stage.ts'

// Objects of the management cluster are lost and made again as Velero does it, while the controllers are at work.
const stage = await setStage()
const { bench, foreigner, middleman } = stage
const victim = createVictim(bench)

/** VMs of the pool, and the process of each: another one means that it was started anew. */
async function processes(): Promise<Map<number, number>> {
  const list = (await foreigner.ask('GET', '/cluster/resources', { type: 'vm' })) as {
    vmid: number
    node: string
    name?: string
  }[]
  const own = list.filter(({ name }) => name?.startsWith('workers-'))
  const found = await Promise.all(
    own.map(async ({ vmid, node }) => {
      const path = `/nodes/${node}/qemu/${vmid}/status/current`
      return [vmid, ((await foreigner.ask('GET', path)) as { pid: number }).pid] as const
    }),
  )
  return new Map(found)
}

/** Everything that somebody may do with the Proxmox API other than stamping the fence. */
const changes = (since: number): string[] =>
  middleman.writes
    .slice(since)
    .filter(({ path }) => path !== '/pools')
    .map(({ method, path }) => `${method} ${path}`)

test('whatever is lost and restored, in whatever order, every worker stays and none is made twice', async (t) => {
  await victim.start('--no-leader-election')
  await stage.pool('workers', 3)
  await stage.network()
  await stage.joined('workers', 3)
  const before = await processes()
  assert.equal(before.size, 3)
  const ids = new Set((await stage.workers('workers')).map(({ spec }) => spec.id))
  const backup = await backUp(bench, Object.keys(PLACES) as Place[])
  const all: Place[] = ['Machine', 'NodePool', 'MachineClass', 'ProxmoxCluster', 'Secret']

  /** Loses what is named, runs what brings it back, and requires the same machines with the same VMs, untouched. */
  const scenario = (name: string, lost: readonly Place[], bringBack: () => Promise<void>): Promise<void> =>
    t.test(name, async () => {
      await victim.kill()
      await lose(bench, backup, lost)
      const since = middleman.writes.length
      await bringBack()
      const machines = await stage.joined('workers', 3)
      assert.deepEqual(new Set(machines.map(({ spec }) => spec.vmid)), new Set(before.keys()))
      assert.deepEqual(new Set(machines.map(({ spec }) => spec.id)), ids)
      await eventually('the pool counts them', 30_000, async () =>
        assert.match((await stage.saying('workers'))?.message ?? '', /^3 of 3 machines are Ready/),
      )
      // What would be done wrongly is done at once: the controllers wait for nothing here.
      await sleep(1000)
      assert.deepEqual(changes(since), [])
      assert.deepEqual(await processes(), before)
      assert.equal((await stage.workers('workers')).length, 3)
    })

  await scenario('parents first, then machines one by one', all, async () => {
    await victim.start('--no-leader-election')
    await restore(bench, backup, ['Secret', 'ProxmoxCluster', 'MachineClass', 'NodePool'])
    await eventually('the pool waits for its machines', 30_000, async () => {
      const said = await stage.saying('workers')
      assert.equal(said?.reason, 'VMsWithoutMachine')
      for (const vmid of before.keys()) assert.ok(said.message.includes(String(vmid)))
    })
    for (const machine of backup.get('Machine') ?? []) {
      await restore(bench, new Map([['Machine', [machine]]]), ['Machine'])
      await sleep(700)
    }
  })

  await scenario('machines first, then their parents', all, async () => {
    await victim.start('--no-leader-election')
    for (const kind of all) {
      await restore(bench, backup, [kind])
      await sleep(300)
    }
  })

  await scenario('only the pools', ['NodePool'], async () => {
    await victim.start('--no-leader-election')
    await eventually('the machines say that their pool is gone', 30_000, async () => {
      for (const { status } of await stage.workers('workers'))
        assert.ok(
          status?.conditions?.some(({ reason }) => reason === 'PoolNotFound'),
          JSON.stringify(status?.conditions),
        )
    })
    await restore(bench, backup, ['NodePool'])
  })

  await scenario('only the machines, noticed before they are back', ['Machine'], async () => {
    await victim.start('--no-leader-election')
    await eventually('the pool makes none', 30_000, async () =>
      assert.equal((await stage.saying('workers'))?.reason, 'VMsWithoutMachine'),
    )
    await restore(bench, backup, ['Machine'])
  })

  await scenario('only the connection to Proxmox', ['ProxmoxCluster', 'Secret'], async () => {
    await victim.start('--no-leader-election')
    await sleep(1000)
    await restore(bench, backup, ['ProxmoxCluster', 'Secret'])
  })

  await scenario(
    'everything, also what the fence remembers: as in a new management cluster',
    [...all, 'Lease'],
    async () => {
      await victim.start('--no-leader-election')
      await restore(bench, backup, all)
      const cluster = '/apis/fochista.dev/v1alpha1/proxmoxclusters/lab'
      await eventually('the Proxmox cluster is fenced', 30_000, async () => {
        const { status } = (await ask(bench, 'GET', cluster)) as {
          status?: { conditions?: { type: string; status: string; message: string }[] }
        }
        const fenced = status?.conditions?.find(({ type }) => type === 'Fenced')
        assert.equal(fenced?.status, 'True')
        assert.match(fenced.message, /fochista proxmox unfence lab/)
      })
      // A machine that was looked at before the fence was read has nothing left to wait for: looking is not writing.
      for (const { metadata } of backup.get('Machine') ?? [])
        await eventually('a machine is Ready, or says what it waits for', 30_000, async () =>
          assert.match(await bench.ok('machine', 'describe', metadata.name), /^(.*unfence lab|Ready:)/),
        )
      await bench.ok('proxmox', 'unfence', 'lab')
    },
  )

  // Kamaji takes what a lost control plane had with it, so that its Nodes are gone when it is back.
  await t.test(
    'the control plane too: workers stay while nobody knows what became of their Nodes',
    async () => {
      const lost: Place[] = [...all, 'TenantControlPlane']
      await victim.kill()
      await lose(bench, backup, lost)
      const since = middleman.writes.length
      await victim.start('--no-leader-election')
      await restore(bench, backup, ['NodePool', 'TenantControlPlane', 'Machine'])
      await restore(bench, backup, ['MachineClass', 'Secret', 'ProxmoxCluster'])
      await eventually('the machines miss their Nodes', 60_000, async () => {
        for (const { status } of await stage.workers('workers'))
          assert.ok(
            status?.conditions?.some(({ reason }) => reason === 'NodeGone'),
            JSON.stringify(status?.conditions),
          )
      })
      await sleep(1000)
      assert.equal((await stage.workers('workers')).length, 3)
      assert.deepEqual(changes(since), [])
      assert.deepEqual(await processes(), before)
    },
  )
  await victim.kill()
})

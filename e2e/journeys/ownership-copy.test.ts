import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../chaos/world.ts'
import { startFastControllers } from '../fast-controllers.ts'
import { eventually, startBench, type Bench } from '../harness.ts'
import { startMiddleman, type Middleman } from '../middleman.ts'
import { backUp, PLACES, restore, type Backup, type Place } from '../ownership/backup.ts'
import { CLUSTER, ours, setStage, useMiddleman, type Worker } from '../ownership/stage.ts'

// The state of a management cluster is copied to another one, and both are at work on one Proxmox cluster. A minute of theirs lasts
// three seconds.
const SPEED = 20
const stage = await setStage()
const { bench: original, foreigner } = stage
const copy = await startBench({ bare: true })
const toCopy = await startMiddleman(original)
const proxmoxCluster = '/apis/fochista.dev/v1alpha1/proxmoxclusters/lab'

/** What etcd has, status and all, as far as an API lets it be written. */
async function copyState(backup: Backup, isFirst: boolean): Promise<void> {
  if (isFirst) {
    await ask(copy, 'POST', '/api/v1/namespaces', { metadata: { name: 'fochista-system' } })
    await restore(copy, backup, ['ConfigMap'])
    await copy.ok('install')
    await restore(copy, backup, ['TenantControlPlane'])
  }
  const rest: Place[] = ['Lease', 'Secret', 'ProxmoxCluster', 'MachineClass', 'NodePool', 'Machine']
  await restore(copy, backup, rest, { keepFinalizers: true })
  await useMiddleman(copy, toCopy)
  const tcp = (await ask(copy, 'GET', `${PLACES.TenantControlPlane}/${CLUSTER}`)) as Worker
  for (const kind of ['NodePool', 'Machine'] as const)
    for (const { metadata, status } of backup.get(kind) ?? []) {
      if (!status) continue
      // There its control plane is this one, which an API does not let have the same UID.
      const memory = kind === 'NodePool' ? { cluster: { uid: tcp.metadata.uid } } : {}
      await ask(copy, 'PATCH', `${PLACES[kind]}/${metadata.name}/status`, {
        status: { ...status, ...memory },
      })
    }
}

async function isFenced(bench: Bench): Promise<boolean> {
  const { status } = (await ask(bench, 'GET', proxmoxCluster)) as Worker
  return status?.conditions?.some((said) => said.type === 'Fenced' && said.status === 'True') ?? false
}

/** How often controllers have stamped the fence, as the middleman before their Proxmox saw it. */
const stampsOf = ({ writes }: Middleman): number =>
  writes.filter(({ form }) => form.get('poolid') === `fochista-fence-${stage.installation}`).length

async function stamp(): Promise<string> {
  const [pool] = (await foreigner.ask('GET', '/pools', {
    poolid: `fochista-fence-${stage.installation}`,
  })) as { comment: string }[]
  return pool?.comment ?? ''
}

/** VMs of ours by the id in their marks; one id twice is what must not be. */
async function vmsById(): Promise<Map<string, { vmid: number; status: string }>> {
  const list = (await foreigner.ask('GET', '/cluster/resources', { type: 'vm' })) as {
    vmid: number
    status: string
  }[]
  const found = new Map<string, { vmid: number; status: string }>()
  for (const { vmid, status } of list) {
    const id = / id=([0-9a-f-]{36}) /.exec((await foreigner.config(vmid))?.['description'] ?? '')?.[1]
    if (id === undefined) continue
    assert.ok(!found.has(id), `${id} has VM ${found.get(id)?.vmid} and VM ${vmid}`)
    found.set(id, { vmid, status })
  }
  return found
}

const pause = (bench: Bench, paused: boolean) =>
  ask(bench, 'PATCH', proxmoxCluster, { spec: { paused: paused || null } })
const everything: Place[] = [
  'ConfigMap',
  'Secret',
  'Lease',
  'ProxmoxCluster',
  'MachineClass',
  'TenantControlPlane',
  'NodePool',
  'Machine',
]

test('of an installation and its copy only one writes, and no VM is lost or made twice', async (t) => {
  let stopOriginal = await startFastControllers(original, { speed: SPEED })
  await ask(original, 'POST', `${ours}/nodepools`, {
    apiVersion: 'fochista.dev/v1alpha1',
    kind: 'NodePool',
    metadata: { name: 'workers' },
    // In the copy's control plane there are no Nodes of them.
    spec: { clusterName: CLUSTER, className: 'small', replicas: 2, health: { unhealthyAfter: '24h' } },
  })
  const workers = await stage.joined('workers', 2)

  await t.test('a copy that starts after the original has stamped again writes nothing', async () => {
    await copyState(await backUp(original, everything), true)
    const word = await stamp()
    await eventually('the original has stamped again', 30_000, async () =>
      assert.notEqual(await stamp(), word),
    )
    const stopCopy = await startFastControllers(copy, { speed: SPEED })
    await eventually('the copy is fenced', 30_000, async () => assert.ok(await isFenced(copy)))
    await ask(copy, 'PATCH', `${ours}/nodepools/workers`, { spec: { replicas: 4 } })
    const [first] = workers
    await ask(copy, 'DELETE', `${ours}/machines/${first?.metadata.name}`)
    // Two of its minutes, in which the original stamps on.
    await sleep((2 * 60_000) / SPEED)
    assert.ok(await isFenced(copy))
    assert.ok(!(await isFenced(original)))
    assert.deepEqual(toCopy.writes, [])
    await stopCopy()
    assert.equal((await vmsById()).size, 2)
  })

  await t.test('of two that start together one stops within a minute', async () => {
    // Work that both will find: machines to be made, and one to be taken away.
    await pause(original, true)
    await stage.scale('workers', 4)
    await eventually('two machines wait to be made', 30_000, async () =>
      assert.equal((await stage.workers('workers')).filter(({ spec }) => spec.vmid === undefined).length, 2),
    )
    await stopOriginal()
    for (const kind of ['Machine', 'NodePool', 'Lease', 'ProxmoxCluster'] as const)
      for (const { metadata } of (await backUp(copy, [kind])).get(kind) ?? []) {
        const path = `${PLACES[kind]}/${metadata.name}`
        await ask(copy, 'PATCH', path, { metadata: { finalizers: null } }, true)
        await ask(copy, 'DELETE', path, undefined, true)
      }
    await copyState(await backUp(original, everything), false)
    const [leaving] = workers
    for (const bench of [original, copy]) {
      await pause(bench, false)
      await ask(bench, 'DELETE', `${ours}/machines/${leaving?.metadata.name}`)
      await ask(bench, 'PATCH', `${ours}/nodepools/workers`, { spec: { replicas: 3 } })
    }
    const before = [stampsOf(stage.middleman), stampsOf(toCopy)] as const
    const [stopFirst, stopSecond] = await Promise.all([
      startFastControllers(original, { speed: SPEED }),
      startFastControllers(copy, { speed: SPEED }),
    ])
    stopOriginal = stopFirst
    await eventually('one of them is fenced', 20_000, async () => {
      assert.equal(Number(await isFenced(original)) + Number(await isFenced(copy)), 1)
    })
    // A minute is from a stamp to the next: who is fenced has found the other's word where its own second would have been, or, if that
    // was long on its way, its third.
    const stamps = (await isFenced(original))
      ? stampsOf(stage.middleman) - before[0]
      : stampsOf(toCopy) - before[1]
    assert.ok(stamps <= 2, `${stamps} stamps`)
    const wanted = new Set((await stage.workers('workers')).map(({ spec }) => spec.id))
    wanted.delete(leaving?.spec.id ?? '')
    assert.equal(wanted.size, 3)
    await eventually('each machine has its one VM', 60_000, async () =>
      assert.deepEqual(new Set((await vmsById()).keys()), wanted),
    )
    const kept = workers[1]
    assert.equal((await vmsById()).get(kept?.spec.id ?? '')?.vmid, kept?.spec.vmid)

    // A person stops the one that works, and lets the other go on.
    const [last, stopLoser, stopWinner] = (await isFenced(original))
      ? ([original, stopFirst, stopSecond] as const)
      : ([copy, stopSecond, stopFirst] as const)
    const vms = await vmsById()
    await stopWinner()
    await last.ok('proxmox', 'unfence', 'lab')
    await eventually('the other has found every VM', 30_000, async () => {
      assert.ok(!(await isFenced(last)))
      const { items } = (await ask(last, 'GET', `${ours}/machines`)) as { items: Worker[] }
      assert.deepEqual(
        new Map(items.map(({ spec }) => [spec.id, spec.vmid])),
        new Map([...vms].map(([id, { vmid }]) => [id, vmid])),
      )
      for (const { spec } of items) assert.ok(spec.made)
    })
    assert.deepEqual(new Set((await vmsById()).keys()), wanted)
    await stopLoser()
  })
})

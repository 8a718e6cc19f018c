import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { call } from '../back-ends.ts'
import { createClass, eventually, root, startBench, type Bench } from '../harness.ts'
import { createForeigner } from '../ownership/foreigner.ts'
import { createVictim } from './controllers.ts'
import { createRandom, repeat, seed } from './seed.ts'
import { ask, createCluster, machinesOf, requireConverged, vmsOf, type ListedVm } from './world.ts'

const ours = '/apis/fochista.dev/v1alpha1'
const RANGE = { start: 5000, end: 5039 }
const names = ['one', 'two', 'three']
const wanted = new Map(names.map((name) => [name, 2]))
const lease = '/apis/coordination.k8s.io/v1/namespaces/fochista-system/leases/fochista-controllers'

interface LeaseObject {
  readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number }
}
interface ProxmoxClusterObject {
  readonly status?: {
    readonly conditions?: { type: string; status: string; reason: string; message: string }[]
  }
}

/** Looks at both back ends all the time for what must not be even for a moment. */
function watchman(bench: Bench): { end(): Promise<void> } {
  const seen = new Set<string>()
  let isOver = false
  const look = async (): Promise<void> => {
    const vms = await vmsOf(bench)
    const twins = vms.map(({ name }) => name).filter((name, index, all) => all.indexOf(name) !== index)
    for (const name of twins) seen.add(`two VMs are named ${name}`)
    const machines = await machinesOf(bench)
    for (const kind of ['address', 'VMID'] as const) {
      const all = machines.flatMap(({ spec }): string[] => {
        if (kind === 'VMID') return spec.vmid === undefined ? [] : [String(spec.vmid)]
        return (spec.addresses ?? []).map(({ address }) => address)
      })
      if (new Set(all).size !== all.length) seen.add(`a ${kind} was given twice: ${all.sort().join(' ')}`)
    }
    const cluster = (await ask(bench, 'GET', `${ours}/proxmoxclusters/lab`)) as ProxmoxClusterObject
    const fenced = cluster.status?.conditions?.find(
      ({ type, status }) => type === 'Fenced' && status === 'True',
    )
    if (fenced) seen.add(`a replica of the same installation was fenced: ${fenced.message}`)
  }
  const watching = (async () => {
    while (!isOver) {
      await look()
      await sleep(150)
    }
  })()
  return {
    end: async () => {
      isOver = true
      await watching
      assert.deepEqual([...seen], [])
    },
  }
}

/** Somebody who makes VMs in our range, all the time, wherever there is room, and lets some go again. */
function intruder(bench: Bench, random: ReturnType<typeof createRandom>) {
  const foreigner = createForeigner(bench)
  const made = new Map<number, unknown>()
  let isOver = false
  const intruding = (async () => {
    while (!isOver) {
      const vmid = random.whole(RANGE.start, RANGE.end)
      const isTaken = (await foreigner.find(vmid)) !== undefined
      // Somebody may be quicker: then there is nothing of theirs.
      if (!isTaken && made.size < 14)
        await foreigner.create({ vmid, description: 'not yours' }).then(
          async () => made.set(vmid, await foreigner.config(vmid)),
          () => undefined,
        )
      const [oldest] = made.keys()
      if (made.size >= 14 && oldest !== undefined) {
        const at = await foreigner.find(oldest)
        made.delete(oldest)
        await foreigner.run('DELETE', `/nodes/${at?.node}/qemu/${oldest}`)
      }
      await sleep(random.whole(50, 300))
    }
  })()
  return {
    /** Ends it, and requires each VM that it kept to be as it was made. */
    end: async (): Promise<number> => {
      isOver = true
      await intruding
      for (const [vmid, config] of made) {
        assert.deepEqual(await foreigner.config(vmid), config, `VM ${vmid} of somebody else`)
        // One that was just made is listed as unknown until its host tells of it.
        await eventually(`VM ${vmid} of somebody else is off`, 30_000, async () =>
          assert.equal((await foreigner.find(vmid))?.status, 'stopped'),
        )
      }
      return made.size
    },
  }
}

/** VMs whose name begins with a pool's: of installations that share a Proxmox pool each has its own names. */
async function vmsNamed(bench: Bench, pool: string): Promise<ListedVm[]> {
  const { body } = await call(bench, 'proxmox', 'GET', '/api2/json/cluster/resources?type=vm')
  return (body as { data: ListedVm[] }).data.filter(({ name }) => name?.startsWith(`${pool}-`))
}

/** The pool has so many machines, all joined, with exactly their VMs. */
async function requirePool(bench: Bench, pool: string, count: number): Promise<void> {
  const machines = await machinesOf(bench)
  assert.deepEqual(
    (await vmsNamed(bench, pool)).map(({ vmid }) => String(vmid)).sort(),
    machines.map(({ spec }) => String(spec.vmid)).sort(),
  )
  const joined = machines.filter(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Joined' && is === 'True'),
  )
  assert.equal(joined.length, count)
}

const leaderOf = async (bench: Bench): Promise<LeaseObject['spec']> =>
  ((await ask(bench, 'GET', lease)) as LeaseObject).spec

/** These tenants have no network plugin, so that no Node of theirs is ever Ready: a roll that keeps Ready ones would wait for ever. */
const roll = (bench: Bench): Promise<unknown> =>
  Promise.all(
    names.map((name) =>
      ask(bench, 'PATCH', `${ours}/namespaces/default/nodepools/${name}`, {
        spec: {
          rollout: {
            maxSurge: 1,
            maxUnavailable: '100%',
            before: `${new Date().toISOString().slice(0, 19)}Z`,
          },
        },
      }),
    ),
  )

async function prepare(bench: Bench, range: typeof RANGE, subnet: string): Promise<void> {
  await ask(bench, 'PATCH', `${ours}/proxmoxclusters/lab`, { spec: { vmidRange: range } })
  const addresses = {
    ranges: [{ start: `${subnet}.10`, end: `${subnet}.60` }],
    prefix: 24,
    gateway: `${subnet}.1`,
  }
  await ask(bench, 'PATCH', `${ours}/machineclasses/small`, {
    spec: { networks: [{ bridge: 'vmbr0', addresses }] },
  })
}

test(`three clusters are rolled while strangers take VMIDs and an older leader wakes up (seed ${seed})`, async () => {
  const bench = await startBench({ speed: 40 })
  const random = createRandom(seed)
  const [older, newer] = [createVictim(bench), createVictim(bench)]
  await prepare(bench, RANGE, '10.99.0')
  try {
    await older.start()
    await eventually('the first replica leads', 30_000, async () =>
      assert.ok((await leaderOf(bench)).holderIdentity),
    )
    const first = await leaderOf(bench)
    const strangers = intruder(bench, random)
    for (const [name, replicas] of wanted) await createCluster(bench, name, replicas)
    const watching = watchman(bench)
    await eventually('all pools are up', 120_000, () => requireConverged(bench, wanted))
    const before = new Set((await machinesOf(bench)).map(({ metadata }) => metadata.name))

    await newer.start()
    await sleep(1100)
    await roll(bench)
    await eventually('the roll has begun', 30_000, async () => {
      assert.ok((await machinesOf(bench)).some(({ metadata }) => !before.has(metadata.name)))
    })
    await sleep(random.whole(0, 1500))
    older.freeze()
    await eventually('the second replica leads', 60_000, async () => {
      assert.notEqual((await leaderOf(bench)).holderIdentity, first.holderIdentity)
    })
    await sleep(random.whole(0, 3000))
    older.thaw()
    await eventually('every machine is a new one, and each has its VM', 120_000, async () => {
      await requireConverged(bench, wanted)
      for (const { metadata } of await machinesOf(bench)) assert.ok(!before.has(metadata.name))
    })
    await watching.end()
    const left = await strangers.end()
    assert.ok(left > 0, 'strangers have VMs in our range')
    assert.notEqual((await leaderOf(bench)).holderIdentity, first.holderIdentity, 'the newer leader stays')
  } catch (error) {
    const end = (log: string): string => log.split('\n').slice(-25).join('\n')
    console.error(`repeat with: ${repeat('collision')}\n${end(older.log())}\n${end(newer.log())}`)
    throw error
  } finally {
    older.thaw()
    await Promise.all([older.kill(), newer.kill()])
  }
})

test('two installations with ranges of their own share a Proxmox cluster and leave each other alone', async () => {
  const bench = await startBench({ speed: 40 })
  const other = await startBench({ speed: 40, bare: true })
  // The second management cluster makes its machines in the first one's Proxmox cluster.
  const proxmox = Object.fromEntries(
    Object.entries(bench.environment).filter(([name]) => name.startsWith('PROXMOX_')),
  )
  Object.assign(other.environment, proxmox)
  const cli = [
    '--conditions=source',
    '--disable-warning=ExperimentalWarning',
    join(root, 'packages/cli/src/main.ts'),
  ]
  const run = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await other.run(process.execPath, [...cli, ...args], { env: proxmox })
    assert.equal(code, 0, `fochista ${args.join(' ')}: ${stderr}`)
  }
  await run('install')
  await run('proxmox', 'add', 'lab', '--vmids', '6000-6099')
  await run(...createClass('small', 'v1.30.4'))
  await prepare(bench, RANGE, '10.98.0')
  const [one, two] = [createVictim(bench), createVictim(other)]
  const inRange = (vms: readonly ListedVm[], start: number, end: number): boolean =>
    vms.every(({ vmid }) => vmid >= start && vmid <= end)
  try {
    await Promise.all([one.start('--no-leader-election'), two.start('--no-leader-election')])
    await createCluster(bench, 'here', 3)
    await createCluster(other, 'there', 3)
    await eventually('both have their machines', 120_000, async () => {
      await requirePool(bench, 'here', 3)
      await requirePool(other, 'there', 3)
    })
    const [here, there] = [await vmsNamed(bench, 'here'), await vmsNamed(bench, 'there')]
    assert.ok(inRange(here, RANGE.start, RANGE.end) && inRange(there, 6000, 6099))
    for (const side of [bench, other]) {
      const { status } = (await ask(side, 'GET', `${ours}/proxmoxclusters/lab`)) as ProxmoxClusterObject
      assert.ok(!status?.conditions?.some(({ type, status: is }) => type === 'Fenced' && is === 'True'))
    }
    // One goes, with its machines and nothing else.
    await ask(bench, 'DELETE', `${ours}/namespaces/default/nodepools/here`)
    await eventually('the machines of the first are gone', 90_000, async () => {
      assert.deepEqual(await vmsNamed(bench, 'here'), [])
    })
    assert.deepEqual(
      (await vmsNamed(bench, 'there')).map(({ vmid, status }) => `${vmid} ${status}`).sort(),
      there.map(({ vmid }) => `${vmid} running`).sort(),
    )
    assert.equal((await call(bench, 'proxmox', 'GET', '/api2/json/version')).status, 200)
  } finally {
    await Promise.all([one.kill(), two.kill()])
  }
})

import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { managementInventory, proxmoxInventory } from '../back-ends.ts'
import { eventually, startBench } from '../harness.ts'
import { createVictim } from './controllers.ts'
import { createRandom, repeat, runs, seed } from './seed.ts'
import { createCluster, deletePart, requireConverged, scalePool } from './world.ts'

const AT_ONCE = 5
/** Kills in each half of a life, being made and going. */
const LEAST_KILLS = 3
const bench = await startBench({ speed: 40 })

/** What a process holds: a run of thousands ends early when that grows from run to run. */
async function holdings(pid: number): Promise<string> {
  const { length } = await readdir(`/proc/${pid}/fd`)
  const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
  return `${Math.round(kib / 1024)} MiB and ${length} open files`
}

/** The same of the lab and of this test, where the system tells. */
const growth = async (): Promise<string> =>
  process.platform === 'linux'
    ? `; the lab holds ${await holdings(bench.lab.pid)}, this test ${await holdings(process.pid)}`
    : ''

test(`controllers killed at random moments come to exactly the VMs wanted, ${runs} times (seed ${seed})`, async () => {
  const random = createRandom(seed)
  const victim = createVictim(bench)
  const before = { proxmox: await proxmoxInventory(bench), management: await managementInventory(bench) }
  let kills = 0

  /** Kills and starts the controllers until the work is done. */
  const underFire = async (work: Promise<unknown>): Promise<void> => {
    let isDone = false
    const end = work.finally(() => (isDone = true))
    end.catch(() => undefined)
    for (let round = 0; round < LEAST_KILLS || !isDone; round += 1) {
      await victim.start('--no-leader-election')
      await sleep(random.whole(0, 900))
      await victim.kill()
      kills += 1
    }
    await end
  }

  try {
    for (let done = 0; done < runs; done += AT_ONCE) {
      const began = Date.now()
      const names = Array.from({ length: Math.min(AT_ONCE, runs - done) }, (_, index) => `run${done + index}`)
      const wanted = new Map(names.map((name) => [name, random.whole(1, 3)]))
      await underFire(
        Promise.all(
          names.map(async (name) => {
            await createCluster(bench, name, random.whole(0, 3))
            await sleep(random.whole(0, 3000))
            await scalePool(bench, name, wanted.get(name) ?? 1)
            await sleep(random.whole(0, 2000))
          }),
        ),
      )
      await victim.start('--no-leader-election')
      await eventually('every pool has exactly its machines', 60_000, () => requireConverged(bench, wanted))
      await victim.kill()
      await underFire(
        Promise.all(
          names.map(async (name) => {
            await sleep(random.whole(0, 1000))
            // A pool is asked to go first, or learns from its control plane's end that it is over.
            const parts = random.pick([
              ['pool', 'control plane'],
              ['control plane', 'pool'],
            ] as const)
            await deletePart(bench, name, parts[0])
            await sleep(random.whole(0, 2500))
            await deletePart(bench, name, parts[1])
          }),
        ),
      )
      await victim.start('--no-leader-election')
      await eventually('nothing is left in either back end', 90_000, async () => {
        assert.deepEqual(await proxmoxInventory(bench), before.proxmox)
        const objects = (all: readonly string[]): string[] =>
          all.filter((name) => name !== 'leases/fochista-controllers')
        assert.deepEqual(objects(await managementInventory(bench)), objects(before.management))
      })
      await victim.kill()
      console.log(
        `${done + names.length} of ${runs} runs, ${kills} kills; ${((Date.now() - began) / names.length / 1000).toFixed(1)} s for each of the last ${names.length}${await growth()}`,
      )
    }
  } catch (error) {
    console.error(`repeat with: ${repeat('crash')}\n${victim.log().split('\n').slice(-25).join('\n')}`)
    throw error
  } finally {
    await victim.kill()
  }
})

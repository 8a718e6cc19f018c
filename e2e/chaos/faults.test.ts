import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, startBench } from '../harness.ts'
import { createVictim } from './controllers.ts'
import { callScenarios } from './faults/calls.ts'
import { hostScenarios } from './faults/hosts.ts'
import { kubernetesScenarios } from './faults/kubernetes.ts'
import { draw, drawCompany } from './faults/company.ts'
import { createLabFaults } from './faults/lab.ts'
import { peopleScenarios } from './faults/people.ts'
import { placeScenarios } from './faults/places.ts'
import { outages, type Outage } from './faults/retries.ts'
import { findVm, type Scenario, type Stage } from './faults/scenario.ts'
import { taskScenarios } from './faults/tasks.ts'
import { tenantScenarios } from './faults/tenant.ts'
import { listen } from './faults/words.ts'
import { all, companies, createRandom, repeatFaults, runs, seed, wantedFault } from './seed.ts'
import { ask, createCluster, machinesOf, requireConverged, scalePool, type MachineLike } from './world.ts'

const bench = await startBench({ speed: 60 })
const faults = createLabFaults(bench)
const POOL = 'faulted'

const scenarios = [
  ...callScenarios,
  ...taskScenarios,
  ...placeScenarios,
  ...hostScenarios,
  ...kubernetesScenarios,
  ...tenantScenarios,
  ...peopleScenarios,
]

/** A few ways alone, drawn by the seed, unless all are asked for; and some at once. */
const random = createRandom(seed)
const quick = scenarios.filter(({ isSlow }) => isSlow !== true)
const { alone, together, retried } = choose()

test(`whatever goes wrong ends converged, or says why: ${alone.length} of ${scenarios.length} ways alone, ${together.length} times in company (seed ${seed})`, async (t) => {
  const victim = createVictim(bench)
  await victim.start('--no-leader-election')
  try {
    await createCluster(bench, POOL, 1)
    await ask(bench, 'PATCH', `/apis/fochista.dev/v1alpha1/namespaces/default/nodepools/${POOL}`, {
      spec: { health: { nodeStartupTimeout: '60s', unhealthyAfter: '60s', restartAfter: '2s' } },
    })
    await eventually('the pool stands', 120_000, () => requireConverged(bench, new Map([[POOL, 1]])))
    for (const scenario of alone) await t.test(scenario.name, (one) => play(one, [scenario]))
    // In company: what one fault is survived by must not be what another one needs.
    for (const chosen of together) await t.test(`together: ${nameOf(chosen)}`, (one) => play(one, chosen))
    for (const outage of retried)
      await t.test(`retries back off: ${outage.name}`, (one) => endure(one, outage))
  } catch (error) {
    console.error(victim.log().split('\n').slice(-40).join('\n'))
    throw error
  } finally {
    await victim.kill()
    await faults.clear()
  }
})

/** What is played: what was asked for by name, alone or in company, or what the seed draws. */
function choose(): { alone: readonly Scenario[]; together: Scenario[][]; retried: readonly Outage[] } {
  const names = wantedFault?.split('; ') ?? []
  if (names.length > 1) {
    const company = scenarios.filter(({ name }) => names.includes(name))
    assert.equal(company.length, names.length, `each of ${names.join('; ')} is the whole name of one`)
    return { alone: [], together: [company], retried: [] }
  }
  const has = ({ name }: { name: string }): boolean =>
    (names[0] ?? '').split('|').some((words) => name.includes(words))
  if (names.length === 1) {
    const found = { alone: scenarios.filter(has), together: [], retried: outages.filter(has) }
    assert.ok(found.alone.length + found.retried.length > 0, `no fault has the words ${names[0]}`)
    return found
  }
  const alone = all ? scenarios : draw(quick, Math.max(1, Math.floor(runs / 4)), random)
  const together = Array.from({ length: companies }, () => drawCompany(quick, 3, random))
  return { alone, together, retried: all ? outages : [random.pick(outages)] }
}

/** Lets a pool go from one machine to three and back while things go wrong, and sees it come to where it should. */
async function play(t: TestContext, together: readonly Scenario[]): Promise<void> {
  // What failed before leaves the pool as it was then.
  await shrink()
  const isAlone = together.length === 1
  const shrinks = together.some((scenario) => scenario.while === 'shrinking')
  const isRough = together.some(({ costsTheMachine }) => costsTheMachine)
  if (shrinks) await grow()
  const [machine, ...others] = await ownMachines()
  assert.ok(machine)
  const before = new Set([machine, ...others].map(identityOf))
  const stage: Stage = {
    bench,
    pool: POOL,
    machine,
    fault: faults.add,
    isAlone,
    vm: (one = machine) => findVm(bench, one),
  }
  const undo: (() => Promise<unknown>)[] = []
  const said = await listen(bench)
  const began = Date.now()
  try {
    // First what is done by hand: who works on a VM while its host is away would be refused.
    for (const { act } of together) {
      const undone = await act?.(stage)
      if (undone) undo.push(undone)
    }
    for (const one of together.flatMap(({ faults: given = [] }) => given)) await faults.add(one)
    await eventually('the pool can be scaled', 30_000, () => scalePool(bench, POOL, shrinks ? 1 : 3))
    await Promise.all(together.flatMap(({ meanwhile }) => (meanwhile ? [meanwhile(stage)] : [])))
    const hold = Math.max(...together.map(({ holdMs = 1500 }) => (isAlone ? holdMs : Math.min(holdMs, 4000))))
    const words = isAlone ? together.flatMap(({ says = [] }) => says) : []
    if (words.length === 0) await sleep(hold)
    else
      await eventually(`it is said: ${words.join(', ')}`, Math.max(hold, SAID_MS), () => said.require(words))
    // On a busy machine what is to go wrong may come late. In company another fault may keep it from coming.
    if (isAlone)
      await eventually('what is to go wrong goes wrong', 60_000, async () =>
        assert.deepEqual(await faults.missed(), []),
      )
  } catch (error) {
    console.error(repeatFaults(nameOf(together)))
    if (!bench.lab.isUp()) console.error(`the lab has ended: ${bench.lab.errors().slice(-3000)}`)
    throw error
  } finally {
    await said.end()
    await faults.clear()
    for (const undone of undo) await undone()
  }
  const cleared = Date.now()
  if (shrinks) await shrink()
  else await grow()
  t.diagnostic(
    `faults held for ${seconds(cleared - began)} s; ${seconds(Date.now() - cleared)} s later all was as it should be`,
  )
  // A pool that has grown has what it had, and one that has shrunk nothing else.
  const after = new Set((await ownMachines()).map(identityOf))
  const [few, many] = shrinks ? [after, before] : [before, after]
  if (!isRough) assert.deepEqual([...few.difference(many)], [], 'none was replaced')
  if (!shrinks) await shrink()
}

const ownMachines = async (): Promise<MachineLike[]> =>
  (await machinesOf(bench)).filter(({ spec }) => spec.nodePoolName === POOL)

const identityOf = ({ metadata, spec }: MachineLike): string => `${metadata.name} with VM ${spec.vmid}`

/** Lets a back end fail each time for a while, counts how often it is asked, and measures how soon it is noticed that it works again. */
async function endure(t: TestContext, { fault, tried = fault.on, most }: Outage): Promise<void> {
  const held = all ? 60 : 12
  await faults.add(fault)
  await scalePool(bench, POOL, 3)
  await sleep(held * 1000)
  const [struck] = await faults.list()
  await faults.clear()
  const cleared = Date.now()
  await faults.add({ on: tried, what: { kind: 'delay', ms: 1 } })
  await eventually('it is asked again', NOTICED_MS, async () => {
    const [seen] = await faults.list()
    assert.ok((seen?.struck ?? 0) > 0, 'not asked yet')
  })
  const noticed = Date.now()
  await faults.clear()
  const count = struck?.struck ?? 0
  assert.ok(count > 0, 'it was asked')
  assert.ok(count <= most(held), `${count} requests in ${held} s, at most ${most(held)} may be`)
  await grow()
  t.diagnostic(
    `${count} requests in ${held} s, at most ${most(held)} may be; asked again ${seconds(noticed - cleared)} s after it worked again, and ${seconds(Date.now() - cleared)} s after two machines were made`,
  )
  await shrink()
}

const nameOf = (together: readonly Scenario[]): string => together.map(({ name }) => name).join('; ')

/** A back end that works again is asked within so long, milliseconds: within six seconds, and as much again on a busy machine. */
const NOTICED_MS = 12_000

/** On a busy machine what is to be said may be said late; who has heard it waits no longer. */
const SAID_MS = 60_000

/** A VM is missed for a minute before it is replaced, and a busy machine takes minutes more. */
const CONVERGED_MS = 300_000

const seconds = (ms: number): string => (ms / 1000).toFixed(1)

const grow = async (): Promise<void> => {
  await scalePool(bench, POOL, 3)
  await eventually('three machines have joined, and there is no VM more', CONVERGED_MS, () =>
    requireConverged(bench, new Map([[POOL, 3]])),
  )
}

const shrink = async (): Promise<void> => {
  await scalePool(bench, POOL, 1)
  await eventually('one is left', CONVERGED_MS, () => requireConverged(bench, new Map([[POOL, 1]])))
}

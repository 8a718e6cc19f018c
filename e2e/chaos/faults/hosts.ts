import assert from 'node:assert/strict'
import { eventually } from '../../harness.ts'
import { machinesOf, type MachineLike } from '../world.ts'
import { destroyByHand, onOccasion, times, type Fault, type Scenario, type Stage } from './scenario.ts'

const lost = (node: string, vms: 'run' | 'stop'): Fault => ({
  on: { backEnd: 'proxmox', node },
  what: { kind: 'host-lost', vms },
})
const removed = (node: string): Fault => ({
  on: { backEnd: 'proxmox', node },
  what: { kind: 'host-removed' },
})

/**
 * Takes a machine's host out of the Proxmox cluster for good. A person deletes the machine by the word that it says itself.
 * @returns what destroys the VM that was left behind, once its host is there again
 */
async function loseForGood(stage: Stage, machine: MachineLike, node: string): Promise<() => Promise<void>> {
  const { bench, fault } = stage
  const { name } = machine.metadata
  const find = async (): Promise<MachineLike | undefined> =>
    (await machinesOf(bench)).find((one) => one.metadata.name === name)
  await fault(removed(node))
  await onOccasion(stage, 'the machine says that its host is gone', async () => {
    const said = (await find())?.status?.conditions ?? []
    assert.ok(
      said.some(({ reason }) => reason === 'HostGone'),
      JSON.stringify(said),
    )
  })
  await eventually('a person says that the host is dead', 60_000, async () => {
    if (await find()) await bench.ok('machine', 'delete', name, '--host-is-dead', '--no-wait')
  })
  await onOccasion(stage, 'the machine goes', async () => assert.equal(await find(), undefined))
  return () => destroyByHand(bench, machine)
}

/** Takes the host of a machine that is being made out of the cluster, whose clone hangs so that it is. */
async function loseInTheMaking(stage: Stage): Promise<void> {
  const { bench, pool, machine } = stage
  let making: MachineLike | undefined
  await onOccasion(stage, 'another host clones', async () => {
    const { node: own } = await stage.vm()
    making = (await machinesOf(bench)).find(
      ({ metadata, spec, status }) =>
        spec.nodePoolName === pool &&
        metadata.name !== machine.metadata.name &&
        spec.host !== own &&
        status?.task?.includes(':qmclone:'),
    )
    assert.ok(making, 'none is made elsewhere')
  })
  if (making?.spec.host) await loseForGood(stage, making, making.spec.host)
}

/** Hosts go, come back, and are lost for good. */
export const hostScenarios: readonly Scenario[] = [
  {
    name: 'a host is cut off while its VMs run on',
    hands: 'a VM or its host',
    faults: [lost('pve2', 'run')],
    holdMs: 4000,
  },
  {
    name: 'a host goes down with its VMs and comes back',
    hands: 'a VM or its host',
    faults: [lost('pve2', 'stop')],
    holdMs: 4000,
  },
  {
    name: 'the host of the machine that stands is cut off, and comes back',
    hands: 'a VM or its host',
    act: async ({ vm, fault }) => fault(lost((await vm()).node, 'run')),
    holdMs: 6000,
  },
  {
    name: 'the host of the machine that stands goes down, and comes back',
    hands: 'a VM or its host',
    act: async ({ vm, fault }) => fault(lost((await vm()).node, 'stop')),
    holdMs: 6000,
  },
  // What a host comes to that nobody brings back is told, with what a person can say of it; the pool grows on the others meanwhile.
  {
    name: 'the host of the machine that stands is lost',
    hands: 'a VM or its host',
    act: async ({ vm, fault }) => fault(lost((await vm()).node, 'stop')),
    says: [/pve\d is offline.*machine delete \S+ --host-is-dead/],
    holdMs: 30_000,
  },
  {
    name: 'a host is cut off while machines leave',
    hands: 'a VM or its host',
    while: 'shrinking',
    faults: [lost('pve2', 'run')],
    holdMs: 6000,
  },
  {
    name: 'the host of the machine that stands is taken out of the cluster for good',
    hands: 'a VM or its host',
    act: async (stage) => loseForGood(stage, stage.machine, (await stage.vm()).node),
    says: [/pve\d is no member of the Proxmox cluster any more.*machine delete \S+ --host-is-dead/],
    costsTheMachine: true,
  },
  // Its clone hangs, so that it is there when its host goes.
  {
    name: 'a host is taken out of the cluster for good while a machine is made there',
    hands: 'a VM or its host',
    faults: [{ on: { backEnd: 'proxmox', task: 'qmclone' }, when: times(2), what: { kind: 'task-hangs' } }],
    meanwhile: loseInTheMaking,
    says: [/pve\d is no member of the Proxmox cluster any more.*machine delete \S+ --host-is-dead/],
  },
]

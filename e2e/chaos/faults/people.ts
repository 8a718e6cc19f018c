import assert from 'node:assert/strict'
import { eventually } from '../../harness.ts'
import { machinesOf } from '../world.ts'
import { byHand, destroyByHand, onOccasion, person, times, type Scenario, type Stage } from './scenario.ts'

/** Does something by hand to the VMs of all machines of the pool. */
async function toAll(stage: Stage, form: string): Promise<void> {
  for (const machine of await machinesOf(stage.bench))
    if (machine.spec.nodePoolName === stage.pool) await byHand(stage, 'PUT', '/config', form, machine)
}

const edit = (name: string, form: string): Scenario => ({
  name,
  hands: 'a VM or its host',
  act: (stage) => byHand(stage, 'PUT', '/config', form),
})

/** Deletes the first seed image that is uploaded, wherever it is. */
const deleteSeed = (stage: Stage): Promise<void> =>
  onOccasion(stage, 'a seed image is there and deleted', async () => {
    const { bench } = stage
    for (const node of ['pve1', 'pve2', 'pve3']) {
      const content = `/nodes/${node}/storage/local/content`
      const images = (await person(bench, 'GET', `${content}?content=iso`)) as { volid: string }[]
      const seed = images.find(({ volid }) => volid.includes('iso/fochista-'))
      if (!seed) continue
      await person(bench, 'DELETE', `${content}/${encodeURIComponent(seed.volid)}`)
      return
    }
    assert.fail('no seed image yet')
  })

async function migrate(stage: Stage): Promise<void> {
  const { node } = await stage.vm()
  const target = node === 'pve3' ? 'pve1' : 'pve3'
  await byHand(stage, 'POST', '/migrate', `target=${target}&online=1&with-local-disks=1`)
}

/** Guests fail, and people lay hands on VMs. */
export const peopleScenarios: readonly Scenario[] = [
  {
    name: 'guests stand still and join late',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'kubelet-stops' } }],
    says: [/Waiting for Node|not Ready|stopped to report/],
    holdMs: 4000,
  },
  {
    name: 'guests turn themselves off while they boot',
    faults: [{ on: { backEnd: 'proxmox' }, when: times(2), what: { kind: 'guest-stops' } }],
    holdMs: 3000,
  },
  {
    name: 'guests never join',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'kubelet-stops' } }],
    says: [/did not join within 1 minutes.*qm terminal \d+/],
    holdMs: 100_000,
    costsTheMachine: true,
    isSlow: true,
  },
  {
    name: 'a Node is not Ready for a moment',
    act: ({ fault, machine }) =>
      fault({ on: { backEnd: 'proxmox', vmid: machine.spec.vmid }, what: { kind: 'kubelet-stops' } }),
    holdMs: 4000,
  },
  {
    name: 'a VM is stopped by hand',
    hands: 'a VM or its host',
    act: (stage) => byHand(stage, 'POST', '/status/stop', ''),
    says: [/was stopped by somebody else; it is started again later/],
    holdMs: 30_000,
  },
  {
    name: 'a VM is destroyed by hand',
    hands: 'a VM or its host',
    act: ({ bench, machine }) => destroyByHand(bench, machine),
    says: [/VM \d+ is (on no host|gone: no host has it)/],
    holdMs: 100_000,
    costsTheMachine: true,
    isSlow: true,
  },
  edit('a VM is renamed by hand', 'name=somebody-elses'),
  edit('a VM’s description is emptied by hand', 'description=mine'),
  edit('a VM gets other cores and memory by hand', 'cores=3&memory=3072'),
  { name: 'a VM is migrated by hand', hands: 'a VM or its host', act: migrate, holdMs: 3000 },
  {
    name: 'a VM is locked by hand and let go',
    hands: 'a VM or its host',
    act: ({ fault, machine: { spec } }) =>
      fault({
        on: { backEnd: 'proxmox', vmid: spec.vmid },
        when: { for: 2000 },
        what: { kind: 'lock-held', lock: 'backup' },
      }),
    holdMs: 3000,
  },
  {
    name: 'the VMs of leaving machines are locked',
    hands: 'a VM or its host',
    while: 'shrinking',
    act: async ({ bench, fault, pool }) => {
      for (const { spec } of await machinesOf(bench))
        if (spec.nodePoolName === pool)
          await fault({
            on: { backEnd: 'proxmox', vmid: spec.vmid },
            what: { kind: 'lock-held', lock: 'backup' },
          })
    },
    says: [/locked \(backup\).*machine release/],
    holdMs: 30_000,
  },
  {
    name: 'the VMs of leaving machines are protected',
    hands: 'a VM or its host',
    while: 'shrinking',
    act: async (stage) => {
      await toAll(stage, 'protection=1')
      return () => eventually('protection can be taken off', 30_000, () => toAll(stage, 'protection=0'))
    },
    says: [/VM (\d+) is protected.*qm set \1 --protection 0.*machine release/],
    holdMs: 30_000,
  },
  { name: 'a seed image is deleted by hand', meanwhile: deleteSeed },
]

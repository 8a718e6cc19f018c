import assert from 'node:assert/strict'
import { call } from '../../back-ends.ts'
import { eventually, type Bench } from '../../harness.ts'
import { vmsOf, type ListedVm, type MachineLike } from '../world.ts'

/** A fault as the lab's endpoint takes it. */
export interface Fault {
  readonly on: object
  readonly when?: object
  readonly what: object
}

/** One thing that goes wrong while a pool grows from one machine to three, or shrinks back. */
export interface Scenario {
  readonly name: string
  /** @default 'growing' */
  readonly while?: 'growing' | 'shrinking'
  /** Asked for before the pool is scaled. */
  readonly faults?: readonly Fault[]
  /** Done before the pool is scaled, beside the faults. @returns what undoes it when the faults end */
  readonly act?: (stage: Stage) => Promise<(() => Promise<unknown>) | void>
  /** Done right after the pool was scaled, while the machines are on their way. */
  readonly meanwhile?: (stage: Stage) => Promise<unknown>
  /** What must be said, each in a condition and in an Event: the cause, and where a person has to act, the next step. */
  readonly says?: readonly RegExp[]
  /** Faults hold for so long, milliseconds; where `says` names words until they are said, and they have a minute at least. @default 1500 */
  readonly holdMs?: number
  /** The machine that stood before is replaced: its VM is gone for good, or its Node was unwell for too long. */
  readonly costsTheMachine?: boolean
  /** It takes a minute or more: played only with all others. */
  readonly isSlow?: boolean
  /**
   * What somebody has hands on: in one company no two have them on the same, for the second would be refused because of the first, or leave
   * what a person has to put right, as a migration whose host goes away.
   */
  readonly hands?: 'a VM or its host' | 'the control plane'
}

/** Where a scenario is played. */
export interface Stage {
  readonly bench: Bench
  readonly pool: string
  /** The machine that stands. */
  readonly machine: MachineLike
  readonly fault: (spec: Fault) => Promise<void>
  /** Whether nothing else goes wrong. */
  readonly isAlone: boolean
  /** Its VM, as the list has it. */
  readonly vm: (machine?: MachineLike) => Promise<ListedVm>
}

/** A person at work on a VM: a call below `/nodes/{node}/qemu/{vmid}`, which must be taken. */
export async function byHand(
  { bench, vm, machine }: Stage,
  method: string,
  path: string,
  form?: string,
  at: MachineLike = machine,
): Promise<void> {
  const { node, vmid } = await vm(at)
  await person(bench, method, `/nodes/${node}/qemu/${vmid}${path}`, form)
}

/**
 * Tries until `attempt` no longer throws: it does what it waits for the occasion of. Alone the occasion must come; in company another fault
 * may be what keeps it from coming.
 */
export async function onOccasion(
  { isAlone }: Stage,
  what: string,
  attempt: () => Promise<void>,
): Promise<void> {
  if (isAlone) await eventually(what, 60_000, attempt)
  else await eventually(what, 2000, attempt).catch(() => undefined)
}

/** A person destroys a VM, whose machine may start it again after it was stopped, as often as it has time to. */
export function destroyByHand(bench: Bench, { spec }: MachineLike): Promise<void> {
  return eventually('the VM is destroyed', 60_000, async () => {
    const vm = (await vmsOf(bench)).find(({ vmid }) => vmid === spec.vmid)
    if (!vm) return
    const path = `/nodes/${vm.node}/qemu/${vm.vmid}`
    if (vm.status === 'running') await person(bench, 'POST', `${path}/status/stop`, '')
    await person(bench, 'DELETE', path)
    assert.fail('it is listed still')
  })
}

/** A person at work in the Proxmox cluster, with every right. */
export async function person(bench: Bench, method: string, path: string, form?: string): Promise<unknown> {
  const given =
    form === undefined ? {} : { body: form, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  const answer = await call(bench, 'proxmox', method, `/api2/json${path}`, given)
  assert.equal(answer.status, 200, `${method} ${path}: ${JSON.stringify(answer.body)}`)
  return (answer.body as { data: unknown }).data
}

/** The VM of a machine, as the list has it. */
export async function findVm(bench: Bench, { spec }: MachineLike): Promise<ListedVm> {
  const vm = (await vmsOf(bench)).find(({ vmid }) => vmid === spec.vmid)
  assert.ok(vm, `VM ${spec.vmid} is listed`)
  return vm
}

/** Requests of the controllers to Proxmox, for a fault's `on`. */
export const proxmox = (method: string, path: string) => ({ backEnd: 'proxmox', method, path })

/** A fault that strikes so often. */
export const times = (count: number) => ({ times: count })

/** The controllers' token. */
export const TOKEN = 'journey@pve!main'

/** An answer in Proxmox's form. */
export const answers = (status: number, reason: string, at: 'before' | 'after' = 'before') => ({
  kind: 'answer',
  at,
  status,
  reason,
})

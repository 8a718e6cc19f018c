import type { Vm } from '../../../../packages/lab/src/proxmox/world.ts'

/** A VM as it is before a call: what its configuration has beside or instead of the usual, and whether it runs. */
export interface State {
  readonly config?: Readonly<Record<string, string | undefined>>
  readonly facts?: Partial<Pick<Vm, 'running' | 'paused' | 'snapshots'>>
}

/**
 * A call on VM 100 in a state, and what has to come of it: `500 TEXT`, `400 PARAMETER: TEXT`, `200` for an answer without a task, or
 * `task TEXT` for one that ends so. A `?` before it: nobody has recorded the words, they are the lab's.
 */
export type Row = readonly [
  call: string,
  params: Readonly<Record<string, string>>,
  state: State,
  wanted: string,
]

/** Path of the VM that calls are about. */
export const VM = '/nodes/pve1/qemu/100'

/** What VM 100 is made of. */
export const USUAL: Readonly<Record<string, string>> = {
  agent: '1',
  boot: 'order=scsi0',
  ide2: 'none,media=cdrom',
  memory: '512',
  net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
  scsi0: 'local-lvm:vm-100-disk-0,size=2G',
}

/** Off. */
export const stopped: State = {}
/** On, its agent silent and its guest deaf to a shutdown. */
export const running: State = { facts: { running: true } }
/** On, and stopped by `suspend`. */
export const paused: State = { facts: { running: true, paused: true } }
/** A template. */
export const template: State = {
  config: { template: '1', scsi0: 'local-lvm:base-100-disk-0,size=2G' },
}
/** With a snapshot. */
export const kept: State = { facts: { snapshots: new Map([['snap', { snaptime: '1' }]]) } }
/** Protected. */
export const protection: State = { config: { protection: '1' } }
/** With a lock in its configuration. */
export const locked = (lock: string, more: State = {}): State => ({
  ...more,
  config: { ...more.config, lock },
})

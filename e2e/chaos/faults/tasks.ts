import assert from 'node:assert/strict'
import { onOccasion, person, times, type Scenario } from './scenario.ts'

const task = (type: string) => ({ backEnd: 'proxmox', task: type })
const fails = (exit: string, at: 'before' | 'after' = 'before') => ({ kind: 'task-fails', at, exit })
const locked = (vmid: number): string =>
  `can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`

/** A task fails, hangs, or ends in warnings. */
export const taskScenarios: readonly Scenario[] = [
  {
    name: 'a clone’s task fails on a lock',
    faults: [{ on: task('qmclone'), when: times(2), what: fails(locked(9000)) }],
  },
  {
    name: 'the lock of a template is held',
    faults: [
      { on: { backEnd: 'proxmox', vmid: 9000 }, when: { for: 4000 }, what: { kind: 'lock-held' } },
      { on: { backEnd: 'proxmox', vmid: 9001 }, when: { for: 4000 }, what: { kind: 'lock-held' } },
    ],
    holdMs: 4000,
  },
  {
    name: 'the lock of the storage of the disks is held',
    faults: [
      { on: { backEnd: 'proxmox', storage: 'local-lvm' }, when: { for: 4000 }, what: { kind: 'lock-held' } },
    ],
    holdMs: 4000,
  },
  {
    name: 'a clone’s task fails for good, once',
    faults: [
      { on: task('qmclone'), when: times(1), what: fails('clone failed: copy failed: input/output error') },
    ],
    says: [/input\/output error.*Another VMID is drawn/],
    holdMs: 10_000,
  },
  {
    name: 'a clone’s task reports a failure although the VM is made',
    faults: [{ on: task('qmclone'), when: times(1), what: fails('unexpected status', 'after') }],
  },
  {
    name: 'a resize fails once',
    faults: [{ on: task('resize'), when: times(1), what: fails('lvextend failed') }],
    says: [/The disk did not grow: .*lvextend/],
    holdMs: 10_000,
  },
  {
    name: 'an upload’s task fails',
    faults: [{ on: task('imgcopy'), when: times(1), what: fails('No space left on device') }],
    says: [/seed image could not be uploaded to storage "local": .*No space left on device/],
    holdMs: 10_000,
  },
  {
    name: 'a start fails once',
    faults: [{ on: task('qmstart'), when: times(1), what: fails('start failed: QEMU exited with code 1') }],
    says: [/did not start on pve\d: .*QEMU exited with code 1/],
    holdMs: 10_000,
  },
  {
    name: 'a start reports a failure although the VM runs',
    faults: [{ on: task('qmstart'), when: times(1), what: fails('got timeout', 'after') }],
  },
  {
    name: 'a shutdown fails once',
    while: 'shrinking',
    faults: [{ on: task('qmshutdown'), when: times(1), what: fails('VM quit/powerdown failed') }],
    says: [/qmshutdown of VM \d+ failed: .*machine release/],
    holdMs: 10_000,
  },
  {
    name: 'a destruction fails once',
    while: 'shrinking',
    faults: [{ on: task('qmdestroy'), when: times(1), what: fails('lvremove failed') }],
    says: [/qmdestroy of VM \d+ failed: lvremove failed.*machine release/],
    holdMs: 10_000,
  },
  {
    name: 'every task ends with warnings',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'task-warns', text: 'this is slow' } }],
  },
  {
    name: 'every task ends with warnings while machines leave',
    while: 'shrinking',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'task-warns', text: 'this is slow' } }],
  },
  ...(
    [
      ['a clone', 'qmclone', 'growing'],
      ['a resize', 'resize', 'growing'],
      ['an upload', 'imgcopy', 'growing'],
      ['a start', 'qmstart', 'growing'],
      ['a shutdown', 'qmshutdown', 'shrinking'],
      ['a destruction', 'qmdestroy', 'shrinking'],
    ] as const
  ).map(([name, type, during]): Scenario => ({
    name: `${name} hangs, and goes on later`,
    while: during,
    faults: [{ on: task(type), when: times(1), what: { kind: 'task-hangs' } }],
    holdMs: 4000,
  })),
  {
    name: 'a clone hangs, and a person stops it',
    faults: [{ on: task('qmclone'), when: times(1), what: { kind: 'task-hangs' } }],
    meanwhile: (stage) =>
      onOccasion(stage, 'the task that hangs is stopped', async () => {
        const { bench } = stage
        const running = (await person(bench, 'GET', '/cluster/tasks')) as {
          upid: string
          node: string
          type: string
          endtime?: number
        }[]
        const hung = running.find(({ type, endtime }) => type === 'qmclone' && endtime === undefined)
        assert.ok(hung, 'a clone runs')
        await person(bench, 'DELETE', `/nodes/${hung.node}/tasks/${encodeURIComponent(hung.upid)}`)
      }),
  },
]

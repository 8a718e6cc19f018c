import { VM, kept, locked, protection, running, stopped, type Row, type State } from './state.ts'

/** Calls that a lock in the configuration keeps from doing anything, and how they say so. */
const LOCKED: readonly (readonly [
  call: string,
  params: Readonly<Record<string, string>>,
  where: string,
  state?: State,
])[] = [
  [`PUT ${VM}/config`, { name: 'x' }, '500'],
  [`POST ${VM}/config`, { name: 'x' }, '500'],
  [`PUT ${VM}/unlink`, { idlist: 'scsi0' }, '500'],
  [`PUT ${VM}/cloudinit`, {}, '500'],
  [`POST ${VM}/clone`, { newid: '555' }, '500'],
  [`POST ${VM}/template`, {}, '500'],
  [`POST ${VM}/migrate`, { target: 'pve2' }, '500'],
  [`POST ${VM}/move_disk`, { disk: 'scsi0', storage: 'shared' }, '500'],
  [`POST ${VM}/move_disk`, { disk: 'scsi0', 'target-vmid': '101', 'target-disk': 'scsi5' }, '500'],
  [`PUT ${VM}/snapshot/snap/config`, { description: 'x' }, '500', kept],
  [`POST ${VM}/snapshot`, { snapname: 'new' }, 'task'],
  [`DELETE ${VM}/snapshot/snap`, {}, 'task', kept],
  [`POST ${VM}/snapshot/snap/rollback`, {}, 'task', kept],
  [`PUT ${VM}/resize`, { disk: 'scsi0', size: '+1G' }, 'task'],
  [`DELETE ${VM}`, {}, 'task'],
  [`POST ${VM}/status/start`, {}, 'task'],
  [`POST ${VM}/status/stop`, {}, 'task', running],
  [`POST ${VM}/status/shutdown`, { timeout: '1' }, 'task', running],
  [`POST ${VM}/status/reboot`, { timeout: '1' }, 'task', running],
  [`POST ${VM}/status/reset`, {}, 'task', running],
  [`POST ${VM}/status/suspend`, {}, 'task', running],
  [`POST ${VM}/status/resume`, {}, 'task', running],
]
const LOCKS = 'backup clone create migrate rollback snapshot snapshot-delete suspending suspended'.split(' ')

const locks: Row[] = LOCKS.flatMap((lock) => [
  ...LOCKED.filter(
    ([call]) =>
      // What is suspended to disk is resumed by a start and may be removed; what is backed up runs, and goes on and is paused as it likes.
      !(lock === 'suspended' && /start$|resume$|qemu\/100$/.test(call)) &&
      !(lock === 'backup' && /suspend$|resume$/.test(call)),
  ).map(([call, params, where, state]): Row => [
    call,
    params,
    locked(lock, state),
    `${where} VM is locked (${lock})`,
  ]),
  // Off is off, whatever holds the configuration.
  [`POST ${VM}/status/stop`, {}, locked(lock), 'task OK'] satisfies Row,
  [`POST ${VM}/status/shutdown`, {}, locked(lock), 'task OK'] satisfies Row,
  [`GET ${VM}/config`, {}, locked(lock), '200'] satisfies Row,
  [`GET ${VM}/status/current`, {}, locked(lock), '200'] satisfies Row,
])

/** What root does all the same, where it says so. */
const forced: Row[] = [
  [`PUT ${VM}/config`, { name: 'x', skiplock: '1' }, locked('backup'), '200'],
  [`PUT ${VM}/config`, { delete: 'lock', skiplock: '1' }, locked('clone'), '200'],
  [`POST ${VM}/config`, { name: 'x', skiplock: '1' }, locked('backup'), 'task OK'],
  [`PUT ${VM}/resize`, { disk: 'scsi0', size: '+1G', skiplock: '1' }, locked('backup'), 'task OK'],
  [`POST ${VM}/status/start`, { skiplock: '1' }, locked('migrate'), 'task OK'],
  [`POST ${VM}/status/stop`, { skiplock: '1' }, locked('snapshot', running), 'task OK'],
  [`POST ${VM}/status/reset`, { skiplock: '1' }, locked('rollback', running), 'task OK'],
  [`POST ${VM}/status/suspend`, { skiplock: '1' }, locked('create', running), 'task OK'],
  [`POST ${VM}/status/resume`, { skiplock: '1' }, locked('create', running), 'task OK'],
  [`DELETE ${VM}`, { skiplock: '1' }, locked('clone'), 'task OK'],
  // A lock is no leave to remove what runs or is protected.
  [`DELETE ${VM}`, { skiplock: '1' }, locked('clone', running), '500 VM 100 is running - destroy failed'],
  [
    `DELETE ${VM}`,
    { skiplock: '1' },
    locked('clone', protection),
    "500 can't remove VM 100 - protection mode enabled",
  ],
]

/** Every command of the guest's agent, with what it needs. */
const AGENT: readonly (readonly [call: string, params?: Readonly<Record<string, string>>])[] = [
  ...'get-fsinfo get-host-name get-memory-block-info get-memory-blocks get-osinfo get-time get-timezone get-users get-vcpus info network-get-interfaces'
    .split(' ')
    .map((name) => [`GET ${VM}/agent/${name}`] as const),
  ...'fsfreeze-freeze fsfreeze-status fsfreeze-thaw fstrim ping shutdown suspend-disk suspend-hybrid suspend-ram'
    .split(' ')
    .map((name) => [`POST ${VM}/agent/${name}`] as const),
  [`POST ${VM}/agent`, { command: 'ping' }],
  [`POST ${VM}/agent/exec`, { command: 'ls' }],
  [`GET ${VM}/agent/exec-status`, { pid: '1' }],
  [`GET ${VM}/agent/file-read`, { file: '/etc/hostname' }],
  [`POST ${VM}/agent/file-write`, { file: '/tmp/a', content: 'x' }],
  [`POST ${VM}/agent/set-user-password`, { username: 'debian', password: 'secret' }],
]

const agent: Row[] = AGENT.flatMap(([call, params = {}]): Row[] => [
  [call, params, { config: { agent: undefined } }, '500 No QEMU guest agent configured'],
  [call, params, { config: { agent: undefined }, ...running }, '500 No QEMU guest agent configured'],
  [call, params, stopped, '500 VM 100 is not running'],
  [call, params, { config: { agent: '0' } }, '500 VM 100 is not running'],
  [call, params, running, '500 QEMU guest agent is not running'],
])

/** Under each lock, and without an agent that answers. */
export const ofHeld: readonly Row[] = [...locks, ...forced, ...agent]

import { die, forbidden, parameterError } from '../api-error.ts'
import { createCall } from '../call.ts'
import type { Container } from '../cluster/state.ts'
import type { Call, Handlers } from '../handler.ts'
import { lxcHandlers } from '../lxc/index.ts'
import { can } from '../permissions.ts'
import { qemuHandlers } from '../qemu/index.ts'
import { startTask, type Worker } from '../tasks.ts'
import { splitList } from '../verify/string-formats.ts'
import type { Vm } from '../world.ts'

/** A guest that is acted on. */
interface Guest {
  readonly vmid: number
  readonly node: string
  readonly type: 'qemu' | 'lxc'
  readonly running: boolean
  readonly paused: boolean
  readonly config: Readonly<Record<string, string>>
}

/** What is done to each guest, and which guests it is done to. */
interface Action {
  /** The call below the guest's path. */
  readonly path: string
  readonly verb: string
  readonly privilege: 'VM.PowerMgmt' | 'VM.Migrate'
  readonly params: (call: Call, guest: Guest) => Record<string, string>
  /** Guests that need it. */
  readonly applies: (guest: Guest, call: Call) => boolean
}

const START: Action = {
  path: 'status/start',
  verb: 'Starting',
  privilege: 'VM.PowerMgmt',
  params: () => ({}),
  applies: ({ running, config }) => !running && config['template'] !== '1',
}
const SHUTDOWN: Action = {
  path: 'status/shutdown',
  verb: 'Stopping',
  privilege: 'VM.PowerMgmt',
  params: (call) => ({
    timeout: call.optional('timeout') ?? '180',
    forceStop: call.flag('force-stop', true) ? '1' : '0',
  }),
  applies: ({ running }) => running,
}
const SUSPEND: Action = {
  path: 'status/suspend',
  verb: 'Suspending',
  privilege: 'VM.PowerMgmt',
  params: (call): Record<string, string> => (call.flag('to-disk') ? { todisk: '1' } : {}),
  applies: ({ running, paused, type }) => type === 'qemu' && running && !paused,
}
const MIGRATE: Action = {
  path: 'migrate',
  verb: 'Migrating',
  privilege: 'VM.Migrate',
  params: (call, { running, type }) => ({
    target: call.text('target'),
    ...(running && (type === 'lxc' ? { restart: '1' } : { online: '1' })),
    ...(type === 'qemu' && call.flag('with-local-disks') && { 'with-local-disks': '1' }),
  }),
  applies: ({ node }, call) => node !== call.text('target'),
}

/** Tasks over many guests, of a host or of the cluster: one guest after the other, each in a task of its own. */
export const bulkHandlers: Handlers = {
  'POST /nodes/{node}/startall': (call) => bulk(call, 'startall', START),
  'POST /nodes/{node}/stopall': (call) => bulk(call, 'stopall', SHUTDOWN),
  'POST /nodes/{node}/suspendall': (call) => bulk(call, 'suspendall', SUSPEND),
  'POST /nodes/{node}/migrateall': (call) => {
    if (call.text('target') === call.text('node')) parameterError({ target: 'target is local node.' })
    return bulk(call, 'migrateall', MIGRATE)
  },
  'GET /cluster/bulk-action': () => [{ name: 'guest' }],
  'GET /cluster/bulk-action/guest': () =>
    ['migrate', 'shutdown', 'start', 'suspend'].map((name) => ({ name })),
  'POST /cluster/bulk-action/guest/start': (call) => bulk(call, 'bulk-start', START),
  'POST /cluster/bulk-action/guest/shutdown': (call) => bulk(call, 'bulk-shutdown', SHUTDOWN),
  'POST /cluster/bulk-action/guest/suspend': (call) => bulk(call, 'bulk-suspend', SUSPEND),
  'POST /cluster/bulk-action/guest/migrate': (call) => bulk(call, 'bulk-migrate', MIGRATE),
}

function bulk(call: Call, type: string, action: Action): string {
  const named = splitList(call.optional('vms') ?? '').map(Number)
  requireRight(call, named, action.privilege)
  const target = action === MIGRATE ? call.text('target') : undefined
  if (target !== undefined && !call.world.hosts.has(target)) die(`no such cluster node '${target}'`)
  const node = call.optional('node') ?? call.contact
  const guests = selected(call, type, named).filter((guest) => action.applies(guest, call))
  return startTask(call.world, { node, type, id: '', user: call.user }, async (worker) => {
    for (const guest of guests) await actOn(call, worker, guest, action)
  })
}

/** The guests that are named; without names those of the host, for a start only those that are to start with it. */
function selected({ world, params }: Call, type: string, named: readonly number[]): Guest[] {
  const all = [
    ...[...world.vms.values()].map((vm) => guestOf(vm, 'qemu')),
    ...[...world.cluster.containers.values()].map((container) => guestOf(container, 'lxc')),
  ]
    .filter(({ node }) => params['node'] === undefined || node === params['node'])
    .toSorted((one, other) => one.vmid - other.vmid)
  if (named.length > 0) return all.filter(({ vmid }) => named.includes(vmid))
  return type === 'startall' && params['force'] !== '1'
    ? all.filter(({ config }) => config['onboot'] === '1')
    : all
}

function guestOf(guest: Vm | Container, type: 'qemu' | 'lxc'): Guest {
  const { vmid, node, running, config } = guest
  return { vmid, node, type, running, config, paused: 'paused' in guest && guest.paused === true }
}

function requireRight({ world, identity }: Call, named: readonly number[], privilege: string): void {
  if (can(world, identity, '/', [privilege])) return
  if (named.length === 0) forbidden(`/, ${privilege}`)
  for (const vmid of named)
    if (!can(world, identity, `/vms/${vmid}`, [privilege])) forbidden(`/vms/${vmid}, ${privilege}`)
}

async function actOn(call: Call, worker: Worker, guest: Guest, action: Action): Promise<void> {
  const says = `${action.verb} ${guest.type === 'lxc' ? 'CT' : 'VM'} ${guest.vmid}`
  worker.log(says)
  const params = { node: guest.node, vmid: String(guest.vmid), ...action.params(call, guest) }
  const inner = createCall(call, call.identity, {}, params)
  const handlers = guest.type === 'lxc' ? lxcHandlers : qemuHandlers
  try {
    const upid = await handlers[`POST /nodes/{node}/${guest.type}/{vmid}/${action.path}`]?.(inner)
    const task = call.world.tasks.get(String(upid))
    await task?.done
    if (task?.exitstatus !== 'OK') worker.warn(`${says} failed: ${task?.exitstatus ?? 'no task'}`)
  } catch (error) {
    worker.warn(`${says} failed: ${(error as Error).message.trimEnd()}`)
  }
  worker.signal.throwIfAborted()
}

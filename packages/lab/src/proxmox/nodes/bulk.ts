import { forbidden } from '../api-error.ts'
import { createCall } from '../call.ts'
import type { Call, Handlers } from '../handler.ts'
import { can } from '../permissions.ts'
import { qemuHandlers } from '../qemu/index.ts'
import { startTask, type Worker } from '../tasks.ts'
import { splitList } from '../verify/string-formats.ts'
import type { Vm } from '../world.ts'

/** What is done to each guest, and which guests it is done to. */
interface Action {
  readonly status: 'start' | 'shutdown' | 'suspend'
  readonly says: (vm: Vm) => string
  readonly params: (call: Call) => Record<string, string>
  /** Guests that need it. */
  readonly applies: (vm: Vm) => boolean
}

const START: Action = {
  status: 'start',
  says: ({ vmid }) => `Starting VM ${vmid}`,
  params: () => ({}),
  applies: (vm) => !vm.running && vm.config['template'] !== '1',
}
const SHUTDOWN: Action = {
  status: 'shutdown',
  says: ({ vmid }) => `Stopping VM ${vmid}`,
  params: (call) => ({
    timeout: call.optional('timeout') ?? '180',
    forceStop: call.flag('force-stop', true) ? '1' : '0',
  }),
  applies: (vm) => vm.running,
}
const SUSPEND: Action = {
  status: 'suspend',
  says: ({ vmid }) => `Suspending VM ${vmid}`,
  params: (call): Record<string, string> => (call.flag('to-disk') ? { todisk: '1' } : {}),
  applies: (vm) => vm.running && vm.paused !== true,
}

/** Tasks over many guests, of a host or of the cluster: one guest after the other, each in a task of its own. */
export const bulkHandlers: Handlers = {
  'POST /nodes/{node}/startall': (call) => bulk(call, 'startall', START),
  'POST /nodes/{node}/stopall': (call) => bulk(call, 'stopall', SHUTDOWN),
  'POST /nodes/{node}/suspendall': (call) => bulk(call, 'suspendall', SUSPEND),
  'GET /cluster/bulk-action': () => [{ name: 'guest' }],
  'GET /cluster/bulk-action/guest': () =>
    ['migrate', 'shutdown', 'start', 'suspend'].map((name) => ({ name })),
  'POST /cluster/bulk-action/guest/start': (call) => bulk(call, 'bulk-start', START),
  'POST /cluster/bulk-action/guest/shutdown': (call) => bulk(call, 'bulk-shutdown', SHUTDOWN),
  'POST /cluster/bulk-action/guest/suspend': (call) => bulk(call, 'bulk-suspend', SUSPEND),
}

function bulk(call: Call, type: string, action: Action): string {
  const named = splitList(call.optional('vms') ?? '').map(Number)
  requireRight(call, named)
  const node = call.optional('node') ?? call.contact
  const vms = selected(call, type, named).filter(action.applies)
  return startTask(call.world, { node, type, id: '', user: call.user }, async (worker) => {
    for (const vm of vms) await actOn(call, worker, vm, action)
  })
}

/** The guests that are named; without names those of the host, for a start only those that are to start with it. */
function selected({ world, params }: Call, type: string, named: readonly number[]): Vm[] {
  const all = [...world.vms.values()].filter(
    (vm) => params['node'] === undefined || vm.node === params['node'],
  )
  if (named.length > 0) return all.filter(({ vmid }) => named.includes(vmid))
  return type === 'startall' && params['force'] !== '1'
    ? all.filter(({ config }) => config['onboot'] === '1')
    : all
}

function requireRight({ world, identity }: Call, named: readonly number[]): void {
  const wanted = ['VM.PowerMgmt']
  if (can(world, identity, '/', wanted)) return
  if (named.length === 0) forbidden('/, VM.PowerMgmt')
  for (const vmid of named)
    if (!can(world, identity, `/vms/${vmid}`, wanted)) forbidden(`/vms/${vmid}, VM.PowerMgmt`)
}

async function actOn(call: Call, worker: Worker, vm: Vm, action: Action): Promise<void> {
  worker.log(action.says(vm))
  const params = { node: vm.node, vmid: String(vm.vmid), ...action.params(call) }
  const inner = createCall(call, call.identity, {}, params)
  try {
    const upid = await qemuHandlers[`POST /nodes/{node}/qemu/{vmid}/status/${action.status}`]?.(inner)
    const task = call.world.tasks.get(String(upid))
    await task?.done
    if (task?.exitstatus !== 'OK') worker.warn(`${action.says(vm)} failed: ${task?.exitstatus ?? 'no task'}`)
  } catch (error) {
    worker.warn(`${action.says(vm)} failed: ${(error as Error).message.trimEnd()}`)
  }
  worker.signal.throwIfAborted()
}

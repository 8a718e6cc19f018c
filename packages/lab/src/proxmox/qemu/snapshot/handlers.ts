import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { digestOf, type Vm } from '../../world.ts'
import { typed } from '../config/read.ts'
import { lockConfig } from '../lock.ts'
import { startLater } from '../power/start.ts'
import { startLockedTask } from '../task.ts'
import { checkLock, vmOf, vmidOf } from '../vm.ts'
import { createSnapshot } from './create.ts'
import { deleteSnapshot } from './delete.ts'
import { rollBack } from './rollback.ts'

const BASE = '/nodes/{node}/qemu/{vmid}/snapshot'

/** Snapshots of a VM. */
export const snapshotHandlers: Handlers = {
  [`GET ${BASE}`]: list,
  [`POST ${BASE}`]: create,
  [`GET ${BASE}/{snapname}`]: () => [{ cmd: 'rollback' }, { cmd: 'config' }],
  [`DELETE ${BASE}/{snapname}`]: (call) =>
    startLockedTask(call, 'qmdelsnapshot', (vm, worker) =>
      deleteSnapshot(call.world, vm, call.text('snapname'), worker),
    ),
  [`GET ${BASE}/{snapname}/config`]: (call) => typed(sectionOf(vmOf(call), call.text('snapname'))),
  [`PUT ${BASE}/{snapname}/config`]: describe,
  [`POST ${BASE}/{snapname}/rollback`]: (call) =>
    startLockedTask(call, 'qmrollback', async (vm, worker) => {
      const runs = await rollBack(call.world, vm, call.text('snapname'), worker)
      if (call.flag('start') && !runs) startLater(call.world, vm.node, vm.vmid, call.user)
    }),
}

/** A snapshot's section. Throws when there is none of the name. */
function sectionOf(vm: Vm, name: string): Record<string, string> {
  return vm.snapshots?.get(name) ?? die(`snapshot '${name}' does not exist`)
}

function list(call: Call): unknown[] {
  const vm = vmOf(call)
  const entries: Record<string, unknown>[] = [...(vm.snapshots ?? [])].map(([name, section]) => ({
    name,
    snaptime: Number(section['snaptime'] ?? 0),
    vmstate: section['vmstate'] === undefined ? 0 : 1,
    description: section['description'] ?? '',
    ...(section['parent'] !== undefined && { parent: section['parent'] }),
    ...(section['snapstate'] !== undefined && { snapstate: section['snapstate'] }),
  }))
  const parent = vm.config['parent']
  return [
    ...entries,
    {
      name: 'current',
      description: 'You are here!',
      digest: digestOf(vm),
      running: vm.running ? 1 : 0,
      ...(parent !== undefined && { parent }),
    },
  ]
}

function create(call: Call): string {
  const name = call.text('snapname')
  vmOf(call)
  if (name === 'current' || name === 'pending') die(`unable to use snapshot name '${name}' (reserved name)`)
  const request = { name, withState: call.flag('vmstate'), description: call.optional('description') }
  return startLockedTask(call, 'qmsnapshot', (vm, worker) => createSnapshot(call.world, vm, request, worker))
}

async function describe(call: Call): Promise<null> {
  vmOf(call)
  await lockConfig(call.world, vmidOf(call), () => {
    const vm = vmOf(call)
    checkLock(vm)
    const section = sectionOf(vm, call.text('snapname'))
    const description = call.optional('description')
    if (description !== undefined) section['description'] = description.trimEnd()
    return Promise.resolve()
  })
  return null
}

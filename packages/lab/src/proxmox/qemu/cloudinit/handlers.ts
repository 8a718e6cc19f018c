import type { Call, Handlers } from '../../handler.ts'
import { lockConfig } from '../lock.ts'
import { drivesOf } from '../drive.ts'
import { checkLock, vmOf, vmidOf } from '../vm.ts'
import { typed } from '../config/read.ts'
import { regenerateSeed } from './seed.ts'
import { metaData, networkConfig, userData } from './texts.ts'

/** The calls about a VM's seed. */
export const cloudInitHandlers: Handlers = {
  'GET /nodes/{node}/qemu/{vmid}/cloudinit': list,
  'PUT /nodes/{node}/qemu/{vmid}/cloudinit': regenerate,
  'GET /nodes/{node}/qemu/{vmid}/cloudinit/dump': dump,
}

/** Options that the list shows; addresses are not among them. */
const LISTED = ['ciuser', 'cipassword', 'sshkeys', 'nameserver', 'searchdomain']

function list(call: Call): unknown[] {
  const vm = vmOf(call)
  const values = typed(vm.config)
  return LISTED.filter((key) => vm.config[key] !== undefined).map((key) => ({ key, value: values[key] }))
}

async function regenerate(call: Call): Promise<null> {
  vmOf(call)
  await lockConfig(call.world, vmidOf(call), () => {
    const vm = vmOf(call)
    checkLock(vm)
    for (const drive of drivesOf(vm.config)) regenerateSeed(call.world, vm, drive)
    return Promise.resolve()
  })
  return null
}

function dump(call: Call): string {
  const vm = vmOf(call)
  const type = call.text('type')
  return type === 'user' ? userData(vm) : type === 'network' ? networkConfig(vm) : metaData(vm)
}

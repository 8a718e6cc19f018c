import { getCondition } from '@fochista/api'
import type { Tenant } from '@fochista/kamaji'
import { isNotRunning } from '@fochista/proxmox'
import type { VmConfig, VmRef } from '../proxmox-cluster/hypervisor.ts'
import { waiting, type MachineContext, type StepResult } from './context.ts'
import { awaitLock } from './destroy.ts'
import { drainNode } from './drain.ts'
import { isSilence } from './host.ts'
import { inTenant, restOfDrain } from './leaving-tenant.ts'
import { nodeOf } from './node.ts'
import { hostSilent } from './silent-host.ts'
import { noteTask } from './task.ts'

/** How long a guest that is asked to shut down may take before it is switched off, seconds. */
const SHUTDOWN_SECONDS = 60

/** Drains and stops the VM. @returns undefined once its own host says that it does not run */
export async function stop(
  context: MachineContext,
  vm: VmRef,
  config: VmConfig | undefined,
  tenant: Tenant | undefined,
): Promise<StepResult | undefined> {
  const { hypervisor } = context.connection
  try {
    const status = await hypervisor.status(vm)
    if (!status && config)
      return waiting(
        'Looking',
        `VM ${vm.vmid} has left ${vm.node} in this moment; it is looked for anew.`,
        1000,
      )
    if (!status || status.status === 'stopped') return undefined
    // Of a backup that runs the drain waits for nothing; what it left to wait for is not drained again and again.
    const lock = config && awaitLock(context, vm, config)
    if (lock && getCondition(context.machine, 'Ready')?.reason === lock.reason) return lock
    const left = await inTenant(context, tenant, (one) => drainNode(context, one, restOfDrain(context)))
    if (left) return left
    if (lock) return lock
    // Of a cluster that goes, and of a guest that never joined, nothing is worth an orderly end.
    const isOrderly = tenant !== undefined && nodeOf(context) !== undefined
    const upid = isOrderly ? await hypervisor.shutdown(vm, SHUTDOWN_SECONDS) : await hypervisor.stop(vm)
    const how = isOrderly ? 'shut down' : 'stopped'
    return await noteTask(context, upid, 'Stopping', `VM ${vm.vmid} is ${how}.`)
  } catch (error) {
    if (isNotRunning(error)) return undefined
    if (isSilence(error)) return hostSilent(context, error)
    throw error
  }
}

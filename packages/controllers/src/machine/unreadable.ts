import type { MachineContext } from './context.ts'

/**
 * The path on which we lack VM.Audit, of a VM at our VMID that may not be read and may be ours: one that we have made, and any at all while
 * that is lacking on the pool which our VMs are made into. Undefined for a VM of somebody else.
 */
export async function unauditedPath({ machine, connection }: MachineContext): Promise<string | undefined> {
  const { made, vmid, pool } = machine.spec
  if (made) return `/vms/${vmid}`
  if (pool === undefined) return undefined
  const path = `/pool/${pool}`
  return (await connection.hypervisor.privileges(path)).includes('VM.Audit') ? undefined : path
}

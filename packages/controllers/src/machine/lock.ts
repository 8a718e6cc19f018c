import type { VmConfig, VmRef } from '../proxmox-cluster/hypervisor.ts'

/** Lock of a VM whose memory was written to disk: it waits to go on, and nobody is at work. */
const SUSPENDED = 'suspended'

/** Says who has locked a VM, such as a backup or a migration, and what a person can do about a lock that nobody holds any more. */
export function lockText({ vmid, node }: VmRef, lock: NonNullable<VmConfig['lock']>): string {
  return lock === SUSPENDED
    ? `VM ${vmid} is suspended to disk by somebody. On ${node}: \`qm resume ${vmid}\`.`
    : `VM ${vmid} is locked (${lock}); waiting for whoever holds it. If nobody does any more, on ${node}: \`qm unlock ${vmid}\`.`
}

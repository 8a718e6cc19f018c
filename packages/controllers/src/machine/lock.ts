import { lockOf, ProxmoxError } from '@fochista/proxmox'
import type { VmConfig, VmRef } from '../proxmox-cluster/hypervisor.ts'

/** Lock of a VM whose memory was written to disk: it waits to go on, and nobody is at work. */
const SUSPENDED = 'suspended'

/** Says who has locked a VM, such as a backup or a migration, and what a person can do about a lock that nobody holds any more. */
export function lockText({ vmid, node }: VmRef, lock: NonNullable<VmConfig['lock']>): string {
  return lock === SUSPENDED
    ? `VM ${vmid} is suspended to disk by somebody. On ${node}: \`qm resume ${vmid}\`.`
    : `VM ${vmid} is locked (${lock}); waiting for whoever holds it. If nobody does any more, on ${node}: \`qm unlock ${vmid}\`.`
}

/** The same of a call that was refused because a VM is locked, a template too. Undefined for any other failure. */
export function lockRefusal(error: unknown): string | undefined {
  const lock = lockOf(error)
  if (lock === undefined || !(error instanceof ProxmoxError)) return undefined
  const [, node, vmid] = /^\/nodes\/([^/]+)\/qemu\/(\d+)/.exec(error.path) ?? []
  return node && lockText({ node, vmid: Number(vmid) }, lock as NonNullable<VmConfig['lock']>)
}

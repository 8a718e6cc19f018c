import type { Machine } from '@fochista/api'
import { parseUpid, ProxmoxError, ProxmoxTaskError } from '@fochista/proxmox'

/**
 * What a failed look at a machine is one of: a call, or a task, that its Proxmox cluster does not do for it, such as the clone of a
 * template. Hosts, VMIDs and files are left out: what fails for one machine is most often what fails for the next. Undefined if it was no
 * call to Proxmox.
 */
export function failingCall({ spec }: Machine, error: unknown): string | undefined {
  if (!(error instanceof ProxmoxError)) return undefined
  const call =
    error instanceof ProxmoxTaskError ? parseUpid(error.upid).type : `${error.method} ${shapeOf(error.path)}`
  return `${spec.proxmoxCluster} ${call}`
}

/** A path of the API without the names in it. */
function shapeOf(path: string): string {
  return path
    .split('/')
    .slice(1)
    .map((word, index) => (index === 1 || !/^[a-z-]+$/.test(word) ? '*' : word))
    .join('/')
}

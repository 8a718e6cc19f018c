import { ProxmoxApiError } from '@fochista/proxmox'
import type { Hypervisor } from '../proxmox-cluster/hypervisor.ts'

/** What our token may do in Proxmox now. */
export interface Rights {
  /** The token has expired: no call is answered. */
  isRefused: boolean
  /** Privileges that the token has lost. */
  readonly lost: Set<Privilege>
}

/** What Proxmox asks for before it does a thing. */
const needed = {
  config: 'VM.Audit',
  pending: 'VM.Audit',
  status: 'VM.Audit',
  clone: 'VM.Clone',
  configure: 'VM.Config.Options',
  resize: 'VM.Config.Disk',
  start: 'VM.PowerMgmt',
  shutdown: 'VM.PowerMgmt',
  stop: 'VM.PowerMgmt',
  reboot: 'VM.PowerMgmt',
  destroy: 'VM.Allocate',
  uploadImage: 'Datastore.AllocateTemplate',
  deleteVolume: 'Datastore.AllocateTemplate',
} as const

/** A privilege that a token may lose. */
export type Privilege = (typeof needed)[keyof typeof needed]

/** Those there are. */
export const PRIVILEGES: readonly Privilege[] = [...new Set(Object.values(needed))]

/** Refuses a token that has expired, in Proxmox's own words. */
export function requireToken({ isRefused }: Rights): void {
  if (isRefused) throw new ProxmoxApiError({ method: 'GET', path: '/' }, 401, 'token is expired')
}

/** Proxmox as a token finds it that may have expired, or lost a privilege. */
export function asToken(hypervisor: Hypervisor, rights: Rights): Hypervisor {
  return new Proxy(hypervisor, {
    get: (target, name: keyof Hypervisor) => {
      const call = target[name] as (...given: unknown[]) => Promise<unknown>
      return async (...given: unknown[]) => {
        requireToken(rights)
        const privilege = (needed as Partial<Record<keyof Hypervisor, Privilege>>)[name]
        if (privilege !== undefined && rights.lost.has(privilege))
          throw new ProxmoxApiError(
            { method: 'GET', path: '/' },
            403,
            `Permission check failed (/, ${privilege})`,
          )
        const answer = await call(...given)
        return name === 'privileges'
          ? (answer as string[]).filter((one) => !rights.lost.has(one as Privilege))
          : answer
      }
    },
  })
}

import type { ProxmoxRight } from '@fochista/api'
import type { Pacer } from '@fochista/proxmox'
import type { Clock } from '../runtime/clock.ts'
import type { Hypervisor } from './hypervisor.ts'

/** How long an answer is believed when nothing suggests a change, milliseconds. */
const BELIEVED_MS = 600_000
/** Paths that are asked for at once when they are new. */
const AT_ONCE = 8
/** Answers that are asked for anew with each look: each namespace has rights of its own, and of those there may be thousands. */
const ANEW = 3

/** What our token may do, path by path, as last seen. */
export interface KeptRights {
  /** The rights of which something is lacking, each with the privileges that lack. Asks what is new, and of the rest a few that are old. */
  missing(needed: readonly ProxmoxRight[]): Promise<ProxmoxRight[]>
}

/** Makes an empty record. */
export function createKeptRights({
  hypervisor,
  pacer,
  clock,
}: {
  hypervisor: Pick<Hypervisor, 'privileges'>
  pacer: Pacer
  clock: Clock
}): KeptRights {
  const kept = new Map<string, { at: number; has: ReadonlySet<string> }>()
  const ask = async (path: string): Promise<void> => {
    kept.set(path, { at: clock.now(), has: new Set(await hypervisor.privileges(path)) })
  }
  const lackOf = ({ path, privileges }: ProxmoxRight): string[] =>
    privileges.filter((one) => !kept.get(path)?.has.has(one))

  return {
    missing: async (needed) => {
      const paths = [...new Set(needed.map(({ path }) => path))]
      const fresh = paths.filter((path) => !kept.has(path))
      for (let from = 0; from < fresh.length; from += AT_ONCE)
        await Promise.all(fresh.slice(from, from + AT_ONCE).map(ask))
      const isNew = new Set(fresh)
      const lacking = new Set(needed.filter((right) => lackOf(right).length > 0).map(({ path }) => path))
      const isOld = (path: string): boolean => clock.now() - (kept.get(path)?.at ?? 0) >= BELIEVED_MS
      const old = paths
        .filter((path) => !isNew.has(path) && (lacking.has(path) || isOld(path)))
        .sort((a, b) => (kept.get(a)?.at ?? 0) - (kept.get(b)?.at ?? 0))
        .slice(0, ANEW)
      pacer.charge(old.length)
      await Promise.all(old.map(ask))
      return needed.flatMap((right) => {
        const privileges = lackOf(right)
        return privileges.length > 0 ? [{ ...right, privileges }] : []
      })
    },
  }
}

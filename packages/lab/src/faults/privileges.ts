import { printIdentity } from '../proxmox/permissions.ts'
import type { Identity } from '../proxmox/permissions.ts'
import type { Armed } from './occasion.ts'

const NONE: ReadonlySet<string> = new Set()

/** The privileges that faults take from a user or token on a path. */
export function privilegesWithheld(
  faults: readonly Armed[],
  identity: Identity,
  path: string,
): ReadonlySet<string> {
  let lacking: Set<string> | undefined
  for (const armed of faults) {
    const { what } = armed.spec
    if (what.kind !== 'token-loses' || armed.state !== 'active') continue
    if (
      what.path !== undefined &&
      what.path !== '/' &&
      path !== what.path &&
      !path.startsWith(`${what.path}/`)
    )
      continue
    if (armed.fits({ user: printIdentity(identity) })) (lacking ??= new Set()).add(what.privilege)
  }
  return lacking ?? NONE
}

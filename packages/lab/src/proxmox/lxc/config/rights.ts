import { die, forbidden } from '../../api-error.ts'
import type { Call } from '../../handler.ts'
import { can, isRoot } from '../../permissions.ts'
import { isMountKey, parseMount } from '../mount-point.ts'

/** Privileges by what an option is about; any other is of `VM.Config.Options`. */
const PRIVILEGES: readonly (readonly [option: RegExp, privilege: string])[] = [
  [/^(?:cores|cpuunits|cpulimit)$/, 'VM.Config.CPU'],
  [/^(?:rootfs|mp\d+|unused\d+)$/, 'VM.Config.Disk'],
  [/^(?:memory|swap)$/, 'VM.Config.Memory'],
  [/^(?:net\d+|nameserver|searchdomain|hostname)$/, 'VM.Config.Network'],
  [/^template$/, 'VM.Allocate'],
]

/** Refuses options that the caller may not set or delete on a container. */
export function checkContainerRights(
  call: Call,
  { vmid, pool }: { vmid: number; pool?: string | undefined },
  given: Readonly<Record<string, string>>,
  removed: readonly string[] = [],
): void {
  if (isRoot(call.identity)) return
  const { world, identity } = call
  for (const key of [...Object.keys(given), ...removed]) {
    checkRootOnly(key, given[key])
    const privilege = PRIVILEGES.find(([option]) => option.test(key))?.[1] ?? 'VM.Config.Options'
    const ofPool = pool !== undefined && can(world, identity, `/pool/${pool}`, [privilege])
    if (!ofPool && !can(world, identity, `/vms/${vmid}`, [privilege])) forbidden(`/vms/${vmid}, ${privilege}`)
  }
}

function checkRootOnly(key: string, value: string | undefined): void {
  if (key === 'hookscript' || key === 'lock' || /^dev\d+$/.test(key))
    die(`configuring '${key}' is only allowed for root@pam`)
  if (key === 'features' && value?.split(',').some((each) => !each.startsWith('nesting=')))
    forbidden('changing feature flags (except nesting) is only allowed for root@pam')
  if (value !== undefined && isMountKey(key) && parseMount(key, value).volume.startsWith('/'))
    forbidden('mount point type bind is only allowed for root@pam')
}

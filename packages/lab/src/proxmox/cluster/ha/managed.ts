import type { Call } from '../../handler.ts'
import { listOf, sectionsOf } from '../../sections.ts'
import type { ProxmoxWorld } from '../../world.ts'

/** A guest that is managed, as its resource's id names it. */
interface Managed {
  readonly vmid: number
  readonly type: 'qemu' | 'lxc'
  readonly node: string
  readonly running: boolean
  /** Nobody can start it: it is a template, or locked. */
  readonly isHeld: boolean
}

/** Whether the cluster keeps a guest running, and what it is to be. */
export function managedState({ cluster }: ProxmoxWorld, sid: string): Record<string, unknown> {
  const resource = cluster.haResources.get(sid)
  // One that is ignored counts as none.
  return resource === undefined || resource['state'] === 'ignored'
    ? { managed: 0 }
    : {
        managed: 1,
        state: resource['state'] ?? 'started',
        ...(resource['group'] && { group: resource['group'] }),
      }
}

/** The guest of a resource's id, `vm:100` or `ct:100`; undefined when there is none of that kind. */
export function managedGuest(world: ProxmoxWorld, sid: string): Managed | undefined {
  const [kind, number] = sid.split(':')
  const vmid = Number(number)
  const guest = kind === 'ct' ? world.cluster.containers.get(vmid) : world.vms.get(vmid)
  return (
    guest && {
      vmid,
      type: kind === 'ct' ? 'lxc' : 'qemu',
      node: guest.node,
      running: guest.running,
      isHeld: guest.config['template'] === '1' || guest.config['lock'] !== undefined,
    }
  )
}

/** File of how often the start of a resource failed, one time after the other. */
export const FAILED = 'ha/failed'

/** Starts that are tried again after a first failure, where a resource does not say it. */
const MAX_RESTART = 1

/** Whether the manager has given a resource up: its state is then `error`, until somebody sets it anew. */
export function hasFailed(world: ProxmoxWorld, sid: string): boolean {
  const failures = Number(world.cluster.files.get(FAILED)?.get(sid)?.['failures'] ?? 0)
  return failures > Number(world.cluster.haResources.get(sid)?.['max_restart'] ?? MAX_RESTART)
}

/** Lets the manager try again. */
export function forgetFailures(world: ProxmoxWorld, sid: string): void {
  world.cluster.files.get(FAILED)?.delete(sid)
}

/** Name of a resource; a bare number is that of a guest, whichever it is. */
export function sidOf({ world }: Call, sid: string): string {
  if (!/^\d+$/.test(sid)) return sid
  return `${world.cluster.containers.has(Number(sid)) ? 'ct' : 'vm'}:${sid}`
}

/** A guest that is gone is no resource, and no rule names it. */
export function forgetResource(world: ProxmoxWorld, sid: string): void {
  world.cluster.haResources.delete(sid)
  dropFromRules(world, sid)
}

/** Rules do not name what is no resource any more; one that named nothing else goes. */
export function dropFromRules(world: ProxmoxWorld, sid: string): void {
  const rules = sectionsOf(world, 'ha/rules')
  for (const [rule, section] of rules) {
    const named = listOf(section['resources'])
    if (!named.includes(sid)) continue
    const rest = named.filter((one) => one !== sid)
    if (rest.length === 0) rules.delete(rule)
    else section['resources'] = rest.join(',')
  }
}

import { hardOf, usedOf } from '../admission/quota-usage.ts'
import type { Lister } from '../admission/quota-usage.ts'
import type { GroupVersionResource } from '../resources.ts'
import { copy, equal } from '../rest/json.ts'
import { kinds } from './kinds.ts'
import { statusOf } from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey } from './runtime.ts'

/** How often what nobody tells of is counted again, milliseconds of hardware time: kinds that are only counted as `count/…`. */
const RESYNC = 60_000

/** Kinds of which every change is followed. */
const FOLLOWED = [kinds.pods, kinds.services, kinds.configMaps, kinds.secrets, kinds.claims]

/** Keeps in the status of each ResourceQuota what it allows and what is taken of it. */
export function startResourceQuotas(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'resourcequota-controller', (key) => {
    const [namespace, name] = splitKey(key)
    const quota = loop.store.get(kinds.resourceQuotas, namespace, name)
    if (quota === undefined) return
    const status = { hard: hardOf(quota), used: usedOf(quota, listerOf(loop, namespace)) }
    if (!equal(status, statusOf(quota)))
      loop.store.update(
        kinds.resourceQuotas,
        { ...copy(quota), status },
        { ...loop.writes, subresource: 'status' },
      )
    loop.enqueue(key, RESYNC)
  })
  loop.watch(kinds.resourceQuotas, ({ type, object }) => (type === 'DELETED' ? undefined : keyOf(object)))
  for (const kind of FOLLOWED)
    loop.watch(kind, ({ object }) =>
      loop.store.list(kinds.resourceQuotas, { namespace: object.metadata.namespace ?? '' }).map(keyOf),
    )
  return loop
}

function listerOf(loop: Loop, namespace: string): Lister {
  return (kind) => {
    const [resource = '', ...group] = kind.split('.')
    const gvr: GroupVersionResource = { group: group.join('.'), version: 'v1', resource }
    try {
      return loop.store.list(gvr, { namespace })
    } catch {
      // What is not served, or not in this version, is not counted.
      return undefined
    }
  }
}

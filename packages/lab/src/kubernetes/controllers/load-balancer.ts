import type { ApiObject } from '../resources.ts'
import { copy } from '../rest/json.ts'
import { items, member, textOf } from '../builtin/defaults/fields.ts'
import { recordEvent } from './events.ts'
import { kinds } from './kinds.ts'
import { specOf, statusOf } from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey } from './runtime.ts'

/** Where addresses of load balancers come from. */
export interface LoadBalancers {
  /** The address for a service, the same each time; undefined when there is none to give. */
  allocate(service: ApiObject): string | undefined
  /** The service no longer needs its address. */
  release?(service: ApiObject): void
  /** Time from the service to its address, of the lab's hardware, milliseconds. Default 500. */
  delayMs?: number
}

const DELAY = 500
/** When there was no address to give: the next try. */
const RETRY = 10_000

/** Gives services of type LoadBalancer an address, as the load balancer beside a management cluster does. */
export function startLoadBalancers(host: ControllerHost, balancers: LoadBalancers): Loop {
  const held = new Map<string, ApiObject>()
  const loop: Loop = new Loop(host, 'service-lb-controller', (key) => reconcile(loop, balancers, held, key))
  return loop.watch(kinds.services, (event) => {
    const uid = event.object.metadata.uid ?? ''
    if (event.type === 'DELETED') {
      const known = held.get(uid)
      if (known !== undefined && held.delete(uid)) balancers.release?.(known)
      return undefined
    }
    if (!wants(event.object) && !held.has(uid)) return undefined
    loop.enqueue(keyOf(event.object), held.has(uid) ? 0 : (balancers.delayMs ?? DELAY))
    return undefined
  })
}

/** One balancer stands for all that a cluster may have: it serves every class. */
function wants(service: ApiObject): boolean {
  return specOf(service)['type'] === 'LoadBalancer'
}

function reconcile(loop: Loop, balancers: LoadBalancers, held: Map<string, ApiObject>, key: string): void {
  const [namespace, name] = splitKey(key)
  const service = loop.store.get(kinds.services, namespace, name)
  if (service === undefined) return
  const uid = service.metadata.uid ?? ''
  const current = items(member(statusOf(service), 'loadBalancer'), 'ingress')
  if (!wants(service) || service.metadata.deletionTimestamp !== undefined) {
    if (!held.delete(uid)) return
    balancers.release?.(service)
    if (current.length > 0) writeIngress(loop, service, [])
    return
  }
  const address = balancers.allocate(service)
  if (address === undefined) {
    recordEvent(
      loop,
      { object: service, apiVersion: 'v1', kind: 'Service' },
      {
        type: 'Warning',
        reason: 'AllocationFailed',
        message: `no address is free for "${namespace}/${name}"`,
      },
    )
    loop.enqueue(key, RETRY)
    return
  }
  held.set(uid, service)
  if (textOf(current[0]?.['ip']) === address) return
  writeIngress(loop, service, [{ ip: address, ipMode: 'VIP' }])
  recordEvent(
    loop,
    { object: service, apiVersion: 'v1', kind: 'Service' },
    { type: 'Normal', reason: 'IPAllocated', message: `Assigned IP ["${address}"]` },
  )
}

function writeIngress(loop: Loop, service: ApiObject, ingress: { ip: string; ipMode: string }[]): void {
  const loadBalancer = ingress.length === 0 ? {} : { ingress }
  loop.store.update(
    kinds.services,
    { ...copy(service), status: { ...copy(statusOf(service)), loadBalancer } },
    { ...loop.writes, subresource: 'status' },
  )
}

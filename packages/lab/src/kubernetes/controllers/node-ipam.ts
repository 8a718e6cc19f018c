import { copy } from '../rest/json.ts'
import { member, textOf } from '../builtin/defaults/fields.ts'
import { addressText, parseCidr } from '../builtin/service-allocator.ts'
import { recordEvent } from './events.ts'
import { kinds } from './kinds.ts'
import { specOf } from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { Loop } from './runtime.ts'

/** Bits of a node's part of the pod range: 254 pods. */
const NODE_BITS = 24

/** Gives each node a part of the pod range (default 10.244.0.0/16), the lowest that is free. */
export function startNodeIpam(host: ControllerHost, podCidr = '10.244.0.0/16'): Loop {
  const { first, size, bits } = parseCidr(podCidr.split(',')[0] ?? podCidr)
  const nodeBits = Math.max(NODE_BITS, bits)
  const step = 2 ** (32 - nodeBits)
  const loop: Loop = new Loop(host, 'node-ipam-controller', (name) => {
    const node = loop.store.get(kinds.nodes, undefined, name)
    if (node === undefined || textOf(specOf(node)['podCIDR']) !== '') return
    const used = new Set(loop.store.list(kinds.nodes).map((each) => textOf(specOf(each)['podCIDR'])))
    for (let start = first; start < first + size; start += step) {
      const cidr = `${addressText(start)}/${nodeBits}`
      if (used.has(cidr)) continue
      const next = copy(node)
      next['spec'] = { ...member(next, 'spec'), podCIDR: cidr, podCIDRs: [cidr] }
      loop.store.update(kinds.nodes, next, loop.writes)
      return
    }
    recordEvent(
      loop,
      { object: node, apiVersion: 'v1', kind: 'Node' },
      { type: 'Normal', reason: 'CIDRNotAvailable', message: `Node ${name} status is now: CIDRNotAvailable` },
    )
  })
  return loop.watch(kinds.nodes, (event) => event.object.metadata.name)
}

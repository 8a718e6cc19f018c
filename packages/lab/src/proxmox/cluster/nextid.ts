import { die, parameterError } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { readOptionFields } from './options.ts'

/** The next free id for a guest. Nothing is reserved. */
export const nextIdHandlers: Handlers = {
  'GET /cluster/nextid': (call) => {
    const { world } = call
    const isTaken = (vmid: number): boolean => world.vms.has(vmid) || world.cluster.containers.has(vmid)
    const wanted = call.optional('vmid')
    if (wanted !== undefined)
      return isTaken(Number(wanted)) ? parameterError({ vmid: `VM ${wanted} already exists` }) : wanted
    const range = readOptionFields(world.cluster.datacenter['next-id'])
    const lower = Number(range['lower'] ?? 100)
    const upper = Number(range['upper'] ?? 1_000_000)
    for (let vmid = lower; vmid < upper; vmid++) if (!isTaken(vmid)) return String(vmid)
    return die(`unable to get any free VMID in range [${lower}, ${upper}]`)
  },
}

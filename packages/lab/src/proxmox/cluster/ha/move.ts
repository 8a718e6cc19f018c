import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { managedGuest, sidOf } from './managed.ts'
import { moveResource } from './manager.ts'

/** Moves of resources to another host: `migrate` keeps a VM running meanwhile, `relocate` stops it and starts it there. */
export const haMoveHandlers: Handlers = {
  'POST /cluster/ha/resources/{sid}/migrate': (call) => move(call, true),
  'POST /cluster/ha/resources/{sid}/relocate': (call) => move(call, false),
}

async function move(call: Call, online: boolean): Promise<unknown> {
  const { world } = call
  const sid = sidOf(call, call.text('sid'))
  const node = call.text('node')
  if (!world.cluster.haResources.has(sid) || managedGuest(world, sid) === undefined)
    return die(`no such resource '${sid}'`)
  if (!world.hosts.has(node)) return die(`node '${node}' does not exist`)
  await moveResource(call, sid, node, online)
  return { sid, 'requested-node': node }
}

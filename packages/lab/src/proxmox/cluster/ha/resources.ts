import { die } from '../../api-error.ts'
import type { Handlers } from '../../handler.ts'
import { sectionHandlers, type SectionFile } from '../../sections.ts'
import { pursue, soon } from './manager.ts'
import { dropFromRules, forgetFailures, managedGuest, sidOf } from './managed.ts'

const resourceFile: SectionFile = {
  list: '/cluster/ha/resources',
  id: 'sid',
  idOf: (call) => sidOf(call, call.text('sid')),
  sections: ({ cluster }) => cluster.haResources,
  lock: 'ha_resources_cfg',
  noun: 'resource',
  exists: (sid) => die(`resource ID '${sid}' already defined`),
  missing: (sid) => die(`no such resource '${sid}'`),
  passedOver: ['type', 'purge'],
  facts: (_, sid) => ({ type: sid.split(':')[0] }),
  sees: (call, sid) => [undefined, sid.split(':')[0]].includes(call.optional('type')),
  changed: (call, sid, section) => {
    forgetFailures(call.world, sid)
    if (section !== undefined) soon(call, () => pursue(call, sid))
    else if (call.flag('purge', true)) dropFromRules(call.world, sid)
  },
}

const resources = sectionHandlers(resourceFile)

/** Resources: guests that are to run, or not, whatever happens to their hosts. */
export const haResourceHandlers: Handlers = {
  ...resources,
  'POST /cluster/ha/resources': (call) => {
    const sid = resourceFile.idOf?.(call) ?? ''
    if (managedGuest(call.world, sid) === undefined) die(`resource '${sid}' does not exist in cluster`)
    return resources['POST /cluster/ha/resources']?.(call)
  },
  'DELETE /cluster/ha/resources/{sid}': (call) => {
    const sid = resourceFile.idOf?.(call) ?? ''
    if (!call.world.cluster.haResources.has(sid)) die(`cannot delete service '${sid}', not HA managed!`)
    return resources['DELETE /cluster/ha/resources/{sid}']?.(call)
  },
}

import { die } from '../../api-error.ts'
import type { Handlers } from '../../handler.ts'

const refuse = (what: string) => (): never => die(`cannot ${what}: ha groups have been migrated to rules`)

/** What rules have taken the place of: version 9 refuses all of it. */
export const haGroupHandlers: Handlers = {
  'GET /cluster/ha/groups': refuse('index groups'),
  'POST /cluster/ha/groups': refuse('create group'),
  'GET /cluster/ha/groups/{group}': refuse('read group'),
  'PUT /cluster/ha/groups/{group}': refuse('update group'),
  'DELETE /cluster/ha/groups/{group}': refuse('delete group'),
}

import type { Handlers } from '../../handler.ts'
import { haGroupHandlers } from './groups.ts'
import { haMoveHandlers } from './move.ts'
import { haResourceHandlers } from './resources.ts'
import { haRuleHandlers } from './rules.ts'
import { haStatusHandlers } from './status.ts'

/** Guests that the cluster keeps running. The lab keeps lists and rules, and moves guests when it is told; its manager does nothing by itself. */
export const haHandlers: Handlers = {
  'GET /cluster/ha': () => ['status', 'resources', 'groups', 'rules'].map((id) => ({ id })),
  ...haGroupHandlers,
  ...haMoveHandlers,
  ...haResourceHandlers,
  ...haRuleHandlers,
  ...haStatusHandlers,
}

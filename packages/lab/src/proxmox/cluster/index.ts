import type { Handlers } from '../handler.ts'
import { acmeHandlers } from './acme/handlers.ts'
import { configHandlers } from './config/handlers.ts'
import { haHandlers } from './ha/index.ts'
import { clusterIndex } from './indexes.ts'
import { metricHandlers } from './metrics.ts'
import { nextIdHandlers } from './nextid.ts'
import { optionsHandlers } from './options.ts'
import { listResources } from './resources.ts'
import { statusHandlers } from './status.ts'
import { clusterTasks } from './tasks.ts'

/** What belongs to the cluster and not to one host. */
export const clusterHandlers: Handlers = {
  ...acmeHandlers,
  ...clusterIndex,
  ...configHandlers,
  ...haHandlers,
  ...metricHandlers,
  ...nextIdHandlers,
  ...optionsHandlers,
  ...statusHandlers,
  'GET /cluster/resources': listResources,
  'GET /cluster/tasks': clusterTasks,
}

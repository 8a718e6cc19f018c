import { accessHandlers } from './access/index.ts'
import { backupHandlers } from './backup/handlers.ts'
import { throughManager } from './cluster/ha/requests.ts'
import { clusterHandlers } from './cluster/index.ts'
import { firewallHandlers } from './firewall/index.ts'
import type { Handlers } from './handler.ts'
import { jobHandlers } from './jobs/handlers.ts'
import { lxcHandlers } from './lxc/index.ts'
import { mappingHandlers } from './mapping/handlers.ts'
import { nodeHandlers } from './nodes/index.ts'
import { notificationHandlers } from './notifications/handlers.ts'
import { poolHandlers } from './pools/index.ts'
import { qemuHandlers } from './qemu/index.ts'
import { replicationHandlers } from './replication/handlers.ts'
import { sdnHandlers } from './sdn/index.ts'
import { shellHandlers } from './shells/handlers.ts'
import { statisticsHandlers } from './statistics/handlers.ts'
import { storageHandlers } from './storage/index.ts'
import { taskHandlers } from './tasks/index.ts'

/** Everything that the emulated API answers, by area. */
export const proxmoxHandlers: Handlers = {
  ...accessHandlers,
  ...backupHandlers,
  ...clusterHandlers,
  ...firewallHandlers,
  ...jobHandlers,
  ...throughManager(lxcHandlers),
  ...mappingHandlers,
  ...nodeHandlers,
  ...notificationHandlers,
  ...poolHandlers,
  ...throughManager(qemuHandlers),
  ...replicationHandlers,
  ...sdnHandlers,
  ...shellHandlers,
  ...statisticsHandlers,
  ...storageHandlers,
  ...taskHandlers,
}

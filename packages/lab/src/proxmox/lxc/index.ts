import type { Handlers } from '../handler.ts'
import { cloneContainerHandlers } from './clone.ts'
import { containerConfigHandlers } from './config/read.ts'
import { containerUpdateHandlers } from './config/update.ts'
import { createContainerHandlers } from './create.ts'
import { destroyContainerHandlers } from './destroy.ts'
import { containerDiskHandlers } from './disk.ts'
import { migrateContainerHandlers } from './migrate.ts'
import { containerPowerHandlers } from './power.ts'
import { containerSnapshotHandlers } from './snapshot/handlers.ts'
import { containerStatusHandlers } from './status.ts'

/** Containers: their life, without programs that run in them. */
export const lxcHandlers: Handlers = {
  ...cloneContainerHandlers,
  ...containerConfigHandlers,
  ...containerDiskHandlers,
  ...containerPowerHandlers,
  ...containerSnapshotHandlers,
  ...containerStatusHandlers,
  ...containerUpdateHandlers,
  ...createContainerHandlers,
  ...destroyContainerHandlers,
  ...migrateContainerHandlers,
}

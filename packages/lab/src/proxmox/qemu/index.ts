import type { Handlers } from '../handler.ts'
import { agentHandlers } from './agent/handlers.ts'
import { cloneHandlers } from './clone/clone.ts'
import { cloudInitHandlers } from './cloudinit/handlers.ts'
import { configReadHandlers } from './config/read.ts'
import { configUpdateHandlers } from './config/update.ts'
import { consoleHandlers } from './console/handlers.ts'
import { createHandlers } from './create.ts'
import { destroyHandlers } from './destroy.ts'
import { moveHandlers } from './disk/move.ts'
import { resizeHandlers } from './disk/resize.ts'
import { featureHandlers } from './feature.ts'
import { migrateHandlers } from './migrate/handlers.ts'
import { remoteMigrateHandlers } from './migrate/remote.ts'
import { tunnelHandlers } from './migrate/tunnel.ts'
import { monitorHandlers } from './monitor.ts'
import { startHandlers } from './power/start.ts'
import { stopHandlers } from './power/stop.ts'
import { suspendHandlers } from './power/suspend.ts'
import { snapshotHandlers } from './snapshot/handlers.ts'
import { statusHandlers } from './status/handlers.ts'
import { templateHandlers } from './template.ts'

/** Everything about virtual machines that the emulated API answers. */
export const qemuHandlers: Handlers = {
  ...agentHandlers,
  ...cloneHandlers,
  ...cloudInitHandlers,
  ...configReadHandlers,
  ...configUpdateHandlers,
  ...consoleHandlers,
  ...createHandlers,
  ...destroyHandlers,
  ...featureHandlers,
  ...migrateHandlers,
  ...remoteMigrateHandlers,
  ...tunnelHandlers,
  ...monitorHandlers,
  ...moveHandlers,
  ...resizeHandlers,
  ...snapshotHandlers,
  ...startHandlers,
  ...statusHandlers,
  ...stopHandlers,
  ...suspendHandlers,
  ...templateHandlers,
}

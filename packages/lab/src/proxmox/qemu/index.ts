import type { Handlers } from '../handler.ts'
import { cloneHandlers } from './clone/clone.ts'
import { cloudInitHandlers } from './cloudinit/handlers.ts'
import { configReadHandlers } from './config/read.ts'
import { configUpdateHandlers } from './config/update.ts'
import { createHandlers } from './create.ts'
import { destroyHandlers } from './destroy.ts'
import { startHandlers } from './power/start.ts'
import { stopHandlers } from './power/stop.ts'
import { suspendHandlers } from './power/suspend.ts'

/** Everything about virtual machines that the emulated API answers. */
export const qemuHandlers: Handlers = {
  ...cloneHandlers,
  ...cloudInitHandlers,
  ...configReadHandlers,
  ...configUpdateHandlers,
  ...createHandlers,
  ...destroyHandlers,
  ...startHandlers,
  ...stopHandlers,
  ...suspendHandlers,
}

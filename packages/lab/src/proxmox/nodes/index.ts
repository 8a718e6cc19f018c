import type { Handlers } from '../handler.ts'
import { aptHandlers } from './apt.ts'
import { capabilityHandlers } from './capabilities.ts'
import { bulkHandlers } from './bulk.ts'
import { certificateHandlers } from './certificates.ts'
import { nodeConfigHandlers } from './config.ts'
import { nodeIndex } from './indexes.ts'
import { networkHandlers } from './network.ts'
import { powerHandlers } from './power.ts'
import { nodeStatusHandlers } from './status.ts'

/** Hosts. */
export const nodeHandlers: Handlers = {
  ...aptHandlers,
  ...bulkHandlers,
  ...capabilityHandlers,
  ...certificateHandlers,
  ...networkHandlers,
  ...nodeConfigHandlers,
  ...nodeIndex,
  ...nodeStatusHandlers,
  ...powerHandlers,
}

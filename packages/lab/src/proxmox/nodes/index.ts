import type { Handlers } from '../handler.ts'
import { capabilityHandlers } from './capabilities.ts'
import { bulkHandlers } from './bulk.ts'
import { nodeConfigHandlers } from './config.ts'
import { nodeIndex } from './indexes.ts'
import { networkHandlers } from './network.ts'
import { rrdHandlers } from './rrd.ts'
import { nodeStatusHandlers } from './status.ts'

/** Hosts. */
export const nodeHandlers: Handlers = {
  ...bulkHandlers,
  ...capabilityHandlers,
  ...networkHandlers,
  ...nodeConfigHandlers,
  ...nodeIndex,
  ...nodeStatusHandlers,
  ...rrdHandlers,
}

import type { Handlers } from '../handler.ts'
import { acmeCertificateHandlers } from './acme.ts'
import { aptHandlers } from './apt.ts'
import { capabilityHandlers } from './capabilities.ts'
import { bulkHandlers } from './bulk.ts'
import { cephHandlers } from '../ceph/handlers.ts'
import { certificateHandlers } from './certificates.ts'
import { nodeConfigHandlers } from './config.ts'
import { diskHandlers } from './disks/handlers.ts'
import { hostFileHandlers } from './host-files.ts'
import { nodeIndex } from './indexes.ts'
import { logHandlers } from './logs.ts'
import { networkHandlers } from './network.ts'
import { powerHandlers } from './power.ts'
import { reportHandlers } from './report.ts'
import { repositoryHandlers } from './repositories.ts'
import { scanHandlers } from './scan.ts'
import { serviceHandlers } from './services.ts'
import { nodeStatusHandlers } from './status.ts'
import { subscriptionHandlers } from './subscription.ts'
import { templateHandlers } from './templates.ts'

/** Hosts. */
export const nodeHandlers: Handlers = {
  ...acmeCertificateHandlers,
  ...aptHandlers,
  ...bulkHandlers,
  ...capabilityHandlers,
  ...cephHandlers,
  ...certificateHandlers,
  ...diskHandlers,
  ...hostFileHandlers,
  ...logHandlers,
  ...networkHandlers,
  ...nodeConfigHandlers,
  ...nodeIndex,
  ...nodeStatusHandlers,
  ...powerHandlers,
  ...reportHandlers,
  ...repositoryHandlers,
  ...scanHandlers,
  ...serviceHandlers,
  ...subscriptionHandlers,
  ...templateHandlers,
}

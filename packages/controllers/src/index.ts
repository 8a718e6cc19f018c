// The public surface: the controllers, and what a front door or a test needs of their parts.
export {
  installationOf,
  NotInstalledError,
  startControllers,
  type ControllersConfig,
  type RunningControllers,
} from './start.ts'
export { CredentialsError, readAccess, type Access } from './proxmox-cluster/connect.ts'
export { revisionOf } from './revision.ts'
// What `fochista pool plan` shows is what the controllers decide.
export { planPool, type FieldPlan, type PoolPlan } from './node-pool/plan.ts'
export { wayOf } from './node-pool/rollout.ts'
export { versionRefusal } from './node-pool/version.ts'
export { askedOf } from './node-pool/way.ts'
export type { Logger } from './runtime/logger.ts'
export type { Clock } from './runtime/clock.ts'
export { buildSeedImage, instanceIdOf, renderSeed, type SeedInput } from './bootstrap/index.ts'
// What `fochista doctor` asks as the controllers do.
export { missingRights, rightsNeeded } from './proxmox-cluster/rights.ts'
export { fencePool, LEASE_NAME as CONTROLLERS_LEASE } from './proxmox-cluster/fence.ts'
export { poolNameOf } from './proxmox-cluster/connections.ts'
export { templatesOf } from './placement/templates.ts'
export { createHealth } from './health/health.ts'
export { serveHealth } from './health/server.ts'

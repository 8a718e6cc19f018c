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
export type { Logger } from './runtime/logger.ts'
export type { Clock } from './runtime/clock.ts'
export { buildSeedImage, instanceIdOf, renderSeed, type SeedInput } from './bootstrap/index.ts'

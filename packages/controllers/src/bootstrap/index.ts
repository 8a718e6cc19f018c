export { BootstrapError } from './error.ts'
export { buildIso, type IsoFile, type IsoOptions } from './iso9660.ts'
export type { KubeletJoin } from './kubelet.ts'
export { splitLabels, type SplitLabels } from './labels.ts'
export type { SeedNetwork } from './network.ts'
export type { PackageSource } from './packages/files.ts'
export type { RegistryMirror } from './registry-mirror.ts'
export {
  buildSeedImage,
  instanceIdOf,
  renderSeed,
  type Seed,
  type SeedExtras,
  type SeedFile,
  type SeedInput,
  type SeedUser,
} from './seed.ts'

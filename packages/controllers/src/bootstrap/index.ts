export { buildIso, type IsoFile, type IsoOptions } from './iso9660.ts'
export { splitLabels, type SplitLabels } from './labels.ts'
export type { KubeletJoin } from './kubelet.ts'
export type { SeedNetwork } from './network.ts'
export {
  buildSeedImage,
  renderSeed,
  type Seed,
  type SeedExtras,
  type SeedFile,
  type SeedInput,
  type SeedUser,
} from './seed.ts'

export { startLab } from './lab.ts'
export type { Lab, LabOptions } from './lab.ts'
export { PortInUseError } from './errors.ts'

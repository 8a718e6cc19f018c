import { ANNOTATION_DEFAULT_CLASS } from './names.ts'
import type { MachineClass } from './resources/machine-class.ts'

/** The class of pools that name none: the one marked as the default; of several the newest, as with StorageClasses. */
export function defaultClassOf(classes: readonly MachineClass[]): MachineClass | undefined {
  return classes
    .filter(({ metadata }) => metadata.annotations?.[ANNOTATION_DEFAULT_CLASS] === 'true')
    .sort((a, b) => (b.metadata.creationTimestamp ?? '').localeCompare(a.metadata.creationTimestamp ?? ''))[0]
}

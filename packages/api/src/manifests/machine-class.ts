import { ANNOTATION_DEFAULT_CLASS, API_VERSION } from '../names.ts'
import { machineClassKind, type MachineClass } from '../resources/machine-class.ts'

/** What a class's manifest is made from: the spec, a name, and whether it is the default. */
export interface MachineClassOptions extends Omit<MachineClass['spec'], never> {
  readonly name: string
  /** Marks it as the class of pools that name none. @default false */
  readonly isDefault?: boolean
}

/** A MachineClass. */
export function machineClassManifest({
  name,
  isDefault = false,
  ...spec
}: MachineClassOptions): MachineClass {
  return {
    apiVersion: API_VERSION,
    kind: machineClassKind.kind,
    metadata: { name, ...(isDefault ? { annotations: { [ANNOTATION_DEFAULT_CLASS]: 'true' } } : {}) },
    // What is undefined must not stand in the manifest: server-side apply would own a null.
    spec: JSON.parse(JSON.stringify(spec)) as MachineClass['spec'],
  }
}

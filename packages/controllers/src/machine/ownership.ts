import { parseMark, type Mark } from '@fochista/api'
import { parsePropertyString } from '@fochista/proxmox'
import type { VmConfig } from '../proxmox-cluster/hypervisor.ts'
import type { MachineContext } from './context.ts'

/** Whose the VM is. */
export type Owner =
  /** It bears our mark, or our SMBIOS UUID. */
  | { readonly owner: 'us'; readonly mark: Mark | undefined }
  /** Somebody else's, or of an operation that has not said yet whose. */
  | { readonly owner: 'other'; readonly what: string }
  /** A clone that runs: its description is not written yet. */
  | { readonly owner: 'undecided' }

/** Judges a VM by its configuration (machines.md 1): once the SMBIOS UUID is set it decides, before that the mark does. */
export function ownerOf(context: MachineContext, config: VmConfig): Owner {
  const { machine, world, namespace } = context
  const mark = parseMark(config.description)
  if (smbiosUuid(config) === machine.spec.id) return { owner: 'us', mark }
  if (
    mark &&
    mark.installation === world.installation &&
    mark.namespace === namespace &&
    mark.machine === machine.metadata.name &&
    mark.id === machine.spec.id
  )
    // A clone made by a person copies the mark of a finished VM; ours says `building` until it has the SMBIOS UUID.
    return mark.building
      ? { owner: 'us', mark }
      : { owner: 'other', what: 'a copy of our VM that a person made' }
  if (mark)
    return {
      owner: 'other',
      what:
        mark.installation === world.installation
          ? `a VM of machine ${mark.namespace}/${mark.machine}`
          : 'a VM of another installation',
    }
  if (config.lock === 'clone' || config.lock === 'create') return { owner: 'undecided' }
  return { owner: 'other', what: `"${config.name ?? 'a VM'}", which bears no mark of ours` }
}

/** UUID of the VM's SMBIOS, lower case. */
export function smbiosUuid(config: VmConfig | undefined): string | undefined {
  const { uuid } = parsePropertyString('smbios1', config?.smbios1 ?? '')
  return typeof uuid === 'string' ? uuid.toLowerCase() : undefined
}

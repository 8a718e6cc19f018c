import type { MachineClass } from '@fochista/api'
import { age } from '../../output.ts'
import { pools } from '../pool/resource.ts'
import type { Resource } from '../resources.ts'

const isDefault = (machineClass: MachineClass): boolean =>
  machineClass.metadata.annotations?.['machineclass.fochista.dev/is-default-class'] === 'true'

/** MachineClasses on the command line. */
export const classes: Resource<MachineClass> = {
  noun: 'class',
  example: 'small',
  kind: async () => (await import('@fochista/api')).machineClassKind,
  columns: [
    { heading: 'NAME', cell: (item) => `${item.metadata.name}${isDefault(item) ? ' (default)' : ''}` },
    { heading: 'PROXMOX', cell: (item) => item.spec.proxmoxClusterName },
    { heading: 'CORES', cell: (item) => item.spec.cores?.default, right: true },
    { heading: 'MEMORY', cell: (item) => item.spec.memory?.default, right: true },
    { heading: 'DISK', cell: (item) => item.spec.disk?.default, right: true },
    { heading: 'STORAGE', cell: (item) => item.spec.storage },
    {
      heading: 'TEMPLATE',
      cell: (item) =>
        item.spec.template.name ?? item.spec.template.vmid ?? item.spec.template.tags?.join(','),
      wide: true,
    },
    { heading: 'AGE', cell: (item) => age(item.metadata.creationTimestamp), right: true },
  ],
  whyNotDelete: async (context, machineClass) => {
    const { machineClassCan } = await import('@fochista/api')
    const { items } = await (await context.kubernetes()).list(await pools.kind())
    return machineClassCan.delete.reason(machineClass, items)
  },
}

import type { Machine } from '@fochista/api'
import { age } from '../../output.ts'
import type { Resource } from '../resources.ts'
import { stepOf } from './timeline.ts'

/** Machines on the command line. */
export const machines: Resource<Machine> = {
  noun: 'machine',
  kind: async () => (await import('@fochista/api')).machineKind,
  columns: [
    { heading: 'NAME', cell: (machine) => machine.metadata.name },
    { heading: 'POOL', cell: (machine) => machine.spec.nodePoolName },
    { heading: 'STEP', cell: (machine) => stepOf(machine).state },
    { heading: 'VMID', cell: (machine) => machine.spec.vmid, right: true },
    { heading: 'HOST', cell: (machine) => machine.status?.node ?? machine.spec.host },
    { heading: 'NODE', cell: (machine) => machine.status?.nodeName },
    {
      heading: 'ADDRESSES',
      cell: (machine) => machine.spec.addresses?.map((address) => address.address).join(','),
      wide: true,
    },
    { heading: 'PROVIDER-ID', cell: (machine) => machine.status?.providerID, wide: true },
    { heading: 'AGE', cell: (machine) => age(machine.metadata.creationTimestamp), right: true },
    { heading: 'WAITS FOR', cell: (machine) => stepOf(machine).detail, wide: true },
  ],
}

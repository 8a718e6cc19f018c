import type { Machine } from '@fochista/api'
import { tr } from '../../locale.ts'
import { age } from '../../output.ts'
import type { Resource } from '../resources.ts'
import { stepOf } from './timeline.ts'

/** Machines on the command line. */
export const machines: Resource<Machine> = {
  noun: 'machine',
  example: 'workers-x7k2',
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
      cell: ({ spec, status }) =>
        (status?.addresses ?? spec.addresses?.map(({ address }) => address))?.join(','),
      wide: true,
    },
    { heading: 'PROVIDER-ID', cell: (machine) => machine.status?.providerID, wide: true },
    { heading: 'AGE', cell: (machine) => age(machine.metadata.creationTimestamp), right: true },
    {
      heading: 'WAITS FOR',
      cell: (machine) =>
        stepOf(machine).style === 'ready'
          ? machine.status?.conditions?.find(({ reason }) => reason === 'ShapeDiffers')?.message
          : stepOf(machine).detail,
      wide: true,
    },
  ],
  deleteNote: ({ spec: { nodePoolName } }) =>
    tr(
      `Its pool makes another one in its place; to have fewer: fochista pool scale ${nodePoolName} --replicas N`,
      `Il suo pool ne crea un’altra al suo posto; per averne meno: fochista pool scale ${nodePoolName} --replicas N`,
    ),
}

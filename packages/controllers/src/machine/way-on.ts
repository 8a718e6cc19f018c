import type { Machine } from '@fochista/api'

/** How a person says which namespace they mean; nothing for the one that is meant anyway. */
const namespaceOf = ({ metadata: { namespace = 'default' } }: Machine): string =>
  namespace === 'default' ? '' : ` --namespace ${namespace}`

/** The command that replaces all machines of its pool which are there now, as a person can copy it from a message. */
export const rolloutCommand = (machine: Machine): string =>
  `\`fochista pool rollout ${machine.spec.nodePoolName}${namespaceOf(machine)}\``

/** A command of ours on a machine, as a person can copy it from a message. */
export const commandOn = (machine: Machine, verb: 'release' | 'delete', ...flags: string[]): string =>
  `\`${['fochista machine', verb, machine.metadata.name, ...flags].join(' ')}${namespaceOf(machine)}\``

/** The command that puts an annotation on a machine, likewise. */
export const annotateCommand = (machine: Machine, annotation: string): string =>
  `kubectl annotate machine ${machine.metadata.name} ${annotation}${namespaceOf(machine)}`

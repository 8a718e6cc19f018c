import {
  ANNOTATION_RESHAPE,
  getCondition,
  isTrue,
  MACHINE_STEPS,
  type Machine,
  type MachineStep,
} from '@fochista/api'

const names: Readonly<Record<MachineStep, string>> = {
  Placed: 'Pending',
  Cloned: 'Cloning',
  Configured: 'Configuring',
  Seeded: 'Seeding',
  Started: 'Starting',
  Joined: 'Joining',
  Ready: 'NotReady',
}

/** The summary that people see in a list. No code reads it. */
export function phaseOf(machine: Machine): string {
  if (machine.metadata.deletionTimestamp) return 'Deleting'
  const step = MACHINE_STEPS.find((one) => !isTrue(machine, one))
  if (step === undefined) return 'Ready'
  if (getCondition(machine, step)?.reason === 'Paused') return 'Paused'
  return machine.metadata.annotations?.[ANNOTATION_RESHAPE] === undefined ? names[step] : 'Reshaping'
}

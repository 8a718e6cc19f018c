import type { Fault } from '@fochista/lab'
import { command } from '../../../command.ts'
import { tr } from '../../../locale.ts'
import { callLab, formatOption, printFaults } from './endpoint.ts'

/** `fochista lab fault list`: what was asked for, and how often it struck. */
export const labFaultList = command({
  path: 'lab fault list',
  summary: tr('List the faults of the running lab', 'Elenca i guasti del lab in esecuzione'),
  options: { output: formatOption },
  examples: ['fochista lab fault list', 'fochista lab fault list -o json'],
  run: async (context, _args, options) => {
    const { faults } = (await callLab(context, 'GET', '/faults')) as { faults: Fault[] }
    if (faults.length === 0 && options.output === 'table') context.io.note(tr('No faults.', 'Nessun guasto.'))
    else printFaults(context.io, options.output, faults)
  },
})

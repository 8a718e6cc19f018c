import { command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { exportLines, readLabRecord } from './environment-file.ts'

/** `fochista lab env`: the running lab's environment, as lines for a shell. */
export const labEnv = command({
  path: 'lab env',
  summary: tr('Print the environment of the running lab', 'Mostra l’ambiente del lab in esecuzione'),
  examples: ['eval "$(fochista lab env)"'],
  run: async ({ io }) => {
    for (const line of exportLines((await readLabRecord()).environment)) io.out(line)
  },
})

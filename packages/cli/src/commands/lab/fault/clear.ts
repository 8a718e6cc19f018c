import { choice, command } from '../../../command.ts'
import { tr } from '../../../locale.ts'
import { callLab } from './endpoint.ts'

/** `fochista lab fault clear [ID …]`: what went wrong is right again. */
export const labFaultClear = command({
  path: 'lab fault clear [ids...]',
  summary: tr(
    'End faults of the running lab: some, or all',
    'Termina guasti del lab in esecuzione: alcuni, o tutti',
  ),
  options: {
    output: choice(
      '-o, --output <format>',
      tr('how to print', 'come mostrare'),
      ['text', 'json'] as const,
      'text',
    ),
  },
  examples: ['fochista lab fault clear', 'fochista lab fault clear 3 4'],
  run: async (context, args, options) => {
    const ids = args['ids'] ? args['ids'].split('\u0000') : []
    let cleared = 0
    for (const path of ids.length === 0 ? ['/faults'] : ids.map((id) => `/faults/${encodeURIComponent(id)}`))
      cleared += ((await callLab(context, 'DELETE', path)) as { cleared: number }).cleared
    if (options.output === 'json') return context.io.out(JSON.stringify({ cleared }))
    context.io.out(tr(`${cleared} cleared`, `${cleared} terminati`))
  },
})

import { command, flag, integer, text, textOr } from '../command.ts'
import { UsageError } from '../errors.ts'
import { tr } from '../locale.ts'
import { untilAborted } from '../wait.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error']

/** `fochista serve`: the controllers, until a signal. They read only ProxmoxClusters: there is no second source of truth. */
export const serve = command({
  path: 'serve',
  summary: tr('Run the controllers', 'Esegue i controller'),
  options: {
    identity: textOr(
      '--identity <name>',
      tr('name in the leader election Lease', 'nome nella Lease di elezione del leader'),
      '',
    ),
    noLeaderElection: flag(
      '--no-leader-election',
      tr('do not take the Lease (one process only)', 'non prende la Lease (un solo processo)'),
    ),
    concurrency: integer('--concurrency <n>', tr('machines worked on at once', 'macchine trattate insieme'), {
      min: 1,
      max: 256,
    }),
    logFile: text(
      '--log-file <file>',
      tr(
        'write the log there instead of standard error',
        'scrive il log in questo file invece che su standard error',
      ),
    ),
    logLevel: textOr(
      '--log-level <level>',
      tr(`one of ${levels.join(', ')}`, `uno fra ${levels.join(', ')}`),
      'info',
    ),
  },
  examples: ['fochista serve', 'fochista serve --log-level debug'],
  run: async (context, _args, options) => {
    if (!levels.includes(options.logLevel)) {
      throw new UsageError(
        `--log-level: "${options.logLevel}" ${tr('is not one of', 'non è uno fra')} ${levels.join(', ')}`,
      )
    }
    const [{ startControllers }, { pino }, { hostname }] = await Promise.all([
      import('@fochista/controllers'),
      import('pino'),
      import('node:os'),
    ])
    const logger = pino(
      { level: options.logLevel },
      options.logFile
        ? pino.destination({ dest: options.logFile, sync: false })
        : pino.destination({ fd: 2, sync: false }),
    )
    const controllers = await startControllers({
      kubernetes: await context.kubernetes(),
      identity: options.identity || `${hostname()}-${process.pid}`,
      leaderElection: !options.noLeaderElection,
      concurrency: options.concurrency,
      logger,
    })
    context.io.note(
      tr('The controllers run. Ctrl-C stops them.', 'I controller sono in esecuzione. Ctrl-C li ferma.'),
    )
    try {
      await Promise.race([untilAborted(context.signal), controllers.done])
    } finally {
      await controllers.stop()
    }
  },
})
